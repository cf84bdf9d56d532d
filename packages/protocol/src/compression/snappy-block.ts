/** What the stream of Java's Snappy library begins with. No block does: its first element would refer back to nothing. */
const XERIAL_MAGIC = Buffer.from('82534e4150505900', 'hex');
/** The magic, a version and the oldest compatible one. */
const XERIAL_HEADER_BYTES = 16;
/** Of a block's length: 32 bits, 7 in each. */
const MAX_LENGTH_BYTES = 5;
/** No element of a block stands for more: 3 bytes that copy 64. */
const MOST_UNFOLDED = 64 / 3;

/**
 * The input as one block. Java writes a stream of blocks instead, of 32 KiB unfolded each. Elements refer back only, by
 * distance, so the elements of all blocks behind each other are a block, once it says how long all are together: one call
 * of the codec instead of many.
 * @throws Error if it is cut off, or says that it unfolds to more than `maxBytes` or than it can
 */
export function oneBlock(bytes: Buffer, maxBytes: number): Buffer {
  if (!bytes.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) {
    readLength(bytes, 0, bytes.length, maxBytes);
    return bytes;
  }
  const joined = Buffer.allocUnsafe(bytes.length);
  let end = MAX_LENGTH_BYTES;
  let unfolded = 0;
  for (let at = XERIAL_HEADER_BYTES; at !== bytes.length;) {
    const from = at + 4;
    const to = from <= bytes.length ? from + bytes.readInt32BE(at) : 0;
    if (to <= from || to > bytes.length) throw new Error('a snappy stream is cut off');
    const { value, elementsAt } = readLength(bytes, from, to, maxBytes - unfolded);
    unfolded += value;
    end += bytes.copy(joined, end, elementsAt, to);
    at = to;
  }
  return joined.subarray(writeLength(joined, unfolded), end);
}

function readLength(bytes: Buffer, from: number, to: number, max: number): { value: number; elementsAt: number } {
  let value = 0;
  for (let at = from, place = 1; at < Math.min(to, from + MAX_LENGTH_BYTES); place *= 0x80) {
    const byte = bytes.readUInt8(at++);
    value += (byte & 0x7f) * place;
    if (byte >= 0x80) continue;
    if (value > max || value > (to - at) * MOST_UNFOLDED) throw new Error(`${to - at} bytes that unfold to ${value}`);
    return { value, elementsAt: at };
  }
  throw new Error('a snappy block without its length');
}

/** Puts it before the elements and returns where it begins. */
function writeLength(block: Buffer, value: number): number {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  bytes.push(value);
  block.set(bytes, MAX_LENGTH_BYTES - bytes.length);
  return MAX_LENGTH_BYTES - bytes.length;
}
