import assert from 'node:assert/strict';
import { controlRecordType, encodeRecordBatch, RecordBatch, readHeaders } from '@hearken/protocol';
import { hasZstd } from '../support/codecs.js';
import { batches, type BatchFixture } from '../support/fixtures.js';
import { readRecords } from '../support/records.js';

const readable = ({ header }: BatchFixture) => header.compression !== 'zstd' || hasZstd();
const bytesOf = (fixture: BatchFixture) => Buffer.from(fixture.hex, 'hex');
const title = ({ header, control }: BatchFixture, i: number) =>
  `batch ${i}: ${header.recordCount} records, ${header.compression}, ${control ?? (header.isTransactional ? 'transactional' : 'plain')}`;

describe("record batches that Kafka's own code wrote", () => {
  for (const [i, fixture] of batches.entries()) {
    describe(title(fixture, i), () => {
      it('has its header read', () => {
        const [batch, ...others] = RecordBatch.readAll(bytesOf(fixture));
        assert.deepEqual(others, []);
        for (const [field, expected] of Object.entries(fixture.header)) {
          assert.equal((batch as unknown as Record<string, unknown>)[field], expected, field);
        }
      });

      if (readable(fixture)) {
        it('has its records read', async () => {
          assert.deepEqual(await readRecords(bytesOf(fixture)), fixture.records);
        });
      }

      // Kafka compresses in its own way: other bytes, the same meaning. The broker stamps time and markers.
      if (fixture.header.compression === 'none' && fixture.header.timestampType === 'create-time' && !fixture.control) {
        it('is written byte by byte', () => {
          const { header, records } = fixture;
          const batch = encodeRecordBatch(records, {
            baseOffset: header.baseOffset,
            producerId: header.producerId,
            producerEpoch: header.producerEpoch,
            baseSequence: header.baseSequence,
            transactional: header.isTransactional,
          });
          batch.writeInt32BE(header.partitionLeaderEpoch, 12); // the broker's, outside the checksum
          assert.equal(batch.toString('hex'), fixture.hex);
        });
      }

      it('is left out when cut short anywhere', () => {
        const whole = bytesOf(fixture);
        for (let cut = 0; cut < whole.length; cut++) {
          assert.deepEqual(RecordBatch.readAll(whole.subarray(0, cut)), [], `${cut} of ${whole.length} bytes`);
        }
      });
    });
  }

  it('tell how a transaction ended', async () => {
    const markers = batches.filter(({ control }) => control !== null);
    for (const fixture of markers) {
      const [batch] = RecordBatch.readAll(bytesOf(fixture));
      const cursor = await batch!.records();
      assert.ok(cursor.next());
      assert.equal(controlRecordType(cursor), fixture.control);
      assert.deepEqual(readHeaders(cursor.buffer, cursor.headersAt), []);
    }
    assert.deepEqual(markers.map(({ control }) => control).sort(), ['abort', 'commit']);
  });

  it('are read one after the other, up to the one that is cut off', () => {
    const all = Buffer.concat(batches.map(bytesOf));
    const expected = batches.map(({ header }) => header.baseOffset);
    assert.deepEqual(
      RecordBatch.readAll(all).map(({ baseOffset }) => baseOffset),
      expected,
    );
    assert.deepEqual(
      RecordBatch.readAll(all.subarray(0, all.length - 1)).map(({ baseOffset }) => baseOffset),
      expected.slice(0, -1),
    );
  });

  it('are corrupt if any byte under the checksum is another', () => {
    const whole = bytesOf(batches[0]!);
    for (let at = 21; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 0x10;
      assert.throws(
        () => {
          for (const batch of RecordBatch.readAll(damaged)) batch.checkCrc();
        },
        (error: Error & { code: string }) => error.code === 'CORRUPT_BATCH' || error.code === 'MALFORMED',
        `byte ${at}`,
      );
    }
  });

  it('name their base offset when corrupt, unless told not to look', () => {
    const damaged = bytesOf(batches[0]!);
    damaged[damaged.length - 1]! ^= 1;
    assert.throws(() => RecordBatch.readAll(damaged), { code: 'CORRUPT_BATCH', message: /offset 40 / });
    assert.equal(RecordBatch.readAll(damaged, { checkCrcs: false }).length, 1);
  });
});
