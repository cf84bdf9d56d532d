import { defaultLogger, systemClock, type Clock, type Logger } from '@hearken/core';
import {
  boolean,
  callable,
  custom,
  describe,
  integer,
  oneOf,
  required,
  text,
  type OptionRules,
  type OptionsCheck,
} from '@hearken/core/internal';
import { CHECK_CODES } from '../application/start-checks.js';
import type { TopicDefinition, TopicSettings } from '../topics/new-topic.js';
import type { KafkaModuleConfig } from './module-config.js';

/** Each for itself: named things are objects, lists are lists. What is in them is judged by whom it is for. */
export type CheckedModuleConfig = {
  readonly [Name in keyof KafkaModuleConfig]-?: Exclude<KafkaModuleConfig[Name], undefined>;
};

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

const object = (value: unknown): string | undefined =>
  isObject(value) ? undefined : `must be an object, got ${describe(value)}`;

/** @param orFunction whether an entry may be a function that makes it */
const named =
  (orFunction: boolean) =>
  (value: unknown): string | undefined => {
    if (!isObject(value)) return `must be an object with an entry for each name, got ${describe(value)}`;
    const wrong = Object.entries(value as object).find(
      ([, one]) => !isObject(one) && !(orFunction && typeof one === 'function'),
    );
    return wrong === undefined
      ? undefined
      : `must have an object${orFunction ? ' or a function' : ''} for each name, '${wrong[0]}' is ${describe(wrong[1])}`;
  };

const listOf =
  (what: string, isOne: (value: unknown) => boolean) =>
  (value: unknown): string | undefined =>
    Array.isArray(value) && value.every(isOne) ? undefined : `must be a list of ${what}, got ${describe(value)}`;

const RULES: OptionRules<CheckedModuleConfig> = {
  clusters: required(
    custom<KafkaModuleConfig['clusters'] | undefined>(
      undefined,
      (value) => named(false)(value) ?? (Object.keys(value as object).length > 0 ? undefined : 'must name a cluster'),
    ),
  ),
  producer: custom<CheckedModuleConfig['producer']>({}, object),
  consumer: custom<CheckedModuleConfig['consumer']>({}, object),
  templates: custom<CheckedModuleConfig['templates']>({}, named(true)),
  wrapProducerFactory: { ...callable<CheckedModuleConfig['wrapProducerFactory']>(), default: (factory) => factory },
  factories: custom<CheckedModuleConfig['factories']>({}, named(true)),
  containers: custom<CheckedModuleConfig['containers']>({}, named(false)),
  laterContainers: custom<readonly string[]>(
    [],
    listOf('ids', (one) => typeof one === 'string'),
  ),
  topics: custom<CheckedModuleConfig['topics']>([], listOf('topics made by newTopic', isObject)),
  admin: custom<CheckedModuleConfig['admin']>({}, object),
  checks: custom<CheckedModuleConfig['checks']>('warn', (value) =>
    isObject(value) ? undefined : oneOf(CHECK_LEVELS, 'warn').check(value),
  ),
  environment: custom<CheckedModuleConfig['environment']>(process.env, (value) =>
    value === false || isObject(value) ? undefined : `must be an object or false, got ${describe(value)}`,
  ),
  logger: { ...callable<Logger>('debug', 'info', 'warn', 'error'), default: defaultLogger },
  clock: { ...callable<Clock>('now', 'monotonic', 'setTimer'), default: systemClock },
};

const ADMIN_RULES: OptionRules<Required<TopicSettings>> = {
  autoCreate: boolean(true),
  onDifference: oneOf(['warn', 'grow', 'fail'], 'warn'),
  fatalIfBrokerNotAvailable: boolean(false),
};

type CheckedTopic = { readonly [Name in keyof TopicDefinition]-?: TopicDefinition[Name] | undefined };

const TOPIC_RULES: OptionRules<CheckedTopic> = {
  name: required(text<string | undefined>(undefined)),
  cluster: text<string | undefined>(undefined),
  partitions: integer<number | undefined>(undefined, { min: 1 }),
  replicas: integer<number | undefined>(undefined, { min: 1 }),
  compact: boolean<boolean | undefined>(undefined),
  retentionMs: integer<number | undefined>(undefined, { min: -1 }),
  config: custom<TopicDefinition['config']>(undefined, object),
};

const CHECK_LEVELS = ['fail', 'warn', 'off'] as const;

/** Gathers all problems but those of clusters, templates and listeners. */
export function checkModuleConfig(check: OptionsCheck, given: unknown): CheckedModuleConfig {
  const config = check.resolve(given, RULES);
  if (check.isFine('admin')) check.resolve(config.admin, ADMIN_RULES, 'admin');
  if (check.isFine('topics')) config.topics.forEach((topic, i) => check.resolve(topic, TOPIC_RULES, `topics[${i}]`));
  if (typeof config.checks === 'object') {
    const rules = Object.fromEntries(CHECK_CODES.map((code) => [code, oneOf(CHECK_LEVELS, 'warn')]));
    check.resolve(config.checks, rules, 'checks');
  }
  return config;
}
