const MAGIC = 0x184d2204;
const VERSION = 0x40;
const FLAGS = { version: 0xc0, blockChecksums: 0x10, contentSize: 0x08, contentChecksum: 0x04, dictionary: 0x01 };
/** Set in a block's size if it is stored as it is. */
const STORED = 0x8000_0000;
/** No byte of a block stands for more. */
const MOST_UNFOLDED = 255;

/**
 * The LZ4 frame that the bytes begin with, up to its end mark: what follows is not a reader's business. Walks over its
 * blocks without unfolding them, because the package has no bound of its own.
 * @throws Error if it is no whole frame, or if its blocks could be more than `maxBytes` when unfolded
 */
export function wholeFrame(bytes: Buffer, maxBytes: number): Buffer {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== MAGIC) throw new Error('no LZ4 frame');
  const flags = bytes.readUInt8(4);
  if ((flags & FLAGS.version) !== VERSION) throw new Error('an LZ4 frame of another version');
  const blockChecksumBytes = flags & FLAGS.blockChecksums ? 4 : 0;
  const blockBytes = maxBlockBytes(bytes.readUInt8(5));

  let at = 7 + (flags & FLAGS.contentSize ? 8 : 0) + (flags & FLAGS.dictionary ? 4 : 0);
  let unfolded = 0;
  for (let size = sizeAt(bytes, at); size !== 0; size = sizeAt(bytes, at)) {
    const isStored = size >= STORED;
    const stored = isStored ? size - STORED : size;
    unfolded += isStored ? stored : Math.min(stored * MOST_UNFOLDED, blockBytes);
    if (unfolded > maxBytes) throw new Error(`an LZ4 frame of possibly more than ${maxBytes} bytes`);
    at += 4 + stored + blockChecksumBytes;
  }
  const end = at + 4 + (flags & FLAGS.contentChecksum ? 4 : 0);
  if (end > bytes.length) throw new Error('an LZ4 frame that is cut off');
  return bytes.subarray(0, end);
}

/** What one block may unfold to, by the frame's second byte: 64 KiB, 256 KiB, 1 MiB or 4 MiB. */
function maxBlockBytes(descriptor: number): number {
  const exponent = (descriptor >> 4) & 0x07;
  if (exponent < 4) throw new Error('an LZ4 frame of an unknown block size');
  return 2 ** (8 + 2 * exponent);
}

function sizeAt(bytes: Buffer, at: number): number {
  if (at + 4 > bytes.length) throw new Error('an LZ4 frame that is cut off');
  return bytes.readUInt32LE(at);
}
