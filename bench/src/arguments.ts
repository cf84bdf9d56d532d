import type { Scenario, Settings } from './scenario.js';

/** What the command line asks for. */
export interface Arguments {
  /** Names of scenarios, in the order to run them. */
  readonly scenarios: readonly string[];
  readonly settings: Settings;
}

export const usage = (scenarios: Readonly<Record<string, Scenario>>): string =>
  [
    'usage: npm run bench -- <scenario> [name=number …]',
    ...Object.entries({ ...scenarios }).map(
      ([name, { settings }]) =>
        `  ${name.padEnd(10)}${Object.entries(settings)
          .map(([setting, value]) => `${setting}=${value}`)
          .join(' ')}`,
    ),
    '  all       every scenario, with the settings they share',
  ].join('\n');

/** @throws Error that says what is wrong, for an unknown scenario or setting or a value that is not a positive number */
export function parseArguments(args: readonly string[], scenarios: Readonly<Record<string, Scenario>>): Arguments {
  const [name = '', ...rest] = args;
  const chosen = name === 'all' ? Object.keys(scenarios) : [name];
  const settings = Object.fromEntries(rest.map(parseSetting));
  for (const scenario of chosen) {
    const known = scenarios[scenario]?.settings;
    if (known === undefined) throw new Error(`unknown scenario '${scenario}'`);
    const unknown = Object.keys(settings).filter((setting) => !Object.hasOwn(known, setting));
    if (unknown.length > 0) throw new Error(`'${scenario}' has no setting ${unknown.join(', ')}`);
  }
  return { scenarios: chosen, settings };
}

function parseSetting(text: string): [name: string, value: number] {
  const [, name, number] = /^(\w+)=([\d_.]+)$/.exec(text) ?? [];
  const value = Number(number?.replaceAll('_', ''));
  if (name === undefined || !(value > 0)) throw new Error(`'${text}' is not name=number`);
  return [name, value];
}
