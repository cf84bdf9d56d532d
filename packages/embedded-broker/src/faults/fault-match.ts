import {
  custom,
  describe,
  integer,
  OptionsCheck,
  orKnown,
  positive,
  required,
  text,
  type OptionRules,
} from '@hearken/core/internal';
import { apiNames, tellsGroups, tellsPartitions, tellsTopics, type ApiName } from './apis.js';
import type { FaultSpec } from './fault-spec.js';
import type { RequestMatch } from './request-match.js';

/** Which requests a rule takes. */
export interface FaultMatch extends RequestMatch {
  readonly api: ApiName;
  /** The rule begins with this one of the requests that match, counted from 1 and from when the rule was made. @default 1 */
  readonly nth?: number | undefined;
  /** How many requests it takes. @default 1 if `nth` is given, else no limit */
  readonly times?: number | undefined;
  /** Takes each with this probability, above 0 and at most 1; not together with `nth`. @default 1 */
  readonly probability?: number | undefined;
  /** A whole number; rules with the same seed throw the same dice. Only with `probability`. @default 1 */
  readonly seed?: number | undefined;
}

type Conditions = { readonly [Name in keyof RequestMatch]-?: RequestMatch[Name] };
type TriggerOptions = Pick<FaultMatch, 'nth' | 'times' | 'probability' | 'seed'>;
type ResolvedMatch = Conditions & { readonly [Name in keyof TriggerOptions]-?: TriggerOptions[Name] };

const api = custom<ApiName | undefined>(undefined, (value) => {
  if (apiNames.includes(value as ApiName)) return undefined;
  return `is no API that the broker serves: ${describe(value)}${orKnown(value, apiNames)}`;
});

const CONDITIONS: OptionRules<Conditions> = {
  api,
  client: text(undefined),
  group: text(undefined),
  topic: text(undefined),
  partition: integer(undefined),
  broker: integer(undefined),
};

const RULES: OptionRules<ResolvedMatch> = {
  ...CONDITIONS,
  api: required(api),
  nth: integer(undefined, { min: 1 }),
  times: integer(undefined, { min: 1 }),
  probability: positive(undefined, { max: 1 }),
  seed: integer(undefined, { min: Number.MIN_SAFE_INTEGER }),
};

/** @throws KafkaConfigError that lists everything wrong with it */
export function resolveFaultMatch(given: FaultMatch): Pick<FaultSpec, 'match' | 'trigger'> {
  const check = new OptionsCheck('faults.on()');
  const { nth, times, probability, seed, ...match } = check.resolve(given, RULES);
  checkConditions(check, match);
  if (nth !== undefined && probability !== undefined) check.problem('nth', 'cannot go together with probability');
  if (seed !== undefined && probability === undefined)
    check.problem('seed', 'is of use only together with probability');
  check.throwIfAny();
  const trigger = { nth: nth ?? 1, times: times ?? (nth === undefined ? Infinity : 1), probability, seed: seed ?? 1 };
  return { match, trigger };
}

/** @throws KafkaConfigError that lists everything wrong with it */
export function resolveRequestMatch(given: RequestMatch): RequestMatch {
  const check = new OptionsCheck('awaitRequest()');
  const match = check.resolve(given, CONDITIONS);
  checkConditions(check, match);
  check.throwIfAny();
  return match;
}

/** A condition that no request of the API can meet would make a rule that never does anything. */
function checkConditions(check: OptionsCheck, { api: name, topic, partition, group }: RequestMatch): void {
  if (name === undefined || !check.isFine('api')) return;
  const refuse = (option: string): void =>
    check.problem(option, `says nothing: ${name} requests do not tell their ${option}`);
  if (topic !== undefined && !tellsTopics(name)) refuse('topic');
  if (partition !== undefined && !tellsPartitions(name)) refuse('partition');
  if (group !== undefined && !tellsGroups(name)) refuse('group');
}
