import assert from 'node:assert/strict';
import { unfolder, type ZstdBinding } from '../../dist/compression/zstd-unfold.js';

/** A format of its own that behaves as zstd-napi: the first byte says how many KiB of zeros follow, 0xff marks the end. */
class FakeContext {
  static made = 0;
  static mostRoom = 0;
  #left = -1;

  constructor() {
    FakeContext.made++;
  }

  decompressStream(to: Buffer, from: Buffer): [hint: number, written: number, read: number] {
    FakeContext.mostRoom = Math.max(FakeContext.mostRoom, to.length);
    let read = 0;
    if (this.#left < 0 && from.length > 0) this.#left = (from[read++] ?? 0) * 1024;
    const written = Math.max(0, Math.min(this.#left, to.length));
    this.#left -= written;
    if (this.#left !== 0 || from[read] !== 0xff) return [1, written, read];
    this.#left = -1;
    return [0, written, read + 1];
  }

  reset(): void {
    this.#left = -1;
  }
}

describe('unfolder', () => {
  const binding: ZstdBinding = { DCtx: FakeContext, ResetDirective: { sessionOnly: 0 } };
  let unfold: (bytes: Buffer, maxBytes: number) => Buffer;
  beforeEach(() => {
    FakeContext.made = 0;
    FakeContext.mostRoom = 0;
    unfold = unfolder(binding);
  });

  it('takes as many rounds as it needs', () => {
    assert.equal(unfold(Buffer.from([200, 0xff]), 1e6).length, 200 * 1024);
    assert.equal(unfold(Buffer.from([0, 0xff]), 1e6).length, 0);
    assert.equal(unfold(Buffer.from([1, 0xff, 2, 0xff]), 1e6).length, 3 * 1024);
  });

  it('stops one byte above what is allowed, and never makes room for more', () => {
    assert.throws(() => unfold(Buffer.from([200, 0xff]), 10_000), /more than 10000 bytes/);
    assert.ok(FakeContext.mostRoom <= 10_001);
    assert.equal(unfold(Buffer.from([9, 0xff]), 9 * 1024).length, 9 * 1024);
  });

  it('refuses what is cut off, and nothing at all', () => {
    for (const bytes of [[], [3]]) assert.throws(() => unfold(Buffer.from(bytes), 1e6), /cut off/);
  });

  it('begins anew after a frame that was broken off, in the same context', () => {
    assert.throws(() => unfold(Buffer.from([200, 0xff]), 1_000), /more than/);
    assert.equal(unfold(Buffer.from([2, 0xff]), 1e6).length, 2 * 1024);
    assert.equal(FakeContext.made, 1);
  });
});
