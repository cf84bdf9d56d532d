export type CompressionType = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** Compresses the records of a batch, all of them as one piece. May answer with a promise or at once. */
export interface CompressionCodec {
  compress(bytes: Buffer): Buffer | Promise<Buffer>;
  /** Must throw or reject rather than return more than `maxBytes`: a few hostile bytes may unfold to gigabytes. */
  decompress(bytes: Buffer, maxBytes: number): Buffer | Promise<Buffer>;
}

/** By their number in a batch's attributes. */
export const COMPRESSION_TYPES: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
