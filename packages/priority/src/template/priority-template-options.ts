import { codeOf, type KafkaConfigError, type ProducerFactory } from '@hearken/core';
import {
  boolean,
  callable,
  custom,
  describe,
  hasMethods,
  oneOf,
  text,
  type OptionRules,
  type OptionsCheck,
} from '@hearken/core/internal';
import type { KafkaTemplateOptions, Sendable } from '@hearken/template';
import { resolveLevels, type LevelDefinitions, type PriorityOrName, type PriorityLevels } from '../levels.js';
import { SuffixNaming, type PriorityNaming } from '../naming/priority-naming.js';
import type { UnequalPartitions } from './partition-counts.js';

/** What a `KafkaTemplate` takes, and what levels there are. `defaultTopic` is a logical topic. */
export interface PriorityKafkaTemplateOptions<
  K = Sendable,
  V = Sendable,
  Name extends string = string,
> extends KafkaTemplateOptions<K, V> {
  /** How many levels, from 1 to 16, or what they are, the least urgent first. A container takes the same list. */
  readonly levels: LevelDefinitions<Name>;
  /** The level of a record that names none. @default 0 */
  readonly defaultPriority?: PriorityOrName<NoInfer<Name>>;
  /**
   * What becomes of a record of a level that is above the highest or below 0: `'throw'` rejects its send with
   * `PRIORITY_OUT_OF_RANGE`, `'clamp'` takes the nearest level. Names that are none always reject. @default 'throw'
   */
  readonly outOfRange?: 'throw' | 'clamp';
  /** Whether each record says its level in the header `x-priority`, as decimal digits. @default false */
  readonly priorityHeader?: boolean;
  /** Where levels live. @default new SuffixNaming(): `orders-2` */
  readonly naming?: PriorityNaming;
  /**
   * What follows when levels of a topic have different numbers of partitions, so that a key has not one partition number:
   * `'warn'` logs it once a level; `'fail'` rejects keyed records of the level found later with `UNEQUAL_PARTITIONS`, and
   * lets the first ones of a level wait for its partition count. Levels that are partitions are not compared. @default 'warn'
   */
  readonly unequalPartitions?: UnequalPartitions;
}

interface OwnOptions {
  readonly levels: unknown;
  readonly defaultTopic: string | undefined;
  readonly defaultPriority: unknown;
  readonly outOfRange: 'throw' | 'clamp';
  readonly priorityHeader: boolean;
  readonly naming: PriorityNaming;
  readonly unequalPartitions: UnequalPartitions;
}

export interface ResolvedPriorityOptions<K, V, Name extends string> extends Omit<
  OwnOptions,
  'levels' | 'defaultPriority'
> {
  readonly levels: PriorityLevels<Name>;
  readonly defaultPriority: number;
  /** What the templates underneath are made with. */
  readonly template: KafkaTemplateOptions<K, V>;
}

type TemplateOption = Exclude<keyof KafkaTemplateOptions, 'defaultTopic'>;

const anything = custom<unknown>(undefined, () => undefined);

/** Judged by the KafkaTemplate. */
const TEMPLATE_RULES: OptionRules<Record<TemplateOption, unknown>> = {
  keySerde: anything,
  valueSerde: anything,
  producerListener: anything,
  interceptors: anything,
  autoFlush: anything,
  logger: anything,
  clock: anything,
};

const RULES: OptionRules<OwnOptions & Record<TemplateOption, unknown>> = {
  ...TEMPLATE_RULES,
  levels: anything,
  defaultTopic: text(undefined),
  defaultPriority: anything,
  outOfRange: oneOf(['throw', 'clamp'], 'throw'),
  priorityHeader: boolean(false),
  naming: { ...callable<PriorityNaming>('topic', 'group'), default: new SuffixNaming() },
  unequalPartitions: oneOf(['warn', 'fail', 'ignore'], 'warn'),
};

/** All but what the KafkaTemplate says itself about the options that are left to it. */
export function resolvePriorityOptions<K, V, Name extends string>(
  check: OptionsCheck,
  producerFactory: ProducerFactory,
  options: PriorityKafkaTemplateOptions<K, V, Name>,
): ResolvedPriorityOptions<K, V, Name> {
  if (!hasMethods(producerFactory, ['createProducer'])) {
    check.problem('producerFactory', `must have the method createProducer, got ${describe(producerFactory)}`);
  }
  const resolved = check.resolve<OwnOptions & Record<TemplateOption, unknown>>(options, RULES);
  const { defaultTopic, outOfRange, priorityHeader, naming, unequalPartitions } = resolved;
  const levels = resolveLevels<Name>(check, resolved.levels as LevelDefinitions<Name>);
  const defaultPriority = defaultOf(check, levels, resolved.defaultPriority);
  const template = Object.fromEntries(
    Object.keys(TEMPLATE_RULES).map((name) => [name, resolved[name as TemplateOption]]),
  ) as KafkaTemplateOptions<K, V>;
  return { levels, defaultTopic, defaultPriority, outOfRange, priorityHeader, naming, unequalPartitions, template };
}

function defaultOf(check: OptionsCheck, levels: PriorityLevels, given: unknown): number {
  const priority = given === undefined ? 0 : levels.find(given);
  if (priority === undefined && check.isFine('levels')) check.problem('defaultPriority', levels.explain(given));
  return priority ?? 0;
}

/** The template underneath, or what is wrong with its options among the other problems. */
export function madeWith<T>(check: OptionsCheck, make: () => T): T {
  try {
    const made = make();
    check.throwIfAny();
    return made;
  } catch (error) {
    if (!isConfigError(error)) throw error;
    for (const { path, message } of error.problems) if (check.isFine(path)) check.problem(path, message);
    check.throwIfAny();
    throw error;
  }
}

const isConfigError = (error: unknown): error is KafkaConfigError => codeOf(error) === 'INVALID_CONFIG';
