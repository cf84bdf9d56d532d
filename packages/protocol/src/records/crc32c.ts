import { createRequire } from 'node:module';

/* eslint-disable @typescript-eslint/no-non-null-assertion -- every index is masked to its table or below `to`, and a
   fallback would cost on each byte of every batch. */

const CASTAGNOLI_REVERSED = 0x82f63b78;

/**
 * Sixteen tables of 256 in a row: the first holds the CRC of each byte, the nth that of the byte followed by n zero
 * bytes. So sixteen bytes are sixteen look-ups that do not wait for each other ("slicing"); eight at a time, and bytes
 * instead of words, are measurably slower.
 */
const T = slicingTables(16);

/**
 * From this size on the package's function is called if it is there: it takes a fifth of the time for a batch of 64 KiB, and
 * below this the call costs more than it saves.
 */
const NATIVE_FROM_BYTES = 2048;

type Crc32c = (bytes: Buffer) => number;

/** CRC-32C (Castagnoli) of `buffer[from, to)`, as an unsigned 32-bit integer. */
export function crc32c(buffer: Uint8Array, from = 0, to: number = buffer.length): number {
  const native = to - from < NATIVE_FROM_BYTES ? undefined : nativeCrc32c();
  if (native === undefined) return slicedCrc32c(buffer, from, to);
  return native(Buffer.from(buffer.buffer, buffer.byteOffset + from, to - from));
}

/** What came of it: it is looked for once, with the first batch that is worth it. */
let loaded: { readonly crc32c: Crc32c | undefined } | undefined;

const nativeCrc32c = (): Crc32c | undefined => (loaded ??= { crc32c: loadCrc32c() }).crc32c;

/** A package with a processor's own instruction in it, which npm installs where it has a binary for the platform. */
export function loadCrc32c(require: NodeJS.Require = ownRequire): Crc32c | undefined {
  try {
    const { crc32c: native } = require('@node-rs/crc32') as { readonly crc32c: Crc32c };
    return native(CHECK_VALUE_OF) === CHECK_VALUE ? native : undefined;
  } catch {
    return undefined; // not installed, or not for this platform: the tables do as well
  }
}

const ownRequire = createRequire(import.meta.url);

/** RFC 3720, appendix B.4. */
const CHECK_VALUE_OF = Buffer.from('123456789');
const CHECK_VALUE = 0xe3069283;

/** By the tables. */
export function slicedCrc32c(buffer: Uint8Array, from: number, to: number): number {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  let crc = -1;
  let at = from;
  for (const end = to - 15; at < end; at += 16) {
    const a = crc ^ view.getInt32(at, true);
    const b = view.getInt32(at + 4, true);
    const c = view.getInt32(at + 8, true);
    const d = view.getInt32(at + 12, true);
    crc =
      T[0xf00 | (a & 0xff)]! ^
      T[0xe00 | ((a >>> 8) & 0xff)]! ^
      T[0xd00 | ((a >>> 16) & 0xff)]! ^
      T[0xc00 | (a >>> 24)]! ^
      (T[0xb00 | (b & 0xff)]! ^
        T[0xa00 | ((b >>> 8) & 0xff)]! ^
        T[0x900 | ((b >>> 16) & 0xff)]! ^
        T[0x800 | (b >>> 24)]!) ^
      (T[0x700 | (c & 0xff)]! ^
        T[0x600 | ((c >>> 8) & 0xff)]! ^
        T[0x500 | ((c >>> 16) & 0xff)]! ^
        T[0x400 | (c >>> 24)]!) ^
      (T[0x300 | (d & 0xff)]! ^ T[0x200 | ((d >>> 8) & 0xff)]! ^ T[0x100 | ((d >>> 16) & 0xff)]! ^ T[d >>> 24]!);
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ T[(crc ^ buffer[at]!) & 0xff]!;
  return ~crc >>> 0;
}

function slicingTables(count: number): Int32Array {
  const tables = new Int32Array(count * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? CASTAGNOLI_REVERSED : 0);
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const shorter = tables[i - 256]!;
    tables[i] = (shorter >>> 8) ^ tables[shorter & 0xff]!;
  }
  return tables;
}
