import assert from 'node:assert/strict';
import {
  breakCrc,
  encodeRecordBatch,
  hasValidCrc,
  RecordBatch,
  writeBatchPlace,
  writeTimestampType,
} from '@hearken/protocol';

const aBatch = (): Buffer =>
  encodeRecordBatch(
    [10, 20].map((timestamp) => ({ key: null, value: Buffer.from('v'), timestamp })),
    {},
  );

describe('what a broker writes into a batch', () => {
  it('has a place that the CRC does not cover', () => {
    const batch = aBatch();
    writeBatchPlace(batch, 2 ** 40, 7);
    const { baseOffset, lastOffset, partitionLeaderEpoch } = new RecordBatch(batch);
    assert.deepEqual([baseOffset, lastOffset, partitionLeaderEpoch], [2 ** 40, 2 ** 40 + 1, 7]);
    assert.ok(hasValidCrc(batch));
  });

  it('has one time for all records, and a CRC anew; and back again', async () => {
    const batch = aBatch();
    writeTimestampType(batch, 'log-append-time', 99);
    assert.ok(hasValidCrc(batch));
    assert.deepEqual(await timestamps(batch), [99, 99]);
    assert.equal(new RecordBatch(batch).timestampType, 'log-append-time');
    writeTimestampType(batch, 'create-time', 20);
    assert.deepEqual(batch, aBatch());
  });

  it('is told from a broken one, however often it is broken', () => {
    const batch = aBatch();
    for (let times = 0; times < 2; times++) {
      breakCrc(batch);
      assert.ok(!hasValidCrc(batch));
      assert.throws(() => new RecordBatch(batch).checkCrc(), { code: 'CORRUPT_BATCH' });
    }
    assert.ok(!hasValidCrc(aBatch().subarray(0, 20)));
  });
});

async function timestamps(batch: Buffer): Promise<number[]> {
  const found: number[] = [];
  const cursor = await new RecordBatch(batch).records();
  while (cursor.next()) found.push(cursor.timestamp);
  return found;
}
