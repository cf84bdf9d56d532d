import type { Scenario, Settings } from './scenario.js';

/** What the command line asks for. */
export interface Arguments {
  /** In the order to run them. */
  readonly chosen: readonly (readonly [name: string, scenario: Scenario])[];
  readonly settings: Settings;
  /** A commit of ours to run against, instead of the peers. */
  readonly against: string | undefined;
}

export const usage = (scenarios: Readonly<Record<string, Scenario>>): string =>
  [
    'usage: npm run bench -- <scenario> [--against <git ref>] [name=number …]',
    ...Object.entries(scenarios).map(
      ([name, { settings }]) =>
        `  ${name.padEnd(21)}${Object.entries(settings)
          .map(([setting, value]) => `${setting}=${value}`)
          .join(' ')}`,
    ),
    '  all                  every scenario, with the settings they share',
  ].join('\n');

/** @throws Error that says what is wrong: an unknown scenario or setting, a value that is not a positive number, no ref */
export function parseArguments(args: readonly string[], scenarios: Readonly<Record<string, Scenario>>): Arguments {
  const { against, rest } = takeAgainst(args);
  const [name = '', ...settingTexts] = rest;
  const chosen = Object.entries(scenarios).filter(([known]) => name === 'all' || name === known);
  if (chosen.length === 0) throw new Error(name === '' ? 'which scenario?' : `unknown scenario '${name}'`);
  const settings = Object.fromEntries(settingTexts.map(parseSetting));
  for (const [title, scenario] of chosen) {
    const unknown = Object.keys(settings).filter((setting) => !Object.hasOwn(scenario.settings, setting));
    if (unknown.length > 0) throw new Error(`'${title}' has no setting ${unknown.join(', ')}`);
  }
  return { chosen, settings, against };
}

function takeAgainst(args: readonly string[]): { against: string | undefined; rest: readonly string[] } {
  const at = args.indexOf('--against');
  if (at < 0) return { against: undefined, rest: args };
  const against = args[at + 1];
  if (against === undefined || against.startsWith('-')) throw new Error('--against needs a git ref');
  return { against, rest: args.toSpliced(at, 2) };
}

function parseSetting(text: string): [name: string, value: number] {
  const [, name, number] = /^(\w+)=([\d_.]+)$/.exec(text) ?? [];
  const value = Number(number?.replaceAll('_', ''));
  if (name === undefined || !(value > 0)) throw new Error(`'${text}' is not name=number`);
  return [name, value];
}
