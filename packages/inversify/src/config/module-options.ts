import { defaultLogger, systemClock, type Clock, type Logger } from '@hearken/core';
import { callable, custom, describe, required, type OptionRules, type OptionsCheck } from '@hearken/core/internal';
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
  factories: custom<CheckedModuleConfig['factories']>({}, named(true)),
  containers: custom<CheckedModuleConfig['containers']>({}, named(false)),
  laterContainers: custom<readonly string[]>(
    [],
    listOf('ids', (one) => typeof one === 'string'),
  ),
  topics: custom<CheckedModuleConfig['topics']>(
    [],
    listOf('topics made by newTopic', (one) => isObject(one) && typeof (one as { name?: unknown }).name === 'string'),
  ),
  admin: custom<CheckedModuleConfig['admin']>({}, object),
  checks: custom<CheckedModuleConfig['checks']>('warn', () => undefined), // judged where they are made
  environment: custom<CheckedModuleConfig['environment']>(process.env, (value) =>
    value === false || isObject(value) ? undefined : `must be an object or false, got ${describe(value)}`,
  ),
  logger: { ...callable<Logger>('debug', 'info', 'warn', 'error'), default: defaultLogger },
  clock: { ...callable<Clock>('now', 'monotonic', 'setTimer'), default: systemClock },
};

export const checkModuleConfig = (check: OptionsCheck, given: unknown): CheckedModuleConfig =>
  check.resolve(given, RULES);
