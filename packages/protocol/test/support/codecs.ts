import { requireCompression, type CompressionType } from '@hearken/protocol';

/** Node.js 20 has zstd only where somebody installed zstd-napi, which is compiled and so no dependency of the tests. */
export function hasZstd(): boolean {
  try {
    requireCompression('zstd');
    return true;
  } catch {
    return false;
  }
}

/** What can be tried here. */
export const CODECS: readonly Exclude<CompressionType, 'none'>[] = [
  'gzip',
  'snappy',
  'lz4',
  ...(hasZstd() ? (['zstd'] as const) : []),
];
