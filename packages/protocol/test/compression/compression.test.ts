import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ProtocolError } from '@hearken/protocol';
import { compress, decompress } from '../../dist/compression/compression.js';
import { hasZstd } from '../support/codecs.js';
import { compressed } from '../support/fixtures.js';
import { damaged } from '../support/hostile.js';
import { readRecords } from '../support/records.js';

const MIB = 1024 * 1024;
/** Compresses well, and not to nothing. */
const text = (bytes: number) => Buffer.alloc(bytes).map((_, at) => (at * at) >> 7) as Buffer;
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 3_000 }).map((array) => Buffer.from(array)),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.nat(100_000)).map(([piece, n]) => Buffer.alloc(n, piece)),
);

for (const codec of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
  (hasZstd() || codec !== 'zstd' ? describe : describe.skip)(`${codec} compression`, () => {
    it('gives back what it was given', async () => {
      const roundTrip = async (original: Buffer) => {
        const again = await decompress(codec, await compress(codec, original));
        assert.ok(again.equals(original));
      };
      await fc.assert(fc.asyncProperty(bytes, roundTrip));
      await roundTrip(text(2 * MIB));
    });

    it('makes what repeats smaller', async () => {
      assert.ok((await compress(codec, Buffer.alloc(MIB, 'abcdefgh'))).length < MIB / 10);
    });

    it("reads a batch of many blocks that Kafka's own code wrote", async () => {
      const fixture = compressed.find(({ compression }) => compression === codec);
      const records = await readRecords(Buffer.from(fixture!.hex, 'hex'));
      assert.equal(records.length, 40);
      for (const [i, { key, value }] of records.entries()) {
        assert.equal(key?.toString(), `${i}`);
        assert.ok(value?.equals(Buffer.from(Array.from({ length: 4_000 }, (_, at) => (i * at) % 128))));
      }
    });

    it('unfolds to as much as is allowed, and not to one byte more', async () => {
      for (const size of [3_000, 3 * MIB]) {
        const packed = await compress(codec, text(size));
        // Of lz4 no more is known than in how many blocks of 64 KiB to 4 MiB it is.
        const slack = codec === 'lz4' ? 4 * MIB : 0;
        assert.equal((await decompress(codec, packed, size + slack)).length, size);
        await assert.rejects(async () => decompress(codec, packed, size - 1), { code: 'CORRUPT_BATCH' });
      }
    });

    it('ends in as many bytes as are allowed or in CORRUPT_BATCH, whatever is wrong with them', async () => {
      for (const size of [200, 300_000]) {
        const packed = await compress(codec, text(size));
        const unfold = async (damage: Buffer) => {
          try {
            assert.ok((await decompress(codec, damage, MIB)).length <= MIB);
          } catch (error) {
            if (!(error instanceof ProtocolError) || error.code !== 'CORRUPT_BATCH') throw error;
          }
        };
        await fc.assert(fc.asyncProperty(damaged(packed), unfold), { numRuns: 300 });
        await fc.assert(fc.asyncProperty(fc.nat(packed.length - 1), (cut) => unfold(packed.subarray(0, cut))));
        await fc.assert(fc.asyncProperty(bytes, unfold));
      }
    });

    // The package for zstd has no other thread.
    if (codec !== 'zstd' || 'zstdCompress' in process.getBuiltinModule('node:zlib')) {
      it('works on the thread pool if there is much to do, and else at once', async () => {
        assert.ok(Buffer.isBuffer(compress(codec, text(1_000))));
        assert.ok(Buffer.isBuffer(decompress(codec, await compress(codec, text(1_000)))));
        assert.ok(compress(codec, text(65_536)) instanceof Promise);
        const random = Buffer.from(Array.from({ length: 65_536 }, () => Math.random() * 256));
        const unfolded = decompress(codec, await compress(codec, random));
        assert.ok(unfolded instanceof Promise);
        await unfolded;
      });
    }
  });
}
