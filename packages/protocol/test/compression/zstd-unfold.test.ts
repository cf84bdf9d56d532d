import assert from 'node:assert/strict';
import { unfold, type ZstdBinding } from '../../dist/compression/zstd-unfold.js';

/** A format of its own that behaves as zstd-napi: the first byte says how many KiB of zeros follow, 0xff marks the end. */
const binding: ZstdBinding = {
  DCtx: class {
    #left = -1;
    decompressStream(to: Buffer, from: Buffer): [number, number, number] {
      let read = 0;
      if (this.#left < 0 && from.length > 0) this.#left = (from[read++] ?? 0) * 1024;
      const written = Math.max(0, Math.min(this.#left, to.length));
      this.#left -= written;
      if (this.#left === 0 && from[read] === 0xff) return [0, written, read + 1];
      return [1, written, read];
    }
  },
};

describe('unfold', () => {
  it('takes as many rounds as it needs', () => {
    assert.equal(unfold(binding, Buffer.from([200, 0xff]), 1e6).length, 200 * 1024);
    assert.equal(unfold(binding, Buffer.from([0, 0xff]), 1e6).length, 0);
  });

  it('stops one byte above what is allowed, and never makes room for more', () => {
    let most = 0;
    const watched: ZstdBinding = {
      DCtx: class extends binding.DCtx {
        override decompressStream(to: Buffer, from: Buffer): readonly [number, number, number] {
          most = Math.max(most, to.length);
          return super.decompressStream(to, from);
        }
      },
    };
    assert.throws(() => unfold(watched, Buffer.from([200, 0xff]), 10_000), /more than 10000 bytes/);
    assert.ok(most <= 10_001);
    assert.equal(unfold(watched, Buffer.from([9, 0xff]), 9 * 1024).length, 9 * 1024);
  });

  it('refuses what is cut off, and nothing at all', () => {
    for (const bytes of [[], [3]]) assert.throws(() => unfold(binding, Buffer.from(bytes), 1e6), /cut off/);
  });
});
