import { custom, describe, OptionsCheck, required, text, type OptionRule } from '@hearken/core/internal';
import type { ResetTarget } from './offsets.js';

const NAME = required(text(undefined));

const listOfNames = custom<readonly string[] | undefined>(undefined, (value) => {
  if (!Array.isArray(value)) return `must be a list of names, got ${describe(value)}`;
  const problems = value.map(NAME.check);
  const wrong = problems.findIndex((problem) => problem !== undefined);
  return wrong < 0 ? undefined : `must be a list of names, number ${wrong} ${String(problems[wrong])}`;
});

const target = custom<ResetTarget | undefined>(undefined, (value) => {
  const { timestamp } = (value ?? {}) as { readonly timestamp?: unknown };
  const isTime = Number.isSafeInteger(timestamp) && (timestamp as number) >= 0;
  return value === 'earliest' || value === 'latest' || isTime
    ? undefined
    : `must be 'earliest', 'latest' or { timestamp } in milliseconds since 1970, got ${describe(value)}`;
});

const NAMES = required(listOfNames);

/** What admin calls take beside lists of objects. */
const RULES = {
  topic: NAME,
  groupId: NAME,
  topics: NAMES,
  groupIds: NAMES,
  groupInstanceIds: NAMES,
  onlyTopics: listOfNames,
  to: required(target),
} satisfies Record<string, OptionRule<unknown>>;

/**
 * Refuses what a request could not hold, before anything is asked.
 * @param call what the error names: "deleteTopics"
 * @throws KafkaConfigError that names every argument that is wrong
 */
export function requireArguments(call: string, given: { readonly [Name in keyof typeof RULES]?: unknown }): void {
  const check = new OptionsCheck(call);
  const names = Object.keys(given) as (keyof typeof RULES)[];
  check.resolve(given, Object.fromEntries(names.map((name): [string, OptionRule<unknown>] => [name, RULES[name]])));
  check.throwIfAny();
}

/** The list, or none and a problem. */
export function listIn(check: OptionsCheck, name: string, given: unknown): readonly unknown[] {
  if (Array.isArray(given)) return given;
  check.problem(name, `must be a list, got ${describe(given)}`);
  return [];
}
