import { atLeast, key, type ConfigKey } from './config-key.js';
import { TOPIC_KEYS } from './topic-keys.js';

export interface BrokerKey {
  readonly key: ConfigKey;
  /** Whether Kafka changes it while the broker runs. */
  readonly dynamic: boolean;
}

const fixed = (key: ConfigKey): BrokerKey => ({ key, dynamic: false });

const OWN: readonly BrokerKey[] = [
  fixed(key('boolean', 'auto.create.topics.enable', true)),
  fixed(key('int', 'default.replication.factor', 1)),
  fixed(key('boolean', 'delete.topic.enable', true)),
  fixed(key('int', 'fetch.max.bytes', 57_671_680, atLeast(1_024))),
  // 3 000 in Kafka: a test would wait for it each time a group begins.
  fixed(key('int', 'group.initial.rebalance.delay.ms', 0, atLeast(0))),
  fixed(key('int', 'group.max.session.timeout.ms', 1_800_000)),
  fixed(key('int', 'group.max.size', 2_147_483_647, atLeast(1))),
  fixed(key('int', 'group.min.session.timeout.ms', 6_000)),
  fixed(key('int', 'num.partitions', 1, atLeast(1))),
  fixed(key('int', 'offset.metadata.max.bytes', 4_096)),
  fixed(key('int', 'producer.id.expiration.ms', 86_400_000, atLeast(1))),
  fixed(key('int', 'transaction.max.timeout.ms', 900_000, atLeast(1))),
  fixed(key('int', 'transactional.id.expiration.ms', 604_800_000, atLeast(1))),
];

/** Those in minutes and hours cannot be changed in a running Kafka. */
const ofTopics: readonly BrokerKey[] = [...TOPIC_KEYS.values()].flatMap(({ synonyms }) =>
  synonyms.map(({ key, factor }) => ({ key, dynamic: factor === 1 })),
);

/** The broker configurations that there are here: those that the broker goes by, and defaults of topics. */
export const BROKER_KEYS: ReadonlyMap<string, BrokerKey> = new Map(
  [...OWN, ...ofTopics]
    .sort((one, other) => (one.key.name < other.key.name ? -1 : 1))
    .map((brokerKey) => [brokerKey.key.name, brokerKey]),
);
