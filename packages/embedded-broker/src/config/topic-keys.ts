import { atLeast, atMost, key, oneOf, only, type ConfigKey } from './config-key.js';

/** One broker configuration that tells a topic configuration's default. */
export interface BrokerSynonym {
  readonly key: ConfigKey;
  /** What a value is multiplied with: `log.retention.hours` counts in hours. */
  readonly factor: number;
}

export interface TopicKey {
  readonly key: ConfigKey;
  /** The first that has a value counts. */
  readonly synonyms: readonly BrokerSynonym[];
}

const LONG_MAX = '9223372036854775807';
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** The broker's has the same type, default and rules. */
const topicKey = (key: ConfigKey, brokerName?: string): TopicKey => ({
  key,
  synonyms: brokerName === undefined ? [] : [{ key: { ...key, name: brokerName }, factor: 1 }],
});

/** A time that brokers are told in one of several units; the last of them has the default. */
const time = (topic: ConfigKey, inUnits: Readonly<Record<string, number>>): TopicKey => ({
  key: topic,
  synonyms: Object.entries(inUnits).map(([name, factor], i, { length }) => {
    const defaultValue = i === length - 1 && factor > 1 ? Number(topic.defaultValue) / factor : null;
    return { key: key(factor === 1 ? 'long' : 'int', name, defaultValue, topic.problemOf), factor };
  }),
});

/** What the broker goes by. */
const OBEYED: readonly TopicKey[] = [
  // `compact` makes a record without a key invalid; nothing is compacted, as in Kafka nothing is while a segment is open.
  topicKey(key('list', 'cleanup.policy', 'delete', oneOf('compact', 'delete')), 'log.cleanup.policy'),
  topicKey(key('int', 'max.message.bytes', 1_048_588, atLeast(0)), 'message.max.bytes'),
  topicKey(key('long', 'message.timestamp.after.max.ms', HOUR_MS, atLeast(0)), 'log.message.timestamp.after.max.ms'),
  topicKey(key('long', 'message.timestamp.before.max.ms', LONG_MAX, atLeast(0)), 'log.message.timestamp.before.max.ms'),
  topicKey(
    key('string', 'message.timestamp.type', 'CreateTime', oneOf('CreateTime', 'LogAppendTime')),
    'log.message.timestamp.type',
  ),
  topicKey(key('int', 'min.insync.replicas', 1, atLeast(1)), 'min.insync.replicas'),
  topicKey(key('long', 'retention.bytes', -1), 'log.retention.bytes'),
];

const COMPRESSIONS = ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'];

/** What would change the answers, and is not done: only the value that asks for nothing is taken. */
const REFUSED: readonly TopicKey[] = [
  topicKey(
    key(
      'string',
      'compression.type',
      'producer',
      oneOf(...COMPRESSIONS),
      only('producer', 'batches are kept as they were sent'),
    ),
    'compression.type',
  ),
  topicKey(key('boolean', 'remote.storage.enable', false, only('false', 'there is no tiered storage'))),
];

const throttledReplicas = (name: string): ConfigKey =>
  key('list', name, '', (value) =>
    /^(?:\*|\d+:\d+)$/.test(value)
      ? undefined
      : `${name} must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...`,
  );

/** About files, cleaning and replication, of which there are none: kept and shown, and without effect. */
const WITHOUT_EFFECT: readonly TopicKey[] = [
  // Kafka looks for old records each five minutes, a test's life: nothing is deleted by age here.
  time(key('long', 'retention.ms', 604_800_000, atLeast(-1)), {
    'log.retention.ms': 1,
    'log.retention.minutes': MINUTE_MS,
    'log.retention.hours': HOUR_MS,
  }),
  topicKey(
    key('int', 'compression.gzip.level', -1, (level) =>
      level === '-1' || (Number(level) >= 1 && Number(level) <= 9)
        ? undefined
        : 'Value must be between 1 and 9 or equal to -1',
    ),
    'compression.gzip.level',
  ),
  topicKey(key('int', 'compression.lz4.level', 9, atLeast(1), atMost(17)), 'compression.lz4.level'),
  topicKey(key('int', 'compression.zstd.level', 3, atLeast(-131_072), atMost(22)), 'compression.zstd.level'),
  topicKey(key('long', 'delete.retention.ms', 86_400_000, atLeast(0)), 'log.cleaner.delete.retention.ms'),
  topicKey(key('long', 'file.delete.delay.ms', 60_000, atLeast(0)), 'log.segment.delete.delay.ms'),
  topicKey(key('long', 'flush.messages', LONG_MAX, atLeast(1)), 'log.flush.interval.messages'),
  time(key('long', 'flush.ms', LONG_MAX, atLeast(0)), { 'log.flush.interval.ms': 1 }),
  topicKey(throttledReplicas('follower.replication.throttled.replicas')),
  topicKey(key('int', 'index.interval.bytes', 4_096, atLeast(0)), 'log.index.interval.bytes'),
  topicKey(throttledReplicas('leader.replication.throttled.replicas')),
  topicKey(key('long', 'local.retention.bytes', -2, atLeast(-2)), 'log.local.retention.bytes'),
  topicKey(key('long', 'local.retention.ms', -2, atLeast(-2)), 'log.local.retention.ms'),
  topicKey(key('long', 'max.compaction.lag.ms', LONG_MAX, atLeast(1)), 'log.cleaner.max.compaction.lag.ms'),
  topicKey(key('double', 'min.cleanable.dirty.ratio', 0.5, atLeast(0), atMost(1)), 'log.cleaner.min.cleanable.ratio'),
  topicKey(key('long', 'min.compaction.lag.ms', 0, atLeast(0)), 'log.cleaner.min.compaction.lag.ms'),
  topicKey(key('boolean', 'preallocate', false), 'log.preallocate'),
  topicKey(key('boolean', 'remote.log.copy.disable', false)),
  topicKey(key('boolean', 'remote.log.delete.on.disable', false)),
  topicKey(key('int', 'segment.bytes', 1_073_741_824, atLeast(1_048_576)), 'log.segment.bytes'),
  topicKey(key('int', 'segment.index.bytes', 10_485_760, atLeast(4)), 'log.index.size.max.bytes'),
  time(key('long', 'segment.jitter.ms', 0, atLeast(0)), { 'log.roll.jitter.ms': 1, 'log.roll.jitter.hours': HOUR_MS }),
  time(key('long', 'segment.ms', 604_800_000, atLeast(1)), { 'log.roll.ms': 1, 'log.roll.hours': HOUR_MS }),
  topicKey(key('boolean', 'unclean.leader.election.enable', false), 'unclean.leader.election.enable'),
];

/** Every topic configuration of Kafka 4.1, in the order in which they are shown. */
export const TOPIC_KEYS: ReadonlyMap<string, TopicKey> = new Map(
  [...OBEYED, ...REFUSED, ...WITHOUT_EFFECT]
    .sort((one, other) => (one.key.name < other.key.name ? -1 : 1))
    .map((topicKey) => [topicKey.key.name, topicKey]),
);
