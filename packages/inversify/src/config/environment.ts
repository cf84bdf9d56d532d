import { nearest } from '@hearken/core/internal';
import type { ConfigProblem } from '@hearken/core';
import { parseText, upperSnake, type TextKind } from './environment-text.js';

/** Variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An object of options that variables may set. */
export interface Section {
  /** Where it stands in the configuration: `containers.billing`. */
  readonly path: string;
  readonly options: Readonly<Record<string, TextKind>>;
}

/** What a variable says. */
export interface FromEnvironment {
  readonly option: string;
  readonly value: unknown;
  readonly variable: string;
}

export interface EnvironmentReading {
  /** By the path of the section. */
  readonly values: ReadonlyMap<string, readonly FromEnvironment[]>;
  readonly problems: readonly ConfigProblem[];
}

/** `HEARKEN_CONTAINERS_BILLING_MAX_POLL_RECORDS` for `containers.billing`, `maxPollRecords`. */
export const variableOf = (path: string, option: string): string => `${PREFIX}${upperSnake(`${path}.${option}`)}`;

const PREFIX = 'HEARKEN_';

/**
 * What the variables say of these sections. Names of options are many-to-one in upper case, so nothing is parsed out of a
 * variable's name: each possible one is known beforehand, and one that nobody knows is a problem.
 * @param roots the first names of the paths that are looked at: other variables are somebody else's
 */
export function readEnvironment(
  environment: Environment,
  roots: readonly string[],
  sections: readonly Section[],
): EnvironmentReading {
  const prefixes = roots.map((root) => `${PREFIX}${upperSnake(root)}_`);
  const ours = Object.entries(environment).filter(
    ([name, text]) => text !== undefined && prefixes.some((prefix) => name.startsWith(prefix)),
  );
  const values = new Map<string, FromEnvironment[]>();
  const problems: ConfigProblem[] = [];
  const known = ours.length === 0 ? new Map<string, Target[]>() : variablesOf(sections);
  for (const [variable, text = ''] of ours) {
    const targets = known.get(variable) ?? [];
    const [target] = targets;
    if (target === undefined || targets.length > 1) {
      problems.push({ path: variable, message: target === undefined ? unknown(variable, known) : ambiguous(targets) });
      continue;
    }
    const parsed = parseText(text, target.kind);
    if ('problem' in parsed) problems.push({ path: variable, message: parsed.problem });
    else
      values.set(target.path, [
        ...(values.get(target.path) ?? []),
        { option: target.option, value: parsed.value, variable },
      ]);
  }
  return { values, problems };
}

/**
 * Variables that look as if they were meant for one of the roots, and are for none: nothing would read them. What is further
 * off is somebody else's.
 */
export function misspeltRoots(environment: Environment, roots: readonly string[]): readonly ConfigProblem[] {
  const known = roots.map(upperSnake);
  return Object.entries(environment).flatMap(([variable, text]): ConfigProblem[] => {
    const [, root, rest] = /^HEARKEN_([A-Z]+)_(.+)$/.exec(variable) ?? [];
    if (text === undefined || root === undefined || rest === undefined || known.includes(root)) return [];
    const near = nearest(root, known);
    return near === undefined
      ? []
      : [{ path: variable, message: `is not known; did you mean ${PREFIX}${near}_${rest}?` }];
  });
}

interface Target {
  readonly path: string;
  readonly option: string;
  readonly kind: TextKind;
}

function variablesOf(sections: readonly Section[]): ReadonlyMap<string, Target[]> {
  const known = new Map<string, Target[]>();
  for (const { path, options } of sections) {
    for (const [option, kind] of Object.entries(options)) {
      const variable = variableOf(path, option);
      known.set(variable, [...(known.get(variable) ?? []), { path, option, kind }]);
    }
  }
  return known;
}

function unknown(variable: string, known: ReadonlyMap<string, unknown>): string {
  const near = nearest(variable, [...known.keys()]);
  return `is not known${near === undefined ? '' : `; did you mean ${near}?`}`;
}

const ambiguous = (targets: readonly Target[]): string =>
  `could be ${targets.map(({ path, option }) => `${path}.${option}`).join(' or ')}: give them names that differ in more than signs`;
