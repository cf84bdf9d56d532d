import { ProtocolError } from '../errors.js';
import type { CompressionCodec, CompressionType } from './codec.js';
import { gzipCodec } from './gzip.js';
import { lz4Codec } from './lz4.js';
import { snappyCodec } from './snappy.js';
import { zstdCodec } from './zstd.js';

/** What a batch may unfold to. Far beyond any real one: brokers refuse batches over 1 MiB unless told otherwise. */
const MAX_DECOMPRESSED_BYTES = 256 * 1024 * 1024;

/** How the codecs that come with us are made, on first use: some are packages that need not be there. */
const MAKE: Readonly<Record<Exclude<CompressionType, 'none'>, () => CompressionCodec>> = {
  gzip: gzipCodec,
  snappy: snappyCodec,
  lz4: lz4Codec,
  zstd: zstdCodec,
};

const codecs = new Map<CompressionType, CompressionCodec>();

/**
 * Makes a codec of your own the one for a compression, in every producer and consumer of the process. Without it, gzip
 * is built in and the others are found by themselves once their package is installed.
 */
export function registerCompression(type: Exclude<CompressionType, 'none'>, codec: CompressionCodec): void {
  codecs.set(type, codec);
}

/**
 * Finds the codec before it is needed, to fail early.
 * @throws ProtocolError `UNSUPPORTED_COMPRESSION`: its package is not installed, which the message says how to do, or does
 * not load, and `cause` says why
 */
export function requireCompression(type: CompressionType): void {
  if (type !== 'none') codecOf(type);
}

/** @throws ProtocolError as {@link requireCompression}, or what the codec throws or rejects with */
export function compress(type: Exclude<CompressionType, 'none'>, bytes: Buffer): Buffer | Promise<Buffer> {
  return codecOf(type).compress(bytes);
}

/**
 * @param maxBytes what it may unfold to
 * @throws ProtocolError, or rejects with it: `UNSUPPORTED_COMPRESSION`, `CORRUPT_BATCH`
 */
export function decompress(
  type: Exclude<CompressionType, 'none'>,
  bytes: Buffer,
  maxBytes = MAX_DECOMPRESSED_BYTES,
): Buffer | Promise<Buffer> {
  const codec = codecOf(type);
  const corrupt = (cause: unknown): never => {
    throw new ProtocolError('CORRUPT_BATCH', `a ${type} batch cannot be decompressed: ${reasonOf(cause)}`, { cause });
  };
  try {
    const result = codec.decompress(bytes, maxBytes);
    return Buffer.isBuffer(result) ? result : result.catch(corrupt);
  } catch (error) {
    return corrupt(error);
  }
}

function codecOf(type: Exclude<CompressionType, 'none'>): CompressionCodec {
  const known = codecs.get(type);
  if (known !== undefined) return known;
  const codec = MAKE[type]();
  codecs.set(type, codec);
  return codec;
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
