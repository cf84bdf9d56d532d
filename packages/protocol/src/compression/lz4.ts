import type { CompressionCodec } from './codec.js';
import { wholeFrame } from './lz4-frame.js';
import { optionalPackage } from './optional-package.js';

/** What we use of the package. */
interface Lz4 {
  compressFrame(bytes: Buffer): Promise<Buffer>;
  compressFrameSync(bytes: Buffer): Buffer;
  decompressFrame(bytes: Buffer): Promise<Buffer>;
  decompressFrameSync(bytes: Buffer): Buffer;
}

/** Up to here it runs on our own thread: 16 KiB take some 25 µs, about the way to the thread pool and back. */
const SYNC_UP_TO_BYTES = 16 * 1024;

/** @throws ProtocolError `UNSUPPORTED_COMPRESSION` */
export function lz4Codec(): CompressionCodec {
  const lz4 = optionalPackage('lz4-napi', 'lz4') as Lz4;
  return {
    compress: (bytes) => (bytes.length <= SYNC_UP_TO_BYTES ? lz4.compressFrameSync(bytes) : lz4.compressFrame(bytes)),
    decompress(bytes, maxBytes) {
      const frame = wholeFrame(bytes, maxBytes);
      return frame.length <= SYNC_UP_TO_BYTES ? lz4.decompressFrameSync(frame) : lz4.decompressFrame(frame);
    },
  };
}
