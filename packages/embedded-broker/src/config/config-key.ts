import type { ErrorName } from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';

/** Kafka's types of values. */
export type ConfigType = 'boolean' | 'string' | 'int' | 'long' | 'double' | 'list';

/** One configuration by Kafka's name. Values are texts, as they travel. */
export interface ConfigKey {
  readonly name: string;
  readonly type: ConfigType;
  /** Null: none. */
  readonly defaultValue: string | null;
  /** What is wrong with a value of the right type; undefined if nothing is. Of a list, with one element. */
  readonly problemOf: (value: string) => string | undefined;
}

type Check = ConfigKey['problemOf'];

export const key = (
  type: ConfigType,
  name: string,
  defaultValue: string | number | boolean | null,
  ...checks: Check[]
): ConfigKey => ({
  name,
  type,
  defaultValue: defaultValue === null ? null : String(defaultValue),
  problemOf(value) {
    for (const check of checks) {
      const problem = check(value);
      if (problem !== undefined) return problem;
    }
    return undefined;
  },
});

export const atLeast =
  (min: number): Check =>
  (value) =>
    Number(value) < min ? `Value must be at least ${min}` : undefined;

export const atMost =
  (max: number): Check =>
  (value) =>
    Number(value) > max ? `Value must be no more than ${max}` : undefined;

export const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    values.includes(value) ? undefined : `String must be one of: ${values.join(', ')}`;

/** For what the broker does not do: every value that asks for it is refused. @param why ends the sentence after a dash */
export const only =
  (supported: string, why: string): Check =>
  (value) =>
    value === supported ? undefined : `the embedded broker has no other value than ${supported}: ${why}`;

const INT_BITS = 32;
const LONG_BITS = 64;

/**
 * A value as Kafka shows it: without the spaces around it, numbers without leading zeros, booleans in lower case.
 * @param refusal what a wrong value is refused with: Kafka's broker and controller do not agree
 * @throws BrokerError with that name, in Kafka's words (`ConfigDef.parseType`)
 */
export function parseConfig(key: ConfigKey, text: string, refusal: ErrorName = 'INVALID_CONFIG'): string {
  const refuse = (problem: string): never => {
    throw new BrokerError(refusal, `Invalid value ${text} for configuration ${key.name}: ${problem}`);
  };
  const parsed = parse(key.type, text.trim()) ?? refuse(expected(key.type));
  for (const one of key.type === 'list' ? elementsOf(parsed) : [parsed]) {
    const problem = key.problemOf(one);
    if (problem !== undefined) refuse(problem);
  }
  return parsed;
}

/** The elements of a list's value. */
export const elementsOf = (list: string): string[] => (list === '' ? [] : list.split(','));

/** `undefined`: not of that type. */
function parse(type: ConfigType, text: string): string | undefined {
  switch (type) {
    case 'string':
      return text;
    case 'list':
      return text === '' ? '' : text.split(/\s*,\s*/).join(',');
    case 'boolean':
      return /^(?:true|false)$/i.test(text) ? text.toLowerCase() : undefined;
    case 'double':
      return text !== '' && Number.isFinite(Number(text)) ? String(Number(text)) : undefined;
    case 'int':
      return integer(text, INT_BITS);
    case 'long':
      return integer(text, LONG_BITS);
  }
}

/** Beyond 2^53 too: `9223372036854775807` is the default of several. */
function integer(text: string, bits: number): string | undefined {
  if (!/^[+-]?\d{1,20}$/.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(bits, value) === value ? String(value) : undefined;
}

const expected = (type: ConfigType): string =>
  type === 'boolean' ? 'Expected value to be either true or false' : `Not a number of type ${type.toUpperCase()}`;
