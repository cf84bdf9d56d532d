import { isUtf8 } from 'node:buffer';
import type { Bytes } from '@hearken/core';

const LONGEST = 64;

/** A key for people: as text if it is one, else in hexadecimal digits after `0x`; the beginning of a long one. */
export function keyText(key: Bytes): string | null {
  if (key === null) return null;
  const text = isUtf8(key) ? key.toString('utf8', 0, LONGEST) : `0x${key.toString('hex', 0, LONGEST)}`;
  return key.length > LONGEST ? `${text}…` : text;
}
