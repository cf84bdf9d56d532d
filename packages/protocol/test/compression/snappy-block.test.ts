import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compressSync, uncompressSync } from 'snappy';
import { oneBlock } from '../../dist/compression/snappy-block.js';

/** As Java's Snappy library writes them. */
function stream(pieces: readonly Buffer[]): Buffer {
  const chunks = pieces.flatMap((piece) => {
    const block = compressSync(piece);
    const size = Buffer.alloc(4);
    size.writeInt32BE(block.length);
    return [size, block];
  });
  return Buffer.concat([Buffer.from('82534e41505059000000000100000001', 'hex'), ...chunks]);
}

describe("a stream of Java's Snappy library", () => {
  const pieces = fc.array(
    fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.nat(40_000)).map(([of, n]) => Buffer.alloc(n, of)),
    { maxLength: 12 },
  );

  it('is one block that unfolds to what all of its blocks do', () => {
    fc.assert(
      fc.property(pieces, (list) => {
        const whole = Buffer.concat(list);
        assert.deepEqual(uncompressSync(oneBlock(stream(list), whole.length)), whole);
      }),
    );
  });

  it('is refused where its blocks say more than is allowed, together', () => {
    const list = [Buffer.alloc(500), Buffer.alloc(500), Buffer.alloc(500)];
    assert.throws(() => oneBlock(stream(list), 1_499), /unfold to 500$/);
    oneBlock(stream(list), 1_500);
  });

  it('is refused when it is cut off anywhere but between its blocks', () => {
    const whole = stream([Buffer.alloc(40, 'a'), Buffer.alloc(50, 'bc')]);
    const ends = [1, 2].map((n) => stream([Buffer.alloc(40, 'a'), Buffer.alloc(50, 'bc')].slice(0, n)).length);
    for (let cut = 8; cut < whole.length; cut++) {
      if (cut === 16 || ends.includes(cut)) oneBlock(whole.subarray(0, cut), 1_000);
      else assert.throws(() => oneBlock(whole.subarray(0, cut), 1_000), Error, `${cut} bytes`);
    }
  });
});

describe('a block of Snappy', () => {
  const claims: readonly [what: string, hex: string][] = [
    ['4 GiB', 'ffffffff0f00'],
    ['more than its bytes can be', 'ff0f00'],
    ['a length without an end', 'ffffffffffff00'],
    ['nothing at all', ''],
  ];
  for (const [what, hex] of claims) {
    it(`is refused before the codec makes room if it says ${what}`, () => {
      assert.throws(() => oneBlock(Buffer.from(hex, 'hex'), 2 ** 31), /unfold|without its length/);
    });
  }
});
