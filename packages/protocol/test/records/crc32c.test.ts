import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createRequire } from 'node:module';
import { crc32c } from '@hearken/protocol';
import { loadCrc32c, slicedCrc32c } from '../../dist/records/crc32c.js';

/** The definition, bit by bit. */
function plainCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe('crc32c', () => {
  // RFC 3720, appendix B.4.
  const known: [name: string, bytes: Buffer, crc: number][] = [
    ['32 zeros', Buffer.alloc(32), 0x8a9136aa],
    ['32 ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['0 to 31', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
    ['31 to 0', Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c],
    ['the check value', Buffer.from('123456789'), 0xe3069283],
    ['nothing', Buffer.alloc(0), 0],
  ];
  for (const [name, bytes, crc] of known) {
    it(`of ${name} is that of RFC 3720`, () => {
      assert.equal(crc32c(bytes), crc);
    });
  }

  it('is that of the definition, for any part of any buffer at any alignment', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(40), fc.nat(40), (array, skip, drop) => {
        const from = Math.min(skip, array.length);
        const to = Math.max(from, array.length - drop);
        assert.equal(crc32c(array, from, to), plainCrc32c(array.subarray(from, to)));
      }),
      { numRuns: 500 },
    );
  });

  it('of what is large is the same, with the native function or by the tables', () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 31) ^ (i >>> 8)));
    for (const [from, to] of [
      [0, 70_000],
      [5, 2053],
      [5, 2052],
      [1, 65_537],
    ] as const) {
      const crc = plainCrc32c(bytes.subarray(from, to));
      assert.equal(crc32c(bytes, from, to), crc);
      assert.equal(slicedCrc32c(bytes, from, to), crc);
    }
  });

  it('takes the native function only where it loads and is right', () => {
    const require = (exports: () => unknown): NodeJS.Require => Object.assign(exports, createRequire(import.meta.url));
    const right = (): number => 0xe3069283;
    assert.equal(loadCrc32c(require(() => ({ crc32c: right }))), right);
    assert.equal(loadCrc32c(require(() => ({ crc32c: () => 7 }))), undefined);
    assert.equal(loadCrc32c(require(() => ({}))), undefined);
    const missing = (): never => {
      throw new Error('Cannot find module');
    };
    assert.equal(loadCrc32c(require(missing)), undefined);
  });

  it('has the native function on the usual platforms', function () {
    if (!['linux', 'darwin', 'win32'].includes(process.platform) || !['x64', 'arm64'].includes(process.arch))
      this.skip();
    assert.notEqual(loadCrc32c(), undefined);
  });
});
