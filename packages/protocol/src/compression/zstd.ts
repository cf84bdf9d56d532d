import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import type { CompressionCodec } from './codec.js';
import { optionalPackage } from './optional-package.js';
import { unfolder, type ZstdBinding } from './zstd-unfold.js';

/** What Node.js has from 22.15 on. */
interface NodeZstd {
  readonly zstdCompress: (bytes: Buffer, options: Size, done: Done) => void;
  readonly zstdCompressSync: (bytes: Buffer, options: Size) => Buffer;
  readonly zstdDecompress: (bytes: Buffer, options: Bound, done: Done) => void;
  readonly zstdDecompressSync: (bytes: Buffer, options: Bound) => Buffer;
}

type Done = (error: Error | null, result: Buffer) => void;

/** zstd clears tables for megabytes unless it knows that there is less: half of a batch's time. */
interface Size {
  readonly pledgedSrcSize: number;
}

interface Bound {
  readonly maxOutputLength: number;
}

/** What we use of the package. */
interface ZstdPackage {
  compress(bytes: Buffer): Buffer;
}

/** Up to here it runs on our own thread: 8 KiB take some 60 µs, about the way to the thread pool and back. */
const SYNC_UP_TO_BYTES = 8 * 1024;

/** @throws ProtocolError `UNSUPPORTED_COMPRESSION` */
export const zstdCodec = (): CompressionCodec =>
  'zstdCompress' in zlib ? nodeZstdCodec(zlib as unknown as NodeZstd) : packageZstdCodec();

function nodeZstdCodec(zstd: NodeZstd): CompressionCodec {
  const compressOnPool = promisify(zstd.zstdCompress);
  const decompressOnPool = promisify(zstd.zstdDecompress);
  return {
    compress: (bytes) => {
      const size = { pledgedSrcSize: bytes.length };
      return bytes.length <= SYNC_UP_TO_BYTES ? zstd.zstdCompressSync(bytes, size) : compressOnPool(bytes, size);
    },
    decompress: (bytes, maxOutputLength) =>
      bytes.length <= SYNC_UP_TO_BYTES
        ? zstd.zstdDecompressSync(bytes, { maxOutputLength })
        : decompressOnPool(bytes, { maxOutputLength }),
  };
}

/** The package works on our own thread only. */
function packageZstdCodec(): CompressionCodec {
  const options = { instead: ', or run Node.js 22.15 or later' };
  const zstd = optionalPackage('zstd-napi', 'zstd', options) as ZstdPackage;
  const binding = optionalPackage('zstd-napi/binding.js', 'zstd', options) as ZstdBinding;
  return {
    compress: (bytes) => zstd.compress(bytes),
    decompress: unfolder(binding),
  };
}
