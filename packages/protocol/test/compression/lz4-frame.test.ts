import assert from 'node:assert/strict';
import { compressFrameSync } from 'lz4-napi';
import { wholeFrame } from '../../dist/compression/lz4-frame.js';

interface Parts {
  flags?: number;
  /** 4: blocks of 64 KiB. */
  exponent?: number;
  between?: string;
  blocks?: readonly string[];
  after?: string;
}

const frame = ({ flags = 0x60, exponent = 4, between = '', blocks = [], after = '' }: Parts = {}) => {
  const start = Buffer.from([0x04, 0x22, 0x4d, 0x18, flags, exponent << 4]);
  return Buffer.concat([start, Buffer.from(`${between}00${blocks.join('')}00000000${after}`, 'hex')]);
};
const size = (bytes: number) => {
  const le = Buffer.alloc(4);
  le.writeUInt32LE(bytes);
  return le.toString('hex');
};
/** A block of n compressed bytes. */
const block = (n: number) => size(n) + '00'.repeat(n);
/** A block of n bytes that are stored as they are. */
const stored = (n: number) => size(n + 2 ** 31) + '00'.repeat(n);

describe('wholeFrame', () => {
  const whole: readonly [what: string, bytes: Buffer][] = [
    ['without blocks', frame()],
    ['with checksums of blocks', frame({ flags: 0x70, blocks: [`${block(9)}aabbccdd`, `${stored(5)}aabbccdd`] })],
    ['with a checksum, a size and a dictionary', frame({ flags: 0x6d, between: '00'.repeat(12), after: 'aabbccdd' })],
  ];
  for (const [what, bytes] of whole) {
    it(`takes a frame ${what} to its end and leaves what follows`, () => {
      assert.deepEqual(wholeFrame(Buffer.concat([bytes, Buffer.from('more')]), 1e6), bytes);
    });

    it(`refuses a frame ${what} that is cut off anywhere`, () => {
      for (let cut = 0; cut < bytes.length; cut++) {
        assert.throws(() => wholeFrame(bytes.subarray(0, cut), 1e6), /no LZ4 frame|cut off/, `${cut} bytes`);
      }
    });
  }

  it('takes what the package writes, of one block and of many', () => {
    for (const size of [0, 1, 70_000, 300_000, 9_000_000]) {
      for (const options of [{}, { contentChecksum: true, blockChecksums: true }]) {
        const bytes = compressFrameSync(Buffer.alloc(size, 'abcdefgh'), options);
        assert.equal(wholeFrame(bytes, 16 * 1024 * 1024).length, bytes.length);
      }
    }
  });

  it('counts of a block what it can unfold to, which is never more than the block size', () => {
    const bound = (bytes: Buffer, max: number) => {
      wholeFrame(bytes, max);
      assert.throws(() => wholeFrame(bytes, max - 1), /possibly more than/);
    };
    bound(frame({ blocks: [block(10)] }), 2_550);
    bound(frame({ blocks: [stored(10)] }), 10);
    bound(frame({ blocks: [block(300), block(300)] }), 2 * 65_536);
    bound(frame({ exponent: 7, blocks: [block(20_000)] }), 4 * 1024 * 1024);
  });

  it('refuses other versions, and block sizes that are none', () => {
    assert.throws(() => wholeFrame(frame({ flags: 0xa0 }), 1e6), /another version/);
    for (const exponent of [0, 3]) assert.throws(() => wholeFrame(frame({ exponent }), 1e6), /unknown block size/);
    assert.throws(() => wholeFrame(Buffer.from('PK and some bytes'), 1e6), /no LZ4 frame/);
  });
});
