import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BrokerConfig, type ConfigTexts } from '../../dist/config/broker-config.js';
import { configSources } from '../../dist/config/config-entry.js';
import { TopicConfig } from '../../dist/config/topic-config.js';
import { refused } from '../refused.js';

const entryOf = (config: TopicConfig | BrokerConfig, name: string) =>
  config.describe().find((entry) => entry.name === name)!;

describe('TopicConfig', () => {
  it("goes by what is set for the topic, then altered or started brokers, then Kafka's default", () => {
    const text = fc.option(fc.integer({ min: 1, max: 9 }).map(String), { nil: undefined });
    const of = (name: string, value: string | undefined): ConfigTexts => (value === undefined ? {} : { [name]: value });
    fc.assert(
      fc.property(text, text, text, (own, altered, started) => {
        const broker = new BrokerConfig(of('message.max.bytes', started));
        broker.alter(of('message.max.bytes', altered));
        const topic = new TopicConfig(broker, of('max.message.bytes', own));

        const { topic: ofTopic, dynamicDefaultBroker, staticBroker, default: ofDefault } = configSources;
        const layers = [
          { name: 'max.message.bytes', value: own, source: ofTopic },
          { name: 'message.max.bytes', value: altered, source: dynamicDefaultBroker },
          { name: 'message.max.bytes', value: started, source: staticBroker },
          { name: 'message.max.bytes', value: '1048588', source: ofDefault },
        ].filter(({ value }) => value !== undefined);
        const { value, source, synonyms } = entryOf(topic, 'max.message.bytes');
        assert.deepEqual(synonyms, layers);
        assert.deepEqual([value, source], [layers[0]!.value, layers[0]!.source]);
        assert.equal(topic.maxMessageBytes, Number(value));
      }),
    );
  });

  it('is read anew: what is altered counts at once', () => {
    const broker = new BrokerConfig();
    const topic = new TopicConfig(broker);
    assert.deepEqual([topic.retentionBytes, topic.minInsyncReplicas, topic.timestampType], [-1, 1, 'CreateTime']);
    broker.alter({ 'log.retention.bytes': '5', 'min.insync.replicas': '2' });
    topic.alter({ 'message.timestamp.type': 'LogAppendTime', 'message.timestamp.after.max.ms': '7' });
    assert.deepEqual([topic.retentionBytes, topic.minInsyncReplicas, topic.timestampType], [5, 2, 'LogAppendTime']);
    assert.equal(topic.timestampAfterMaxMs, 7);
    broker.alter({});
    assert.equal(topic.retentionBytes, -1);
  });

  it('tells what cleanup.policy means', () => {
    const meaning = (policy: string) => {
      const { compacted, deletes } = new TopicConfig(new BrokerConfig(), { 'cleanup.policy': policy });
      return { compacted, deletes };
    };
    assert.deepEqual(meaning('delete'), { compacted: false, deletes: true });
    assert.deepEqual(meaning('compact'), { compacted: true, deletes: false });
    assert.deepEqual(meaning('compact, delete'), { compacted: true, deletes: true });
    assert.deepEqual(meaning(''), { compacted: false, deletes: false });
  });

  it('takes a time from the broker in the finest unit that it was told', () => {
    const retention = (started: ConfigTexts) =>
      entryOf(new TopicConfig(new BrokerConfig(started)), 'retention.ms').value;
    assert.equal(retention({}), '604800000');
    assert.equal(retention({ 'log.retention.hours': '2' }), '7200000');
    assert.equal(retention({ 'log.retention.hours': '2', 'log.retention.minutes': '3' }), '180000');
    assert.equal(retention({ 'log.retention.minutes': '3', 'log.retention.ms': '4' }), '4');
    assert.equal(retention({ 'log.retention.hours': '-1' }), '-1');
  });

  it("refuses, in Kafka's words, and then nothing has changed", () => {
    const topic = new TopicConfig(new BrokerConfig(), { 'retention.ms': '5' });
    assert.throws(
      () => topic.alter({ 'foo.bar': '1' }),
      refused('INVALID_CONFIG', 'Unknown topic config name: foo.bar'),
    );
    // The broker's name of it is none for a topic.
    assert.throws(() => topic.alter({ 'log.retention.ms': '1' }), /Unknown topic config name: log.retention.ms/);
    assert.throws(
      () => topic.alter({ 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' }),
      refused('INVALID_CONFIG', 'conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)'),
    );
    assert.deepEqual(topic.overrides, { 'retention.ms': '5' });
  });

  it('only looks when it is told to', () => {
    const topic = new TopicConfig(new BrokerConfig());
    topic.alter({ 'retention.bytes': '5' }, { validateOnly: true });
    assert.throws(() => topic.alter({ foo: '5' }, { validateOnly: true }), refused('INVALID_CONFIG'));
    assert.deepEqual(topic.overrides, {});
  });
});

describe('BrokerConfig', () => {
  it('has what the coordinators go by', () => {
    const started = {
      'group.min.session.timeout.ms': '10',
      'group.max.size': '3',
      'transaction.max.timeout.ms': '77',
      'num.partitions': '12',
      'auto.create.topics.enable': 'False',
    };
    const config = new BrokerConfig(started);
    assert.deepEqual(config.groups, {
      minSessionTimeoutMs: 10,
      maxSessionTimeoutMs: 1_800_000,
      initialRebalanceDelayMs: 0,
      maxGroupSize: 3,
      offsetMetadataMaxBytes: 4096,
    });
    assert.deepEqual(config.transactions, { maxTimeoutMs: 77, idExpirationMs: 604_800_000 });
    assert.deepEqual([config.partitions, config.autoCreateTopics, config.deleteTopics], [12, false, true]);
  });

  it('refuses a name that it does not obey, and a wrong value', () => {
    for (const name of ['foo', 'retention.ms', 'offsets.retention.minutes', 'log.dirs']) {
      const message = `the embedded broker has no configuration '${name}'`;
      assert.throws(() => new BrokerConfig({ [name]: '1' }), refused('INVALID_CONFIG', message));
    }
    assert.throws(() => new BrokerConfig({ 'num.partitions': '0' }), refused('INVALID_CONFIG'));
  });

  it('changes in a running broker what Kafka changes', () => {
    const config = new BrokerConfig({ 'log.retention.bytes': '5' });
    for (const name of ['num.partitions', 'log.retention.hours']) {
      const message = `Cannot update these configs dynamically: Set(${name})`;
      assert.throws(() => config.alter({ [name]: '3' }), refused('INVALID_REQUEST', message));
    }
    assert.throws(() => config.alter({ 'message.max.bytes': 'x' }), refused('INVALID_REQUEST'));
    assert.throws(() => config.alter({ foo: '3' }), refused('INVALID_CONFIG'));
    assert.deepEqual(config.describeOverrides(), []);

    config.alter({ 'log.retention.bytes': '9' });
    const [{ name, value, source, synonyms }] = config.describeOverrides() as [ReturnType<typeof entryOf>];
    assert.deepEqual([name, value, source, synonyms.length], ['log.retention.bytes', '9', 3, 1]);
    assert.deepEqual(
      entryOf(config, 'log.retention.bytes').synonyms.map((one) => one.value),
      ['9', '5', '-1'],
    );
  });

  it('shows which can be changed', () => {
    assert.equal(entryOf(new BrokerConfig(), 'num.partitions').readOnly, true);
    assert.equal(entryOf(new BrokerConfig(), 'message.max.bytes').readOnly, false);
  });
});
