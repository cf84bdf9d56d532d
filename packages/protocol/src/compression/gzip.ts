import { promisify } from 'node:util';
import { gunzip, gunzipSync, gzip, gzipSync } from 'node:zlib';
import type { CompressionCodec } from './codec.js';

/**
 * Up to here it runs on our own thread: 4 KiB take zlib some 40 µs, less than the 60 µs to the thread pool and back.
 * Anything larger would hold up the event loop for more than it saves.
 */
const SYNC_UP_TO_BYTES = 4 * 1024;

const gzipOnPool = promisify<Buffer, Buffer>(gzip);
const gunzipOnPool = promisify(gunzip) as (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

export const gzipCodec = (): CompressionCodec => ({
  compress: (bytes) => (bytes.length <= SYNC_UP_TO_BYTES ? gzipSync(bytes) : gzipOnPool(bytes)),
  decompress: (bytes, maxOutputLength) =>
    bytes.length <= SYNC_UP_TO_BYTES
      ? gunzipSync(bytes, { maxOutputLength })
      : gunzipOnPool(bytes, { maxOutputLength }),
});
