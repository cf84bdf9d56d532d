import type { ConsumerOptions, KafkaOptions, ProducerOptions } from '@hearken/client-kafkajs';
import type { BatchProperties, RepliesOptions } from '@hearken/listener';
import type { PriorityBuffer, PriorityContainerProperties } from '@hearken/priority';
import type { EndpointProperties, EndpointSettings } from '../endpoint/kafka-listener-endpoint.js';
import type { TextKind } from './environment-text.js';

/** Whatever a listener may be told beside its id and its code. A factory has it for many containers. */
export type ContainerSettings = EndpointProperties & Omit<EndpointSettings, 'id' | 'containerFactory'>;

/** Of one container, by id. null takes away what the decorator and the factory say. */
export type ContainerOverrides = {
  readonly [Name in keyof ContainerSettings]?: ContainerSettings[Name] | null | undefined;
} & {
  /** The name of one of `factories`. @default what the listener says, or 'default' */
  readonly containerFactory?: string | null | undefined;
};

/** What a plain container does not know. */
export const PRIORITY_ONLY: readonly string[] = [
  'levels',
  'naming',
  'capacity',
  'policy',
  'starvation',
  'quotaDistributor',
  'buffer',
  'starvedAfterMs',
  'stalledAfterMs',
] satisfies readonly (keyof PriorityContainerProperties)[];

/** What a container with levels does not take. */
export const PLAIN_ONLY: readonly string[] = [
  'topicPattern',
  'topicPartitions',
  'concurrency',
  'taskExecutor',
  'bufferRecords',
  'bufferBytes',
] satisfies readonly (keyof ContainerSettings)[];

/** Only one of each can hold: whoever sets one, overrules the others. */
export const ALTERNATIVES: readonly (readonly string[])[] = [
  ['topics', 'topicPattern', 'topicPartitions'],
  ['concurrency', 'taskExecutor'],
];

/** Settings that are objects of settings: each of theirs has an origin of its own. */
type Nested = 'batch' | 'buffer' | 'consumer';

/** Every setting of a container that is not nested, and what a variable's text is to be. */
const OWN_SETTINGS = {
  ackCount: 'number',
  ackMode: 'text',
  ackTimeMs: 'number',
  assignmentCommitOption: 'text',
  authRetryIntervalMs: 'number',
  autoStartup: 'boolean',
  blockedEndedRatio: 'number',
  blockedSpanRatio: 'number',
  bufferBytes: 'number',
  bufferRecords: 'number',
  capacity: 'number',
  clientIdSuffix: 'text',
  cluster: 'text',
  commitBefore: 'boolean',
  commitIntervalMs: 'number',
  commitMetadata: 'none',
  commitTimeoutMs: 'number',
  concurrency: 'number',
  containerFactory: 'text',
  errorHandler: 'none',
  filter: 'none',
  groupId: 'text',
  handlerTimeoutMs: 'number',
  idleEventIntervalMs: 'number',
  idlePartitionEventIntervalMs: 'number',
  keySelector: 'none',
  keySerde: 'none',
  levels: 'number',
  maxPartitionBufferShare: 'number',
  maxPollRecords: 'number',
  middleware: 'none',
  missingTopicsFatal: 'boolean',
  monitorIntervalMs: 'number',
  naming: 'none',
  noProgressTimeoutMs: 'number',
  nullKey: 'text',
  offsetMap: 'boolean',
  offsetMapIntervalMs: 'number',
  onFatal: 'text',
  ordering: 'text',
  parking: 'none',
  phase: 'number',
  policy: 'text',
  pollTimeoutMs: 'number',
  quotaDistributor: 'none',
  rebalanceListener: 'none',
  restartBackOff: 'none',
  revokeDrainTimeoutMs: 'number',
  shed: 'none',
  shutdownTimeoutMs: 'number',
  stalledAfterMs: 'number',
  startTimeoutMs: 'number',
  starvation: 'text',
  starvedAfterMs: 'number',
  syncCommits: 'boolean',
  taskExecutor: 'none',
  topicPartitions: 'none',
  topicPattern: 'pattern',
  topics: 'list',
  valueSerde: 'none',
  windowRecords: 'number',
  yieldAfterMs: 'number',
} as const satisfies Record<Exclude<keyof ContainerOverrides, Nested>, TextKind>;

/** Of a consumer, for the same purpose. */
export const CONSUMER_OPTIONS = {
  autoOffsetReset: 'text',
  checkCrcs: 'boolean',
  fetchMaxBytes: 'number',
  fetchMaxWaitMs: 'number',
  fetchMinBytes: 'number',
  groupId: 'text',
  groupInstanceId: 'text',
  heartbeatIntervalMs: 'number',
  isolationLevel: 'text',
  maxPartitionFetchBytes: 'number',
  maxPollIntervalMs: 'number',
  maxPollRecords: 'number',
  metadataMaxAgeMs: 'number',
  partitionAssignors: 'list',
  requestTimeoutMs: 'number',
  sessionTimeoutMs: 'number',
} as const satisfies Record<keyof ConsumerOptions, TextKind>;

const NESTED_SETTINGS: Readonly<Record<Nested, Readonly<Record<string, TextKind>>>> = {
  batch: { maxRecords: 'number', lingerMs: 'number', by: 'text' } satisfies Record<keyof BatchProperties, TextKind>,
  buffer: { records: 'number', bytes: 'number' } satisfies Record<keyof PriorityBuffer, TextKind>,
  consumer: CONSUMER_OPTIONS,
};

/** The same options in an object of that name. */
export function prefixed(
  name: string,
  options: Readonly<Record<string, TextKind>>,
): Readonly<Record<string, TextKind>> {
  return Object.fromEntries(Object.entries(options).map(([option, kind]) => [`${name}.${option}`, kind]));
}

export const isNested = (name: string): name is Nested => Object.hasOwn(NESTED_SETTINGS, name);

const ALL: Readonly<Record<string, TextKind>> = Object.fromEntries([
  ...Object.entries(OWN_SETTINGS),
  ...Object.entries(NESTED_SETTINGS).flatMap(([name, options]) => Object.entries(prefixed(name, options))),
]);

const without = (names: readonly string[]): Readonly<Record<string, TextKind>> =>
  Object.fromEntries(Object.entries(ALL).filter(([path]) => !names.includes(path.split('.')[0] ?? path)));

/** Every setting by its path, `concurrency` or `consumer.maxPollRecords`: of a container with levels. */
export const PRIORITY_OPTIONS = without(PLAIN_ONLY);

/** Of one without: `bufferRecords` and `buffer.records` are one name in upper case, so nobody has both. */
export const PLAIN_OPTIONS = without(PRIORITY_ONLY.filter((name) => name !== 'levels'));

/** Of a factory, which makes both. */
export const FACTORY_OPTIONS = without(['buffer']);

/** The names on the first level. */
export const SETTING_NAMES: readonly string[] = [...Object.keys(OWN_SETTINGS), ...Object.keys(NESTED_SETTINGS)];

/** Of producers. */
export const PRODUCER_OPTIONS = {
  acks: 'scalar',
  allowAutoTopicCreation: 'boolean',
  batchSizeBytes: 'number',
  bufferMemoryBytes: 'number',
  compression: 'text',
  deliveryTimeoutMs: 'number',
  idempotent: 'boolean',
  lingerMs: 'number',
  maxBlockMs: 'number',
  maxRequestBytes: 'number',
  maxWaitingRecords: 'number',
  metadataMaxAgeMs: 'number',
  partitioner: 'text',
  requestTimeoutMs: 'number',
} as const satisfies Record<keyof ProducerOptions, TextKind>;

/** Of a cluster, and of SASL with a name and a password. */
export const CLUSTER_OPTIONS = {
  authenticationTimeout: 'number',
  bootstrapTimeoutMs: 'number',
  brokers: 'list',
  clientId: 'text',
  clock: 'none',
  connectionTimeout: 'number',
  logger: 'none',
  reauthenticationThreshold: 'number',
  requestTimeout: 'number',
  sasl: 'none',
  socketFactory: 'none',
  ssl: 'boolean',
} as const satisfies Record<keyof KafkaOptions, TextKind>;

export const SASL_OPTIONS: Readonly<Record<string, TextKind>> = {
  'sasl.mechanism': 'text',
  'sasl.username': 'text',
  'sasl.password': 'text',
};

/** Of the replies of a template that asks. */
const REPLIES_OPTIONS = {
  errorChecker: 'none',
  groupPrefix: 'text',
  keySerde: 'none',
  maxPending: 'number',
  timeoutMs: 'number',
  topic: 'text',
  valueSerde: 'none',
} as const satisfies Record<keyof RepliesOptions, TextKind>;

/** Of templates. */
export const TEMPLATE_OPTIONS: Readonly<Record<string, TextKind>> = {
  autoFlush: 'boolean',
  cluster: 'text',
  defaultPriority: 'scalar',
  defaultTopic: 'text',
  outOfRange: 'text',
  priorityHeader: 'boolean',
  unequalPartitions: 'text',
  ...prefixed('producer', PRODUCER_OPTIONS),
  ...prefixed('consumer', CONSUMER_OPTIONS),
  ...prefixed('replies', REPLIES_OPTIONS),
};
