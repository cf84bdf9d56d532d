import { isUtf8 } from 'node:buffer';
import type { Bytes } from '@hearken/core';

const LONGEST_BYTES = 64;

/** A key for people: as text if it can be read as one, else in hexadecimal digits after `0x`; the beginning of a long one. */
export function keyText(key: Bytes): string | null {
  if (key === null) return null;
  const text = textOf(key) ?? `0x${key.toString('hex', 0, LONGEST_BYTES)}`;
  return key.length > LONGEST_BYTES ? `${text}…` : text;
}

/** Undefined if it is none, or one that would play tricks on a terminal. */
function textOf(key: Buffer): string | undefined {
  if (!isUtf8(key)) return undefined;
  const text = key.toString('utf8', 0, LONGEST_BYTES);
  if (/\p{Cc}/u.test(text)) return undefined;
  return key.length > LONGEST_BYTES ? text.replace(/\ufffd$/, '') : text; // the cut may go through a character
}
