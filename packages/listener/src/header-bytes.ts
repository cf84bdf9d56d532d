/** A number in a header, as Java's clients write it: big-endian, four bytes. */
export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** Likewise, in eight bytes. */
export function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

/** The number in a header that `int32` wrote; undefined if there is none. */
export const readInt32 = (bytes: Buffer | null | undefined): number | undefined =>
  bytes?.length === 4 ? bytes.readInt32BE(0) : undefined;

/** Likewise, of `int64`. */
export const readInt64 = (bytes: Buffer | null | undefined): number | undefined =>
  bytes?.length === 8 ? Number(bytes.readBigInt64BE(0)) : undefined;
