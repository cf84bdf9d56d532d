import {
  defaultLogger,
  systemClock,
  type Bytes,
  type Clock,
  type ConsumerFactory,
  type Logger,
  type Serde,
  type TaskExecutor,
  type TopicPartition,
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
  required,
  text,
  type OptionRules,
} from '@hearken/core/internal';
import { isIndex, isTopicPartition } from './arguments.js';
import type { Ordering } from './dispatch/lanes.js';
import { ExponentialBackOff, type BackOff } from './invoke/back-off.js';
import type { MessageListener } from './message-listener.js';

/** When a record is done, and who waits for its commit. */
export type AckMode = 'record' | 'batch' | 'manual';

/** A partition to read without group membership. */
export interface AssignedPartition extends TopicPartition {
  /** Where to begin. @default what the group committed, else the factory's `autoOffsetReset` */
  readonly offset?: number;
}

/** How a container listens. Exactly one of `topics`, `topicPattern`, `topicPartitions`. */
export interface ContainerProperties<K = Bytes, V = Bytes> {
  /** Topics to subscribe to. */
  readonly topics?: readonly string[];
  /** Subscribes to every topic whose name matches, also to ones made later. */
  readonly topicPattern?: RegExp;
  /** Reads these partitions without group membership. Commits only if there is a `groupId`. */
  readonly topicPartitions?: readonly AssignedPartition[];
  /** @default the factory's */
  readonly groupId?: string;
  /** Called for each record. */
  readonly listener: MessageListener<K, V>;
  /** Decodes keys; without it they are `Buffer | null`. */
  readonly keySerde?: Serde<K>;
  /** Decodes values; without it they are `Buffer | null`. */
  readonly valueSerde?: Serde<V>;
  /**
   * Which records wait for each other: those of a partition, those with the same key in a partition (records without a key
   * count as one key), or none. @default 'partition'
   */
  readonly ordering?: Ordering;
  /**
   * How many listeners may run at once - not consumers, as in Spring: one consumer feeds them all. In partition order at
   * most one a partition runs. @default 1
   */
  readonly concurrency?: number;
  /** Runs the listeners, instead of `concurrency`; may be shared with other containers. */
  readonly taskExecutor?: TaskExecutor;
  /**
   * - `'batch'`: a record is done when its listener returns; commits go out in the background, as many records at a time as
   *   ended within `commitIntervalMs`.
   * - `'record'`: the same, and with `syncCommits` a lane goes on only when the record is committed.
   * - `'manual'`: a record is done when it is acknowledged, at any time and in any order. Listeners that return without
   *   acknowledging hold back the commits of their partition, and in the end its polling: see `windowRecords`.
   * @default 'batch'
   */
  readonly ackMode?: AckMode;
  /** With `ackMode: 'record'`: a lane's next record starts when the commit of the one before is written. @default false */
  readonly syncCommits?: boolean;
  /** Commits are at least this far apart, in milliseconds; on stop and revoke they go out at once. @default 100 */
  readonly commitIntervalMs?: number;
  /**
   * Records fetched and not yet started, about: polling waits while more than half are taken. 0 polls only for free slots.
   * @default the larger of 1000 and twice the concurrency
   */
  readonly bufferRecords?: number;
  /**
   * How many records a partition may be ahead of its oldest unfinished one before it is polled no more (event
   * `window:filled`). Bounds memory and what comes again after a crash, from 1. @default 100000
   */
  readonly windowRecords?: number;
  /** Records of one poll at most, from 1. @default the factory's */
  readonly maxPollRecords?: number;
  /** How long one poll may wait for records, in milliseconds, from 1. @default 5000 */
  readonly pollTimeoutMs?: number;
  /**
   * How long `start` waits for an assignment. Above the consumer's `sessionTimeoutMs` for a reason: a group waits that long
   * for a member that was killed, and so does whoever replaces it. @default 60000
   */
  readonly startTimeoutMs?: number;
  /**
   * How long `stop` waits for running listeners before it aborts their signals; below `maxPollIntervalMs`. With no broker to
   * commit to, `stop` gives up a second later at most. In milliseconds. @default 10000
   */
  readonly shutdownTimeoutMs?: number;
  /** How long a revoke waits for running listeners before it aborts their signals; below `maxPollIntervalMs`. @default 20000 */
  readonly revokeDrainTimeoutMs?: number;
  /** When a failed record is tried again; after the last attempt the container stops. @default new ExponentialBackOff() */
  readonly backOff?: BackOff;
  /** Appended to the client id. */
  readonly clientIdSuffix?: string;
  /** How long listeners that end at once may hold the event loop, in milliseconds, from 1. @default 4 */
  readonly yieldAfterMs?: number;
}

/** What a container may be given beside its properties. */
export interface ContainerDependencies {
  /** @default the system's */
  readonly clock?: Clock;
  /** @default warnings and errors to stderr */
  readonly logger?: Logger;
}

/** Never undefined once resolved. */
type Present =
  | 'listener'
  | 'ordering'
  | 'concurrency'
  | 'ackMode'
  | 'syncCommits'
  | 'commitIntervalMs'
  | 'windowRecords'
  | 'pollTimeoutMs'
  | 'startTimeoutMs'
  | 'shutdownTimeoutMs'
  | 'revokeDrainTimeoutMs'
  | 'backOff'
  | 'yieldAfterMs';

type Written = ContainerProperties<unknown, unknown>;
type Checked = { readonly [Name in keyof Written]-?: Written[Name] | undefined } & Required<Pick<Written, Present>>;

/** The properties with defaults, as the container reads them. */
export type ResolvedContainerProperties = Checked & {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly groupId: string | undefined;
  readonly bufferRecords: number;
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

const assignedPartitions = listOf('{ topic, partition, offset? } with numbers from 0', (value) => {
  const { offset = 0 } = (value ?? {}) as Partial<AssignedPartition>;
  return isTopicPartition(value) && isIndex(offset);
});

/** Without its numbers a container would wait for a free slot for ever. */
const executor = (value: unknown): string | undefined => {
  const { concurrency, available } = (value ?? {}) as Partial<TaskExecutor>;
  const isOne = hasMethods(value, ['execute', 'onAvailable']);
  return isOne && typeof concurrency === 'number' && typeof available === 'number'
    ? undefined
    : `must be a TaskExecutor with execute, onAvailable and the numbers concurrency and available, got ${describe(value)}`;
};

const listener = (value: unknown): string | undefined =>
  typeof value === 'function' || hasMethods(value, ['onMessage'])
    ? undefined
    : `must be a function or have the method onMessage, got ${describe(value)}`;

const RULES: OptionRules<Checked> = {
  topics: custom<Written['topics']>(undefined, topicNames),
  topicPattern: custom<Written['topicPattern']>(undefined, (value) =>
    value instanceof RegExp ? undefined : `must be a RegExp, got ${describe(value)}`,
  ),
  topicPartitions: custom<Written['topicPartitions']>(undefined, assignedPartitions),
  groupId: text(undefined),
  listener: required(custom<Written['listener'] | undefined>(undefined, listener)),
  keySerde: callable('serialize', 'deserialize'),
  valueSerde: callable('serialize', 'deserialize'),
  ordering: oneOf(['partition', 'key', 'none'], 'partition'),
  concurrency: integer(1, { min: 1 }),
  taskExecutor: custom<Written['taskExecutor']>(undefined, executor),
  ackMode: oneOf(['record', 'batch', 'manual'], 'batch'),
  syncCommits: boolean(false),
  commitIntervalMs: durationMs(100),
  bufferRecords: integer(undefined),
  windowRecords: integer(100_000, { min: 1 }),
  maxPollRecords: integer(undefined, { min: 1 }),
  pollTimeoutMs: durationMs(5_000, { min: 1 }),
  startTimeoutMs: durationMs(60_000, { min: 1 }),
  shutdownTimeoutMs: durationMs(10_000),
  revokeDrainTimeoutMs: durationMs(20_000),
  backOff: custom<BackOff>(new ExponentialBackOff(), (value) =>
    hasMethods(value, ['delayMs']) ? undefined : `must have the method delayMs, got ${describe(value)}`,
  ),
  clientIdSuffix: text(undefined),
  yieldAfterMs: durationMs(4, { min: 1 }),
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
  checkPairs(check, properties, given ?? {});
  if (check.isFine('consumerFactory')) checkWithFactory(check, properties, given ?? {}, factory);
  check.throwIfAny();
  const concurrency = properties.taskExecutor?.concurrency ?? properties.concurrency;
  return Object.freeze({
    ...properties,
    clock,
    logger,
    groupId: properties.groupId ?? factory.groupId,
    bufferRecords: properties.bufferRecords ?? Math.max(1_000, 2 * concurrency),
  });
}

function checkPairs(check: OptionsCheck, properties: Checked, written: Partial<Written>): void {
  const sources = (['topics', 'topicPattern', 'topicPartitions'] as const).filter(
    (name) => written[name] !== undefined,
  );
  if (sources.length !== 1) {
    const got = sources.length === 0 ? 'none' : sources.join(' and ');
    check.problem('topics', `exactly one of topics, topicPattern and topicPartitions is needed, got ${got}`);
  }
  if (written.concurrency !== undefined && written.taskExecutor !== undefined) {
    check.problem('taskExecutor', 'cannot go with concurrency: the executor says how many listeners run at once');
  }
  if (properties.syncCommits && properties.ackMode !== 'record') {
    check.problem('syncCommits', `needs ackMode: 'record', got '${properties.ackMode}'`);
  }
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
  if (!hasGroup && properties.syncCommits)
    check.problem('syncCommits', 'needs a groupId: there is nowhere to commit to');
  for (const name of ['shutdownTimeoutMs', 'revokeDrainTimeoutMs'] as const) {
    if (properties[name] >= maxPollIntervalMs) {
      check.problem(
        name,
        `must be below the factory's maxPollIntervalMs (${maxPollIntervalMs}), got ${properties[name]}`,
      );
    }
  }
}
