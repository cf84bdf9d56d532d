import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { LogEntry } from '@hearken/testing';

/** Fails if anything that an application may print of these things shows a secret: as text, in base64, or as a Buffer's hex. */
export function assertKept(secrets: readonly string[], ...things: readonly unknown[]): void {
  for (const thing of things) {
    const printed = printingsOf(thing).join('\n');
    for (const secret of secrets) {
      for (const form of formsOf(secret)) assert.ok(!printed.includes(form), `'${form}' shows in ${printed}`);
    }
  }
}

/** What was logged, to be looked at with the rest. */
export const logged = (entries: readonly LogEntry[]): unknown[] =>
  entries.flatMap(({ details, message }) => [message, details, ...(Object.values(details) as unknown[])]);

const printingsOf = (thing: unknown): string[] => [
  String(thing),
  inspect(thing, { depth: 10, showHidden: true, maxStringLength: null, maxArrayLength: null }),
  jsonOf(thing),
  ...(thing instanceof Error ? [thing.message, thing.stack ?? '', ...printingsOf(thing.cause)] : []),
];

/** Some things refer to themselves, and then nobody prints them so. */
function jsonOf(thing: unknown): string {
  try {
    return JSON.stringify(thing);
  } catch {
    return '';
  }
}

const formsOf = (secret: string): string[] => {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  return [secret, bytes.toString('base64').replace(/=+$/, ''), hex, hex.replace(/(..)(?=.)/g, '$1 ')];
};
