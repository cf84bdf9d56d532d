import { promisify } from 'node:util';
import { gunzip, gunzipSync, gzip, gzipSync } from 'node:zlib';
import { ProtocolError } from '../errors.js';

export type CompressionType = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** Compresses the records of a batch, all of them as one piece. May answer with a promise or at once. */
export interface CompressionCodec {
  compress(bytes: Buffer): Buffer | Promise<Buffer>;
  /** Must throw or reject rather than return more than `maxBytes`: a few hostile bytes may unfold to gigabytes. */
  decompress(bytes: Buffer, maxBytes: number): Buffer | Promise<Buffer>;
}

/** By their number in a batch's attributes. */
export const COMPRESSION_TYPES: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** What a batch may unfold to. Far beyond any real one: brokers refuse batches over 1 MiB unless told otherwise. */
const MAX_DECOMPRESSED_BYTES = 256 * 1024 * 1024;

/**
 * Up to here zlib runs on our own thread: 16 KiB take it a fraction of a millisecond, about what the way to the thread
 * pool and back costs; anything larger would hold up the event loop.
 */
const SYNC_UP_TO_BYTES = 16 * 1024;

const gzipOnPool = promisify<Buffer, Buffer>(gzip);
const gunzipOnPool = promisify(gunzip) as (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const gzipCodec: CompressionCodec = {
  compress: (bytes) => (bytes.length <= SYNC_UP_TO_BYTES ? gzipSync(bytes) : gzipOnPool(bytes)),
  decompress: (bytes, maxOutputLength) =>
    bytes.length <= SYNC_UP_TO_BYTES
      ? gunzipSync(bytes, { maxOutputLength })
      : gunzipOnPool(bytes, { maxOutputLength }),
};

const codecs = new Map<CompressionType, CompressionCodec>([['gzip', gzipCodec]]);

/** Makes a compression known to every producer and consumer of the process, in place of what was known before. */
export function registerCompression(type: Exclude<CompressionType, 'none'>, codec: CompressionCodec): void {
  codecs.set(type, codec);
}

/** @throws ProtocolError `UNSUPPORTED_COMPRESSION`, naming what to install */
export function compress(type: CompressionType, bytes: Buffer): Buffer | Promise<Buffer> {
  return codecOf(type).compress(bytes);
}

/** @throws ProtocolError, or rejects with it: `UNSUPPORTED_COMPRESSION`, `CORRUPT_BATCH` */
export function decompress(type: CompressionType, bytes: Buffer): Buffer | Promise<Buffer> {
  const codec = codecOf(type);
  const corrupt = (cause: unknown): never => {
    throw new ProtocolError('CORRUPT_BATCH', `a ${type} batch cannot be decompressed`, { cause });
  };
  try {
    const result = codec.decompress(bytes, MAX_DECOMPRESSED_BYTES);
    return Buffer.isBuffer(result) ? result : result.catch(corrupt);
  } catch (error) {
    return corrupt(error);
  }
}

const INSTALL: Readonly<Record<CompressionType, string>> = {
  none: '',
  gzip: '',
  snappy: "install 'snappy'",
  lz4: "install 'lz4-napi'",
  zstd: "install 'zstd-napi' or run Node.js 22.15 or later",
};

function codecOf(type: CompressionType): CompressionCodec {
  const codec = codecs.get(type);
  if (codec !== undefined) return codec;
  const message = `no codec for ${type} compression: ${INSTALL[type]} and pass it to registerCompression('${type}', …)`;
  throw new ProtocolError('UNSUPPORTED_COMPRESSION', message);
}
