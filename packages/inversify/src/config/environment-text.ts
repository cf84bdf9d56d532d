/**
 * What an option is that is written as a text; `'scalar'` is a number if it reads as one. `'none'` stands for objects and
 * functions, which only code can give.
 */
export type TextKind = 'text' | 'number' | 'scalar' | 'boolean' | 'list' | 'pattern' | 'none';

export type Parsed = { readonly value: unknown } | { readonly problem: string };

/**
 * A value of an option from its text in the environment. A list is separated by commas; a pattern is `/…/flags`, or what stands
 * between the slashes.
 */
export function parseText(text: string, kind: TextKind): Parsed {
  return PARSERS[kind](text.trim());
}

const PARSERS: Readonly<Record<TextKind, (text: string) => Parsed>> = {
  text: (text) => (text === '' ? { problem: 'must not be empty' } : { value: text }),
  number: (text) => {
    const value = Number(text);
    return text !== '' && Number.isFinite(value) ? { value } : { problem: `must be a number, got '${text}'` };
  },
  scalar: (text) => ({ value: /^-?\d+$/.test(text) ? Number(text) : text }),
  boolean: (text) =>
    text === 'true' || text === 'false'
      ? { value: text === 'true' }
      : { problem: `must be true or false, got '${text}'` },
  list: (text) => {
    const value = text.split(',').map((one) => one.trim());
    return value.includes('') ? { problem: `must be names separated by commas, got '${text}'` } : { value };
  },
  pattern: (text) => {
    const [, source = text, flags = ''] = /^\/(.*)\/([a-z]*)$/.exec(text) ?? [];
    try {
      return { value: new RegExp(source, flags) };
    } catch (error) {
      return { problem: `must be a regular expression: ${(error as Error).message}` };
    }
  },
  none: () => ({ problem: 'is an object or a function: only code can give it' }),
};

/** `maxPollRecords` is `MAX_POLL_RECORDS`, `Billing.onOrder` is `BILLING_ON_ORDER`. */
export const upperSnake = (name: string): string =>
  name
    .replace(/([a-z\d])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3_$2')
    .replace(/[^A-Za-z\d]+/g, '_')
    .toUpperCase();
