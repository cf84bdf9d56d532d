import type { CompressionCodec } from './codec.js';
import { optionalPackage } from './optional-package.js';
import { oneBlock } from './snappy-block.js';

/** What we use of the package. */
interface Snappy {
  compress(bytes: Buffer): Promise<Buffer>;
  compressSync(bytes: Buffer): Buffer;
  uncompress(bytes: Buffer): Promise<Buffer>;
  uncompressSync(bytes: Buffer): Buffer;
}

/** Up to here it runs on our own thread: 16 KiB take some 25 µs, about the way to the thread pool and back. */
const SYNC_UP_TO_BYTES = 16 * 1024;

/**
 * Writes one block without framing, as librdkafka does and every client reads, and reads Java's framing too.
 * @throws ProtocolError `UNSUPPORTED_COMPRESSION`
 */
export function snappyCodec(): CompressionCodec {
  const snappy = optionalPackage('snappy', 'snappy') as Snappy;
  return {
    compress: (bytes) => (bytes.length <= SYNC_UP_TO_BYTES ? snappy.compressSync(bytes) : snappy.compress(bytes)),
    decompress(bytes, maxBytes) {
      const block = oneBlock(bytes, maxBytes);
      return block.length <= SYNC_UP_TO_BYTES ? snappy.uncompressSync(block) : snappy.uncompress(block);
    },
  };
}
