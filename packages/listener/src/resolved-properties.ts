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
  text,
  type OptionRules,
} from '@hearken/core/internal';
import { isIndex, isTopicPartition } from './arguments.js';
import type { BatchProperties } from './batch-listener.js';
import type { AssignedPartition, ContainerDependencies, ContainerProperties } from './container-properties.js';
import type { BackOff } from './failure/back-off.js';
import { backOffProblem, DefaultErrorHandler } from './failure/default-error-handler.js';
import type { ErrorHandler } from './failure/error-handler.js';
import { DEFAULT_RESTART_BACK_OFF, type OnFatal } from './restart-policy.js';

/** Never undefined once resolved. */
type Present =
  | 'middleware'
  | 'ordering'
  | 'concurrency'
  | 'ackMode'
  | 'ackTimeMs'
  | 'syncCommits'
  | 'commitBefore'
  | 'commitIntervalMs'
  | 'commitTimeoutMs'
  | 'assignmentCommitOption'
  | 'windowRecords'
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

type Written = ContainerProperties<unknown, unknown>;
type Checked = { readonly [Name in keyof Written]-?: Written[Name] | undefined } & Required<Pick<Written, Present>>;

/** The properties with defaults, as the container reads them. */
export type ResolvedContainerProperties = Omit<Checked, 'batch'> & {
  readonly batch: Required<BatchProperties>;
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
  filter: callable(),
  middleware: custom<NonNullable<Written['middleware']>>([], functions),
  keySerde: callable('serialize', 'deserialize'),
  valueSerde: callable('serialize', 'deserialize'),
  ordering: oneOf(['partition', 'key', 'none'], 'partition'),
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
  bufferRecords: integer(undefined),
  windowRecords: integer(100_000, { min: 1 }),
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
  checkListeners(check, properties, batch.maxRecords);
  checkPairs(check, properties, given ?? {});
  if (check.isFine('consumerFactory')) checkWithFactory(check, properties, given ?? {}, factory);
  check.throwIfAny();
  return Object.freeze({
    ...properties,
    batch,
    clock,
    logger,
    groupId: properties.groupId ?? factory.groupId,
  });
}

function checkListeners(check: OptionsCheck, properties: Checked, maxRecords: number): void {
  const { listener, batchListener, batch, bufferRecords, windowRecords, commitBefore } = properties;
  if ((listener === undefined) === (batchListener === undefined)) {
    const got = listener === undefined ? 'none' : 'both';
    check.problem('listener', `exactly one of listener and batchListener is needed, got ${got}`);
  }
  if (batchListener === undefined) {
    if (batch !== undefined) check.problem('batch', 'needs a batchListener');
    return;
  }
  for (const [name, records] of Object.entries({ bufferRecords, windowRecords }))
    if (records !== undefined && records < maxRecords)
      check.problem(name, `must hold a batch (batch.maxRecords, ${maxRecords}), got ${records}`);
  if (commitBefore)
    check.problem(
      'commitBefore',
      'cannot go with a batchListener: what a failure leaves of a batch would never be processed; use a listener',
    );
}

function checkPairs(check: OptionsCheck, properties: Checked, written: Partial<Written>): void {
  const sources = (['topics', 'topicPattern', 'topicPartitions'] as const).filter(
    (name) => written[name] !== undefined,
  );
  if (sources.length !== 1) {
    const got = sources.length === 0 ? 'none' : sources.join(' and ');
    check.problem('topics', `exactly one of topics, topicPattern and topicPartitions is needed, got ${got}`);
  }
  if (properties.missingTopicsFatal && written.topics === undefined) {
    check.problem('missingTopicsFatal', 'needs topics: a pattern names none, and of topicPartitions each has to exist');
  }
  if (written.restartBackOff !== undefined && properties.onFatal === 'stop') {
    check.problem('restartBackOff', `needs onFatal: 'restart' or a function`);
  }
  if (written.concurrency !== undefined && written.taskExecutor !== undefined) {
    check.problem('taskExecutor', 'cannot go with concurrency: the executor says how many listeners run at once');
  }
  checkAcks(check, properties, written);
  if (properties.commitBefore) checkCommitBefore(check, written);
}

/** A setting that does nothing in this mode is a misunderstanding of one of both. */
function checkAcks(check: OptionsCheck, { ackMode, ...properties }: Checked, written: Partial<Written>): void {
  if (!check.isFine('ackMode')) return;
  const counts = ackMode === 'count' || ackMode === 'count-time';
  const keepsTime = ackMode === 'time' || ackMode === 'count-time';
  if (properties.syncCommits && ackMode !== 'record' && !properties.commitBefore)
    check.problem('syncCommits', `needs ackMode: 'record', got '${ackMode}'`);
  if (counts && properties.ackCount === undefined) check.problem('ackCount', `is required with ackMode: '${ackMode}'`);
  if (!counts && properties.ackCount !== undefined)
    check.problem('ackCount', `needs ackMode: 'count' or 'count-time', got '${ackMode}'`);
  if (!keepsTime && written.ackTimeMs !== undefined)
    check.problem('ackTimeMs', `needs ackMode: 'time' or 'count-time', got '${ackMode}'`);
  if (ackMode === 'time' && written.commitIntervalMs !== undefined)
    check.problem('commitIntervalMs', `cannot go with ackMode: 'time', where ackTimeMs says how far commits are apart`);
  if (ackMode === 'manual-immediate' && written.commitIntervalMs !== undefined)
    check.problem('commitIntervalMs', `cannot go with ackMode: 'manual-immediate', which commits at once`);
}

function checkCommitBefore(check: OptionsCheck, { ackMode = 'record', ordering, ...written }: Partial<Written>): void {
  if (ackMode !== 'record')
    check.problem(
      'commitBefore',
      `needs ackMode: 'record', or none: a record is committed before it starts, got '${ackMode}'`,
    );
  if (ordering === 'key') {
    const why = 'a commit covers all records below it, also those that wait for their key and have not started';
    check.problem('commitBefore', `cannot go with ordering: 'key': ${why}; use 'partition' or 'none'`);
  }
  for (const name of ['syncCommits', 'commitIntervalMs'] as const)
    if (written[name] !== undefined && written[name] !== false)
      check.problem(name, 'cannot go with commitBefore, where each record waits for its own commit');
}

function checkWithFactory(
  check: OptionsCheck,
  properties: Checked,
  written: Partial<Written>,
  { groupId, maxPollIntervalMs }: ConsumerFactory,
): void {
  const hasGroup = properties.groupId !== undefined || groupId !== undefined;
  if (!hasGroup && written.topicPartitions === undefined) {
    check.problem('groupId', 'is required, here or at the factory, unless topicPartitions are given');
  }
  for (const name of ['syncCommits', 'commitBefore', 'commitMetadata'] as const)
    if (!hasGroup && properties[name]) check.problem(name, 'needs a groupId: there is nowhere to commit to');
  for (const name of ['shutdownTimeoutMs', 'revokeDrainTimeoutMs'] as const) {
    if (properties[name] >= maxPollIntervalMs) {
      check.problem(
        name,
        `must be below the factory's maxPollIntervalMs (${maxPollIntervalMs}), got ${properties[name]}`,
      );
    }
  }
}
