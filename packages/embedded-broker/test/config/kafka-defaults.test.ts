import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { BrokerConfig } from '../../dist/config/broker-config.js';
import { BROKER_KEYS } from '../../dist/config/broker-keys.js';
import { TopicConfig } from '../../dist/config/topic-config.js';
import { TOPIC_KEYS } from '../../dist/config/topic-keys.js';

/** What Kafka's own code says: see Configs.java. */
interface KafkaConfig {
  readonly of: 'topic' | 'broker';
  readonly name: string;
  readonly type: string;
  readonly defaultValue: string | null;
  /** The broker's name of a topic's. */
  readonly synonym?: string | null;
}

const kafka = readFileSync(new URL('../../test/config/kafka-4.1-configs.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as KafkaConfig);
const [ofTopics, ofBrokers] = (['topic', 'broker'] as const).map((of) => kafka.filter((config) => config.of === of));

/** Where tests would have to wait with Kafka's own. */
const OTHER_DEFAULTS = new Map([['group.initial.rebalance.delay.ms', '0']]);

describe("Kafka's configurations", () => {
  it('are all there for topics, of its types, with its defaults', () => {
    const ours = new TopicConfig(new BrokerConfig()).describe();
    assert.deepEqual(
      ours.map(({ name, type, value }) => ({ name, type, value })),
      ofTopics!.map(({ name, type, defaultValue }) => ({ name, type, value: defaultValue })),
    );
  });

  it('of topics have the synonyms of its brokers', () => {
    for (const { name, synonym } of ofTopics!) {
      assert.equal(TOPIC_KEYS.get(name)!.synonyms[0]?.key.name ?? null, synonym, name);
    }
  });

  it('are there for brokers as far as they are obeyed, of its types, with its defaults', () => {
    const byName = new Map(ofBrokers!.map((config) => [config.name, config]));
    for (const { key } of BROKER_KEYS.values()) {
      const { type, defaultValue } = byName.get(key.name)!;
      assert.deepEqual([key.type, key.defaultValue], [type, OTHER_DEFAULTS.get(key.name) ?? defaultValue], key.name);
    }
  });
});
