/* eslint-disable @typescript-eslint/no-non-null-assertion -- every index is masked to its table or below `to`, and a
   fallback would cost on each byte of every batch. */

const CASTAGNOLI_REVERSED = 0x82f63b78;

/**
 * Eight tables of 256: table 0 is the CRC of one byte, table n that of the byte followed by n zero bytes. So eight bytes
 * are eight look-ups that do not wait for each other ("slicing by eight").
 */
const [T0, T1, T2, T3, T4, T5, T6, T7] = sliceTables();

/** CRC-32C (Castagnoli) of `buffer[from, to)`, as an unsigned 32-bit integer. */
export function crc32c(buffer: Uint8Array, from = 0, to: number = buffer.length): number {
  let crc = -1;
  let at = from;
  for (const end = to - 7; at < end; at += 8) {
    const low = crc ^ (buffer[at]! | (buffer[at + 1]! << 8) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 24));
    crc =
      T7[low & 0xff]! ^
      T6[(low >>> 8) & 0xff]! ^
      T5[(low >>> 16) & 0xff]! ^
      T4[low >>> 24]! ^
      T3[buffer[at + 4]!]! ^
      T2[buffer[at + 5]!]! ^
      T1[buffer[at + 6]!]! ^
      T0[buffer[at + 7]!]!;
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ T0[(crc ^ buffer[at]!) & 0xff]!;
  return ~crc >>> 0;
}

type Tables = readonly [Table, Table, Table, Table, Table, Table, Table, Table];
type Table = Int32Array<ArrayBuffer>;

function sliceTables(): Tables {
  const ofByte = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? CASTAGNOLI_REVERSED : 0);
    return crc;
  });
  const withZeroByte = (table: Table): Table => table.map((crc) => (crc >>> 8) ^ ofByte[crc & 0xff]!);
  const tables = [ofByte];
  while (tables.length < 8) tables.push(withZeroByte(tables.at(-1)!));
  return tables as unknown as Tables;
}
