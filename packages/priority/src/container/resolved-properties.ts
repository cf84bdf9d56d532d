import { KafkaConfigError, type ConsumerFactory } from '@hearken/core';
import {
  atOnce,
  custom,
  describe,
  didYouMean,
  durationMs,
  hasMethods,
  integer,
  oneOf,
  OptionsCheck,
  type OptionRules,
} from '@hearken/core/internal';
import { MessageListenerContainer, type ContainerDependencies, type ContainerProperties } from '@hearken/listener';
import { resolveLevels, type PriorityLevels } from '../levels.js';
import { PriorityRegistry } from '../naming/priority-registry.js';
import { SuffixNaming, type PriorityNaming } from '../naming/priority-naming.js';
import type { DispatchPolicyFactory } from '../policy/dispatch-policy.js';
import type { QuotaDistributor } from '../quota/quota-distributor.js';
import { partitionsOf } from './level-properties.js';
import { levelBuffers, type LevelBuffer } from './level-buffers.js';
import { carryOut, minSharesOf, POLICY_NAMES, policyFactory, weightsOf, type PlannedPolicy } from './policy-plan.js';
import { checkMinShares, checkSlots } from './shape-rules.js';
import type {
  GivenByLevel,
  PolicyName,
  PriorityBuffer,
  OwnPriorityProperties,
} from './priority-container-properties.js';

type Checked = { readonly [Name in keyof OwnPriorityProperties]-?: OwnPriorityProperties[Name] | undefined } & {
  readonly naming: PriorityNaming;
  readonly capacity: number;
  readonly policy: PolicyName | DispatchPolicyFactory;
  readonly starvedAfterMs: number;
  readonly stalledAfterMs: number;
};

/** What of the properties is the priority container's own, with defaults. */
export interface ResolvedPriorityProperties {
  readonly levels: PriorityLevels;
  readonly registry: PriorityRegistry;
  readonly naming: PriorityNaming;
  readonly capacity: number;
  readonly planned: PlannedPolicy;
  /** By level, 0 first. */
  readonly buffers: readonly LevelBuffer[];
  readonly starvedAfterMs: number;
  readonly stalledAfterMs: number;
  /** What the levels' containers are given. */
  readonly rest: Readonly<Record<string, unknown>>;
}

const RULES: OptionRules<Checked> = {
  topics: custom<readonly string[] | undefined>(undefined, (value) =>
    Array.isArray(value) && value.length > 0 && value.every((topic) => typeof topic === 'string' && topic !== '')
      ? twice(value as string[])
      : `must be a list of topic names, got ${describe(value)}`,
  ),
  levels: custom<Checked['levels']>(undefined, () => undefined), // judged by `resolveLevels`
  naming: custom<PriorityNaming>(new SuffixNaming(), (value) =>
    hasMethods(value, ['topic', 'group']) ? undefined : `must have the methods topic, group, got ${describe(value)}`,
  ),
  capacity: integer(50, { min: 1 }),
  policy: custom<Checked['policy']>('weighted', (value) =>
    typeof value === 'function' ? undefined : oneOf(POLICY_NAMES, undefined).check(value),
  ),
  starvation: oneOf(['allow'], undefined),
  quotaDistributor: custom<QuotaDistributor | undefined>(undefined, (value) =>
    hasMethods(value, ['distribution']) ? undefined : `must have the method distribution, got ${describe(value)}`,
  ),
  buffer: custom<PriorityBuffer | undefined>(undefined, () => undefined), // judged by `levelBuffers`
  starvedAfterMs: durationMs(10_000, { min: 1 }),
  stalledAfterMs: durationMs(60_000, { min: 1 }),
};

function twice(topics: readonly string[]): string | undefined {
  const topic = topics.find((name, i) => topics.indexOf(name) < i);
  return topic === undefined ? undefined : `must not name ${topic} twice`;
}

const GIVEN_BY_LEVEL: Readonly<Record<Exclude<GivenByLevel, 'topics'>, string>> = {
  topicPattern: 'levels need names: give topics',
  topicPartitions: 'a naming with partitions gives levels partitions of a topic',
  concurrency: 'capacity is how many listeners run at once, over all levels',
  taskExecutor: 'the levels share the slots that capacity says',
  bufferRecords: 'buffer says how many records may wait, over all levels',
  bufferBytes: 'buffer says how many bytes may wait, over all levels',
};

/** @throws KafkaConfigError with all problems of what is the priority container's own */
export function resolvePriorityProperties(
  given: unknown,
  factory: ConsumerFactory,
  dependencies: ContainerDependencies,
): ResolvedPriorityProperties {
  const check = new OptionsCheck('PriorityListenerContainer');
  const { own, rest } = split(check, given);
  const properties = check.resolve<Checked>(own, RULES);
  const levels = resolveLevels(check, properties.levels);
  const buffers = levelBuffers(
    check,
    properties.buffer,
    levels.count,
    (factory as ConsumerFactory | undefined)?.fetchMaxBytes,
  );
  if (properties.topics === undefined && check.isFine('topics')) check.problem('topics', 'is required');
  checkTogether(check, properties, levels);
  const registry = attempt(
    check,
    () => new PriorityRegistry({ topics: properties.topics ?? [], levels: levels.count, naming: properties.naming }),
  );
  const planned = attempt(check, () => plan(properties, levels));
  if (check.isFine('consumerFactory')) checkLevelsContainer(check, rest, factory, dependencies);
  if (registry !== undefined && check.isFine('consumerFactory')) {
    const groupId = (rest.groupId as string | undefined) ?? factory.groupId;
    checkPlaces(check, { registry, levels: levels.count, naming: properties.naming, groupId }, factory);
  }
  check.throwIfAny();
  if (registry === undefined || planned === undefined) throw new Error('unreachable: what is missing was a problem');
  const { naming, capacity, starvedAfterMs, stalledAfterMs } = properties;
  return { levels, registry, naming, capacity, planned, buffers, starvedAfterMs, stalledAfterMs, rest };
}

/** The levels' containers judge the rest; one that is never started does, so that all problems are told at once. */
function checkLevelsContainer(
  check: OptionsCheck,
  rest: Readonly<Record<string, unknown>>,
  factory: ConsumerFactory,
  dependencies: ContainerDependencies,
): void {
  try {
    new MessageListenerContainer(
      factory,
      { ...(rest as unknown as ContainerProperties), topics: ['any'] },
      dependencies,
    );
  } catch (error) {
    report(check, error);
  }
}

/** What is ours, and what the levels' containers judge. */
function split(check: OptionsCheck, given: unknown): { own: unknown; rest: Readonly<Record<string, unknown>> } {
  if (typeof given !== 'object' || given === null) return { own: given, rest: {} };
  const own: Record<string, unknown> = {};
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (Object.hasOwn(RULES, name)) own[name] = value;
    else if (value !== undefined && Object.hasOwn(GIVEN_BY_LEVEL, name))
      check.problem(
        name,
        `is not for a PriorityListenerContainer: ${GIVEN_BY_LEVEL[name as keyof typeof GIVEN_BY_LEVEL]}`,
      );
    else rest[name] = value;
  }
  return { own, rest };
}

function checkTogether(check: OptionsCheck, properties: Checked, levels: PriorityLevels): void {
  const { capacity, policy, starvation, quotaDistributor } = properties;
  const { definitions } = levels;
  if (quotaDistributor !== undefined && definitions.some(({ weight }) => weight !== undefined))
    check.problem('quotaDistributor', 'cannot go with weights of the levels: both say who gets how much');
  if (starvation !== undefined && policy !== 'strict') check.problem('starvation', `needs policy: 'strict'`);
  const minShares = minSharesOf(levels);
  const tooMuch = definitions.every(({ minShare = 0 }) => minShare <= 1)
    ? checkMinShares(minShares, levels.count)
    : undefined;
  if (tooMuch !== undefined && check.isFine('levels')) check.problem('levels', `by minShare they ${tooMuch}`);
  if (minShares.some((share) => share > 0) && typeof policy === 'string' && !policy.startsWith('strict'))
    check.problem('levels', `cannot have a minShare with policy '${policy}', where weights say who gets how much`);
  const withoutSlot = check.isFine('capacity') ? checkSlots(capacity, definitions) : undefined;
  if (withoutSlot !== undefined) check.problem('levels', withoutSlot);
}

interface Places {
  readonly registry: PriorityRegistry;
  readonly levels: number;
  readonly naming: PriorityNaming;
  readonly groupId: string | undefined;
}

/** A level in partitions has a group that shares out those alone. */
function checkPlaces(
  check: OptionsCheck,
  { registry, levels, naming, groupId }: Places,
  { takesGroupPartitions = false }: ConsumerFactory,
): void {
  const all = Array.from({ length: levels }, (_, priority) => priority);
  const inPartitions = all.filter((priority) => partitionsOf(registry, priority).size > 0);
  if (inPartitions.length === 0) return;
  if (!takesGroupPartitions)
    check.problem(
      'consumerFactory',
      'must heed groupPartitions, and say so by takesGroupPartitions: the naming puts levels in partitions of a topic',
    );
  if (groupId === undefined) return; // which the levels' containers do not do without
  const groups = all.map((priority) => atOnce('group', naming.group(groupId, priority)));
  if (inPartitions.some((priority) => groups.filter((group) => group === groups[priority]).length > 1))
    check.problem('naming', 'gives a level in partitions the group of another level: it needs one of its own');
}

function plan(properties: Checked, levels: PriorityLevels): PlannedPolicy {
  const { capacity, policy, starvation, quotaDistributor } = properties;
  const weightsFor = (slots: number): readonly number[] => weightsOf(levels, slots, quotaDistributor);
  return carryOut({
    make: policyFactory(policy, starvation === undefined ? {} : { starvation }),
    shape: { weights: weightsFor(capacity), minShares: minSharesOf(levels), capacity },
    weightsFor,
  });
}

/** A configuration error joins the others; anything else is the distributor's or the policy's own. Not tried where something is wrong already. */
function attempt<T>(check: OptionsCheck, make: () => T): T | undefined {
  if (!check.ok) return undefined;
  try {
    return make();
  } catch (error) {
    report(check, error);
    return undefined;
  }
}

function report(check: OptionsCheck, error: unknown): void {
  if (!(error instanceof KafkaConfigError)) throw error;
  for (const { path, message } of error.problems) check.problem(path, withOurNames(path, message));
}

/** A level's container does not know our options: what is none of its own may be one of ours, misspelt. */
function withOurNames(path: string, message: string): string {
  const hint = message.startsWith('is not an option') ? didYouMean(path, Object.keys(RULES)) : '';
  return hint === '' ? message : `is not an option${hint}`;
}
