import { outOfRange } from '../integers.js';

/**
 * Zigzag varints at a position of a buffer, for the path that every record takes. Writers return the position after
 * what they wrote; there must be room.
 */

export function writeVarint(to: Buffer, at: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  while (rest > 0x7f) {
    to[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  to[at++] = rest;
  return at;
}

/** Any safe integer; those of 31 bits take the quick way. */
export function writeVarlong(to: Buffer, at: number, value: number): number {
  if (value === value >> 0) return writeVarint(to, at, value);
  let rest = zigzag(value);
  while (rest > 0x7fn) {
    to[at++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  to[at++] = Number(rest);
  return at;
}

export function sizeOfVarint(value: number): number {
  const rest = ((value << 1) ^ (value >> 31)) >>> 0;
  return rest < 0x80 ? 1 : rest < 0x4000 ? 2 : rest < 0x20_0000 ? 3 : rest < 0x1000_0000 ? 4 : 5;
}

export function sizeOfVarlong(value: number): number {
  if (value === value >> 0) return sizeOfVarint(value);
  let size = 1;
  for (let rest = zigzag(value); rest > 0x7fn; rest >>= 7n) size++;
  return size;
}

function zigzag(value: number): bigint {
  if (!Number.isSafeInteger(value)) throw outOfRange('varlong', value);
  return BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
}
