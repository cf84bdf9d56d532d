import { requireCompression } from '@hearken/protocol';

/** Node.js 20 has zstd only where somebody installed zstd-napi, which is compiled and so no dependency of the tests. */
export function hasZstd(): boolean {
  try {
    requireCompression('zstd');
    return true;
  } catch {
    return false;
  }
}
