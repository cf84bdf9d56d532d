import { describe } from '@hearken/core/internal';

/** What kafkajs needs for each mechanism it brings, by its upper-case name. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  PLAIN: ['username', 'password'],
  'SCRAM-SHA-256': ['username', 'password'],
  'SCRAM-SHA-512': ['username', 'password'],
  AWS: ['authorizationIdentity', 'accessKeyId', 'secretAccessKey'],
  OAUTHBEARER: ['oauthBearerProvider'],
};

/** What is wrong with `sasl` as a user wrote it; undefined if nothing is. Names settings, never shows their values. */
export function saslProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null)
    return `must be an object with a mechanism, got ${value === null ? 'null' : `a ${typeof value}`}`;
  const settings = value as Partial<Record<string, unknown>>;
  const { mechanism, authenticationProvider } = settings;
  if (typeof mechanism !== 'string') return `must have a mechanism: ${known()}`;
  if (typeof authenticationProvider === 'function') return undefined;
  const needs = NEEDS[mechanism.toUpperCase()];
  if (needs === undefined)
    return `has the unknown mechanism ${describe(mechanism)}: use ${known()}, or give an authenticationProvider`;
  const missing = needs.filter((name) => !isGiven(name, settings[name]));
  return missing.length === 0 ? undefined : `lacks ${missing.join(' and ')} for the mechanism ${mechanism}`;
}

const known = (): string =>
  Object.keys(NEEDS)
    .map((name) => name.toLowerCase())
    .join(', ');

const isGiven = (name: string, value: unknown): boolean =>
  name.endsWith('Provider') ? typeof value === 'function' : typeof value === 'string' && value !== '';
