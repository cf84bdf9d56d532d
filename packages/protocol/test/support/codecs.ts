import { requireCompression } from '@hearken/protocol';

/** Node.js 20 has zstd only where zstd-napi, which may have to be compiled, could be installed: the flow tests ask for it. */
export function hasZstd(): boolean {
  try {
    requireCompression('zstd');
    return true;
  } catch {
    return false;
  }
}
