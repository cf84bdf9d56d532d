import { describe, didYouMean, integer, type OptionsCheck } from '@hearken/core/internal';
import { PriorityOutOfRangeError } from './errors.js';

/** As many levels as there can be. Two to five are enough for most: see docs/priority.md. */
export const MAX_LEVELS = 16;

/** One level. Its number is its place in the list: 0 is the least urgent. */
export interface LevelDefinition<Name extends string = string> {
  /** What it may be called instead of its number. No digits only. */
  readonly name?: Name;
  /** Its share against the other levels' weights, above 0. All levels have one or none; not beside a `quotaDistributor`. */
  readonly weight?: number;
  /** The part of all dispatches it gets at least while it has records, from 0 to 1. @default 0 */
  readonly minShare?: number;
  /** Slots that are kept for it and never lent. @default 0 */
  readonly minSlots?: number;
  /** Slots it may take at most. @default all but those kept for others */
  readonly maxSlots?: number;
}

/** How many levels, or what each of them is, the least urgent first: `3`, or `['bulk', 'normal', 'urgent']`. */
export type LevelDefinitions<Name extends string = string> = number | readonly (Name | LevelDefinition<Name>)[];

/** A level by number or name. */
export type PriorityOrName<Name extends string = string> = number | Name;

/** Levels as the rest of the code sees them: resolved and frozen. */
export class PriorityLevels<Name extends string = string> {
  readonly definitions: readonly LevelDefinition<Name>[];
  readonly #byName: ReadonlyMap<string, number>;

  constructor(definitions: readonly LevelDefinition<Name>[]) {
    this.definitions = Object.freeze([...definitions]);
    this.#byName = new Map(definitions.flatMap(({ name }, priority) => (name === undefined ? [] : [[name, priority]])));
  }

  get count(): number {
    return this.definitions.length;
  }

  /** The level's name, or its number if it has none. */
  nameOf(priority: number): string {
    return this.definitions[priority]?.name ?? String(priority);
  }

  /** The level's number, if there is such a level. */
  find(priority: unknown): number | undefined {
    if (typeof priority === 'string') return this.#byName.get(priority);
    return Number.isInteger(priority) && (priority as number) >= 0 && (priority as number) < this.count
      ? (priority as number)
      : undefined;
  }

  /** @throws PriorityOutOfRangeError */
  priorityOf(priority: PriorityOrName<Name>): number {
    const found = this.find(priority);
    if (found !== undefined) return found;
    throw new PriorityOutOfRangeError(this.explain(priority));
  }

  /** Why there is no such level. */
  explain(priority: unknown): string {
    const names = [...this.#byName.keys()];
    const named = names.length === 0 ? '' : ` (${names.join(', ')})`;
    return `there is no level ${describe(priority)}: they are 0 to ${this.count - 1}${named}${didYouMean(priority, names)}`;
  }
}

/** Reports what is wrong with `levels`; then it resolves to a single level, so that the other options can be judged. */
export function resolveLevels<Name extends string>(
  check: OptionsCheck,
  given: LevelDefinitions<Name> | undefined,
): PriorityLevels<Name> {
  if (Array.isArray(given)) return new PriorityLevels(resolveList(check, given as readonly unknown[]));
  const problem = integer(undefined, { min: 1, max: MAX_LEVELS }).check(given);
  if (problem === undefined) return new PriorityLevels(Array.from({ length: given as number }, () => ({})));
  check.problem('levels', given === undefined ? 'is required' : `${problem}; or give a list of levels`);
  return new PriorityLevels([{}]);
}

function resolveList<Name extends string>(check: OptionsCheck, list: readonly unknown[]): LevelDefinition<Name>[] {
  if (list.length < 1 || list.length > MAX_LEVELS) {
    check.problem('levels', `must be from 1 to ${MAX_LEVELS} levels, got ${list.length}`);
  }
  const levels = list.map((level, priority) => resolveLevel<Name>(check, level, `levels.${priority}`));
  checkTogether(check, levels);
  return levels;
}

function resolveLevel<Name extends string>(check: OptionsCheck, level: unknown, path: string): LevelDefinition<Name> {
  const given = typeof level === 'string' ? { name: level } : level;
  if (given === undefined) check.problem(path, 'must be a name or an object, got undefined');
  return check.resolve<LevelRules<Name>>(
    given,
    {
      name: { default: undefined, check: checkName },
      weight: { default: undefined, check: checkWeight },
      minShare: { default: 0, check: checkShare },
      minSlots: integer(0),
      maxSlots: integer(undefined, { min: 1 }),
    },
    path,
  ) as LevelDefinition<Name>;
}

type LevelRules<Name extends string> = {
  readonly [Option in keyof LevelDefinition<Name>]-?: LevelDefinition<Name>[Option] | undefined;
};

const checkName = (name: unknown): string | undefined =>
  typeof name === 'string' && name !== '' && !/^\d+$/.test(name)
    ? undefined
    : `must be a text that is not a number, got ${describe(name)}`;

const checkWeight = (weight: unknown): string | undefined =>
  typeof weight === 'number' && weight > 0 && Number.isFinite(weight)
    ? undefined
    : `must be a number above 0, got ${describe(weight)}`;

const checkShare = (share: unknown): string | undefined =>
  typeof share === 'number' && share >= 0 && share <= 1
    ? undefined
    : `must be a number from 0 to 1, got ${describe(share)}`;

/** What no level shows alone. */
function checkTogether(check: OptionsCheck, levels: readonly LevelDefinition[]): void {
  levels.forEach(({ name, minSlots = 0, maxSlots }, priority) => {
    const first = levels.findIndex((level) => level.name === name);
    if (name !== undefined && first < priority) check.problem(`levels.${priority}.name`, `is level ${first}'s too`);
    if (maxSlots !== undefined && minSlots > maxSlots) {
      check.problem(`levels.${priority}.minSlots`, `must not be above maxSlots, got ${minSlots} and ${maxSlots}`);
    }
  });
  const weighted = levels.filter(({ weight }) => weight !== undefined).length;
  if (weighted > 0 && weighted < levels.length) {
    check.problem('levels', `must all have a weight, or none: ${weighted} of ${levels.length} have one`);
  }
}
