import {
  defaultLogger,
  systemClock,
  type Clock,
  type ConsumerFactory,
  type Logger,
  type TaskExecutor,
} from '@hearken/core';
import {
  callable,
  custom,
  describe,
  durationMs,
  boolean,
  hasMethods,
  integer,
  oneOf,
  OptionsCheck,
  positive,
  text,
  type OptionRules,
} from '@hearken/core/internal';
import { isIndex, isTopicPartition } from './arguments.js';
import type { BatchProperties } from './batch-listener.js';
import { checkPairs, checkWithFactory } from './check-pairs.js';
import type { AssignedPartition, ContainerDependencies, ContainerProperties } from './container-properties.js';
import type { BackOff } from './failure/back-off.js';
import { backOffProblem, DefaultErrorHandler } from './failure/default-error-handler.js';
import type { ErrorHandler } from './failure/error-handler.js';
import { PARKING_RULES, type ParkingProperties } from './parking/parking-properties.js';
import { DEFAULT_RESTART_BACK_OFF, type OnFatal } from './restart-policy.js';
import { SHED_RULES, type ResolvedShedProperties } from './shed/shed-properties.js';

/** Never undefined once resolved. */
type Present =
  | 'middleware'
  | 'ordering'
  | 'nullKey'
  | 'concurrency'
  | 'ackMode'
  | 'ackTimeMs'
  | 'syncCommits'
  | 'commitBefore'
  | 'commitIntervalMs'
  | 'commitTimeoutMs'
  | 'assignmentCommitOption'
  | 'offsetMap'
  | 'offsetMapIntervalMs'
  | 'bufferBytes'
  | 'maxPartitionBufferShare'
  | 'windowRecords'
  | 'blockedSpanRatio'
  | 'blockedEndedRatio'
  | 'pollTimeoutMs'
  | 'startTimeoutMs'
  | 'shutdownTimeoutMs'
  | 'revokeDrainTimeoutMs'
  | 'errorHandler'
  | 'missingTopicsFatal'
  | 'monitorIntervalMs'
  | 'noProgressTimeoutMs'
  | 'onFatal'
  | 'restartBackOff'
  | 'yieldAfterMs';

/** As the user wrote them. */
export type Written = ContainerProperties<unknown, unknown>;

/** Each as it should be, for itself, with its default. */
export type Checked = { readonly [Name in keyof Written]-?: Written[Name] | undefined } & Required<
  Pick<Written, Present>
>;

/** The properties with defaults, as the container reads them. */
export type ResolvedContainerProperties = Omit<Checked, 'batch' | 'shed' | 'parking'> & {
  readonly batch: Required<BatchProperties>;
  readonly shed: ResolvedShedProperties | undefined;
  readonly parking: Required<ParkingProperties> | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly groupId: string | undefined;
};

/** A list that is not empty, and the first entry in it that is wrong. */
const listOf =
  (what: string, isOne: (value: unknown) => boolean) =>
  (value: unknown): string | undefined => {
    if (!Array.isArray(value) || value.length === 0) return `must be a list of ${what}, got ${describe(value)}`;
    const wrong = value.findIndex((one) => !isOne(one));
    return wrong < 0 ? undefined : `must be a list of ${what}, number ${wrong} is ${describe(value[wrong])}`;
  };

const topicNames = listOf('topic names', (name) => typeof name === 'string' && name !== '');

const assignedPartitions = listOf(
  `{ topic, partition, offset? } with numbers from 0, offset also 'beginning', 'end' or { timestamp }`,
  (value) => {
    const { offset = 0 } = (value ?? {}) as Partial<AssignedPartition>;
    return isTopicPartition(value) && isStartOffset(offset);
  },
);

const isStartOffset = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return value === 'beginning' || value === 'end' || isIndex(value);
  return isIndex((value as { timestamp?: unknown }).timestamp);
};

/** Without its numbers a container would wait for a free slot for ever. */
const executor = (value: unknown): string | undefined => {
  const { concurrency, available } = (value ?? {}) as Partial<TaskExecutor>;
  const isOne = hasMethods(value, ['execute', 'onAvailable']);
  return isOne && typeof concurrency === 'number' && typeof available === 'number'
    ? undefined
    : `must be a TaskExecutor with execute, onAvailable and the numbers concurrency and available, got ${describe(value)}`;
};

const listenerWith =
  (method: string) =>
  (value: unknown): string | undefined =>
    typeof value === 'function' || hasMethods(value, [method])
      ? undefined
      : `must be a function or have the method ${method}, got ${describe(value)}`;

const functions = (value: unknown): string | undefined =>
  Array.isArray(value) && value.every((one) => typeof one === 'function')
    ? undefined
    : `must be a list of functions, got ${describe(value)}`;

const rebalanceListener = (value: unknown): string | undefined => {
  const names = ['onPartitionsAssigned', 'onPartitionsRevoked', 'onPartitionsLost'] as const;
  const given = (value ?? {}) as Partial<Record<string, unknown>>;
  const known = names.filter((name) => given[name] !== undefined);
  return known.length > 0 && known.every((name) => typeof given[name] === 'function')
    ? undefined
    : `must have methods among ${names.join(', ')}, got ${describe(value)}`;
};

const ACK_MODES = ['record', 'batch', 'count', 'time', 'count-time', 'manual', 'manual-immediate'] as const;

const RULES: OptionRules<Checked> = {
  topics: custom<Written['topics']>(undefined, topicNames),
  topicPattern: custom<Written['topicPattern']>(undefined, (value) =>
    value instanceof RegExp ? undefined : `must be a RegExp, got ${describe(value)}`,
  ),
  topicPartitions: custom<Written['topicPartitions']>(undefined, assignedPartitions),
  groupId: text(undefined),
  listener: custom<Written['listener']>(undefined, listenerWith('onMessage')),
  batchListener: custom<Written['batchListener']>(undefined, listenerWith('onBatch')),
  batch: custom<Written['batch']>(undefined, () => undefined), // by rules of its own
  parking: custom<Written['parking']>(undefined, () => undefined), // likewise
  filter: callable(),
  middleware: custom<NonNullable<Written['middleware']>>([], functions),
  keySerde: callable('serialize', 'deserialize'),
  valueSerde: callable('serialize', 'deserialize'),
  ordering: oneOf(['partition', 'key', 'none'], 'partition'),
  nullKey: oneOf(['unordered', 'partition', 'single'], 'unordered'),
  keySelector: callable(),
  concurrency: integer(1, { min: 1 }),
  taskExecutor: custom<Written['taskExecutor']>(undefined, executor),
  ackMode: oneOf(ACK_MODES, 'batch'),
  ackCount: integer(undefined, { min: 1 }),
  ackTimeMs: durationMs(5_000, { min: 1 }),
  syncCommits: boolean(false),
  commitBefore: boolean(false),
  commitIntervalMs: durationMs(100),
  commitTimeoutMs: durationMs(60_000, { min: 1 }),
  assignmentCommitOption: oneOf(['always', 'never'], 'always'),
  commitMetadata: callable(),
  offsetMap: boolean(false),
  offsetMapIntervalMs: durationMs(1_000, { min: 1 }),
  bufferRecords: integer(undefined),
  bufferBytes: integer(64 * 1024 * 1024, { min: 1 }),
  maxPartitionBufferShare: positive(0.75, { max: 1 }),
  windowRecords: integer(100_000, { min: 1 }),
  blockedSpanRatio: positive(0.9, { max: 1 }),
  blockedEndedRatio: positive(0.98, { max: 1 }),
  shed: custom<Written['shed']>(undefined, () => undefined), // by rules of its own
  maxPollRecords: integer(undefined, { min: 1 }),
  pollTimeoutMs: durationMs(5_000, { min: 1 }),
  startTimeoutMs: durationMs(60_000, { min: 1 }),
  shutdownTimeoutMs: durationMs(10_000),
  revokeDrainTimeoutMs: durationMs(20_000),
  rebalanceListener: custom<Written['rebalanceListener']>(undefined, rebalanceListener),
  errorHandler: custom<ErrorHandler>(new DefaultErrorHandler(), (value) =>
    hasMethods(value, ['decide']) ? undefined : `must have the method decide, got ${describe(value)}`,
  ),
  handlerTimeoutMs: durationMs(undefined, { min: 1 }),
  idleEventIntervalMs: durationMs(undefined, { min: 1 }),
  idlePartitionEventIntervalMs: durationMs(undefined, { min: 1 }),
  monitorIntervalMs: durationMs(30_000, { min: 1 }),
  noProgressTimeoutMs: durationMs(300_000, { min: 1 }),
  missingTopicsFatal: boolean(false),
  onFatal: custom<OnFatal>('stop', (value) =>
    value === 'stop' || value === 'restart' || typeof value === 'function'
      ? undefined
      : `must be 'stop', 'restart' or a function, got ${describe(value)}`,
  ),
  restartBackOff: custom<BackOff>(DEFAULT_RESTART_BACK_OFF, backOffProblem),
  authRetryIntervalMs: durationMs(undefined, { min: 1 }),
  clientIdSuffix: text(undefined),
  yieldAfterMs: durationMs(1, { min: 1 }),
};

const BATCH_RULES: OptionRules<Required<BatchProperties>> = {
  maxRecords: integer(500, { min: 1 }),
  lingerMs: durationMs(0),
  by: oneOf(['key', 'any'], 'key'),
};

const DEPENDENCY_RULES: OptionRules<Required<ContainerDependencies>> = {
  clock: { ...callable<Clock>('now', 'monotonic', 'setTimer'), default: systemClock },
  logger: { ...callable<Logger>('debug', 'info', 'warn', 'error'), default: defaultLogger },
};

/** @throws KafkaConfigError that names every problem of all three */
export function resolveContainerProperties(
  given: unknown,
  factory: ConsumerFactory,
  dependencies?: ContainerDependencies,
): ResolvedContainerProperties {
  const check = new OptionsCheck('MessageListenerContainer');
  if (!hasMethods(factory, ['createConsumer'])) {
    check.problem('consumerFactory', `must have the method createConsumer, got ${describe(factory)}`);
  }
  const properties = check.resolve<Checked>(given, RULES);
  const { clock, logger } = check.resolve(dependencies, DEPENDENCY_RULES, 'dependencies');
  const batch = check.resolve(properties.batch, BATCH_RULES, 'batch');
  const shed = properties.shed && check.resolve<ResolvedShedProperties>(properties.shed, SHED_RULES, 'shed');
  const parking =
    properties.parking && check.resolve<Required<ParkingProperties>>(properties.parking, PARKING_RULES, 'parking');
  checkPairs(check, properties, given ?? {}, batch.maxRecords);
  if (check.isFine('consumerFactory')) checkWithFactory(check, properties, given ?? {}, factory);
  check.throwIfAny();
  return Object.freeze({
    ...properties,
    batch,
    shed,
    parking,
    clock,
    logger,
    groupId: properties.groupId ?? factory.groupId,
  });
}
