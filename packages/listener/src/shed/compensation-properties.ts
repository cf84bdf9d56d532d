import {
  defaultLogger,
  KafkaConfigError,
  systemClock,
  type Bytes,
  type Clock,
  type ConsumerFactory,
  type Logger,
} from '@hearken/core';
import { custom, describe, hasMethods, integer, OptionsCheck, required, text } from '@hearken/core/internal';
import { AsyncTaskExecutor, RateLimitedTaskExecutor, type RateLimitedTaskExecutorOptions } from '@hearken/executor';
import type { ContainerDependencies, RecordContainerProperties } from '../container-properties.js';
import { MessageListenerContainer } from '../message-listener-container.js';
import { SHED_RULES, shedTopic, type ResolvedShedProperties, type ShedProperties } from './shed-properties.js';

/** What a container of records takes, and a replay of ranges has no use for. */
const NOT_TAKEN = {
  topics: 'the ranges say what is read',
  topicPattern: 'the ranges say what is read',
  topicPartitions: 'the ranges say what is read',
  missingTopicsFatal: 'the ranges say what is read',
  taskExecutor: 'concurrency and rateLimit make one',
  batchListener: 'a rate is one of records',
  batch: 'a rate is one of records',
  commitBefore: 'ranges are replayed at least once',
  assignmentCommitOption: 'how far a replay got is no offset of a group',
  commitMetadata: 'how far a replay got is no offset of a group',
  offsetMap: 'how far a replay got is no offset of a group',
  offsetMapIntervalMs: 'how far a replay got is no offset of a group',
  rebalanceListener: 'no group moves the partitions of ranges',
  parking: 'keys are parked where a group reads them in order',
} as const;

/** What is the compensation's own. */
interface OwnProperties {
  /** As the containers have it that shed. */
  readonly shed: ShedProperties;
  /**
   * The group whose containers shed. Instances that compensate for it share its ranges, as members of the group of that name
   * and '-compensation'. @default the factory's
   */
  readonly groupId?: string;
  /**
   * How many records are processed at most, by this instance: what else the listener depends on is to go on unhindered.
   * @default 100 a second
   */
  readonly rateLimit?: RateLimitedTaskExecutorOptions;
}

/**
 * How ranges are replayed: what is said here, and whatever else a container of records takes. `commitIntervalMs` is how often
 * it is written how far a range got, 1000 by default.
 */
export type CompensationProperties<K = Bytes, V = Bytes> = OwnProperties &
  Omit<RecordContainerProperties<K, V>, keyof typeof NOT_TAKEN | keyof OwnProperties>;

export interface ResolvedCompensation {
  readonly shed: ResolvedShedProperties & { readonly topic: string };
  /** Of the instances. */
  readonly groupId: string;
  readonly executor: RateLimitedTaskExecutor;
  /** What each replay's container is given. */
  readonly rest: RecordContainerProperties;
  readonly startTimeoutMs: number;
  readonly pollTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

const OWN_RULES = {
  shed: required(custom<ShedProperties | undefined>(undefined, () => undefined)), // by rules of its own
  groupId: text(undefined),
  concurrency: integer(1, { min: 1 }),
  rateLimit: custom<RateLimitedTaskExecutorOptions>({ limitForPeriod: 100 }, () => undefined), // as its executor judges it
};

/** @throws KafkaConfigError that names every problem */
export function resolveCompensation(
  factory: ConsumerFactory,
  given: unknown,
  dependencies: ContainerDependencies = {},
): ResolvedCompensation {
  const check = new OptionsCheck('CompensationListenerContainer');
  const { clock = systemClock, logger = defaultLogger } = dependencies;
  const { own, rest } = split(check, given);
  const {
    shed,
    groupId = groupOf(check, factory),
    concurrency,
    rateLimit,
  } = check.resolve<OwnResolved>(own, OWN_RULES);
  const ledger = check.resolve<ResolvedShedProperties>(shed, SHED_RULES, 'shed');
  const properties = { ...(rest.ackMode === undefined && { commitIntervalMs: 1_000 }), ...rest };
  attempt(check, '', () => judge(factory, properties, dependencies));
  const slots = new AsyncTaskExecutor({ concurrency: check.isFine('concurrency') ? concurrency : 1 });
  const executor = attempt(check, 'rateLimit.', () => new RateLimitedTaskExecutor(slots, rateLimit, { clock }));
  check.throwIfAny();
  if (groupId === undefined || executor === undefined) throw new Error('unreachable: what is missing was a problem');
  return {
    shed: { ...ledger, topic: shedTopic(ledger, groupId) },
    groupId: `${groupId}-compensation`,
    executor,
    rest: properties as unknown as RecordContainerProperties,
    startTimeoutMs: (rest.startTimeoutMs as number | undefined) ?? 60_000,
    pollTimeoutMs: (rest.pollTimeoutMs as number | undefined) ?? 5_000,
    clock,
    logger,
  };
}

interface OwnResolved {
  readonly shed: ShedProperties;
  readonly groupId: string | undefined;
  readonly concurrency: number;
  readonly rateLimit: RateLimitedTaskExecutorOptions;
}

type Rest = Readonly<Record<string, unknown>>;

/** What is ours, and what a replay's container judges. */
function split(check: OptionsCheck, given: unknown): { own: unknown; rest: Rest } {
  if (typeof given !== 'object' || given === null) return { own: given, rest: {} };
  const own: Record<string, unknown> = {};
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (Object.hasOwn(OWN_RULES, name)) own[name] = value;
    else if (value !== undefined && Object.hasOwn(NOT_TAKEN, name))
      check.problem(name, `is not for a CompensationListenerContainer: ${NOT_TAKEN[name as keyof typeof NOT_TAKEN]}`);
    else rest[name] = value;
  }
  return { own, rest };
}

function groupOf(check: OptionsCheck, factory: ConsumerFactory): string | undefined {
  if (!hasMethods(factory, ['createConsumer']))
    check.problem('consumerFactory', `must have the method createConsumer, got ${describe(factory)}`);
  else if (factory.groupId === undefined) check.problem('groupId', 'is required, here or at the factory');
  else return factory.groupId;
  return undefined;
}

/** One that is never started, so that all problems are told at once. */
const judge = (factory: ConsumerFactory, rest: Rest, dependencies: ContainerDependencies): MessageListenerContainer =>
  new MessageListenerContainer(
    factory,
    { ...(rest as unknown as RecordContainerProperties), topics: ['any'], groupId: 'any' },
    dependencies,
  );

/** A configuration error joins the others. @param prefix of its paths, in what the user wrote */
function attempt<T>(check: OptionsCheck, prefix: string, make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof KafkaConfigError)) throw error;
    for (const { path, message } of error.problems)
      if (check.isFine(prefix + path)) check.problem(prefix + path, message);
    return undefined;
  }
}
