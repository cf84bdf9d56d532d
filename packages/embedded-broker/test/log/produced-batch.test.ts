import assert from 'node:assert/strict';
import { crc32c, encodeRecordBatch } from '@hearken/protocol';
import { InvalidRecordsError } from '../../dist/log/invalid-records-error.js';
import { aBatch, ALL, aLog, DEFAULT_CONFIG, ranges, refusedWith, sequenced, START_MS } from './a-log.js';

const AT = {
  batchLength: 8,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  maxTimestamp: 35,
  producerId: 43,
  count: 57,
};
const epoch = { leaderEpoch: 0 };

/** Changes bytes and makes the CRC right again: meant, not broken on the way. */
function meant(change: (batch: Buffer) => void, batch = aBatch(1)): Buffer {
  change(batch);
  batch.writeUInt32BE(crc32c(batch, AT.attributes), AT.crc);
  return batch;
}

function broken(change: (batch: Buffer) => void, batch = aBatch(1)): Buffer {
  change(batch);
  return batch;
}

/** As Apache Kafka 4.1 answered when it was sent the same. */
const refused: [what: string, errorName: string, records: Buffer | null][] = [
  ['nothing', 'INVALID_RECORD', null],
  ['no bytes', 'INVALID_RECORD', Buffer.alloc(0)],
  ['five bytes', 'INVALID_RECORD', Buffer.alloc(5)],
  ['a batch of length 0', 'CORRUPT_MESSAGE', Buffer.alloc(16)],
  ['zeros', 'CORRUPT_MESSAGE', Buffer.alloc(100)],
  ['a batch that is cut off', 'INVALID_RECORD', aBatch(1).subarray(0, 65)],
  ['two batches', 'INVALID_RECORD', Buffer.concat([aBatch(1), aBatch(1)])],
  ['a batch and zeros', 'CORRUPT_MESSAGE', Buffer.concat([aBatch(1), Buffer.alloc(20)])],
  ['messages of format 0', 'INVALID_RECORD', broken((batch) => batch.writeInt8(0, AT.magic))],
  ['messages of format 1', 'INVALID_RECORD', broken((batch) => batch.fill(1, AT.magic, AT.attributes))],
  ['a header that is cut off', 'INVALID_RECORD', aBatch(1).subarray(0, 14)],
  ['a format of the future', 'CORRUPT_MESSAGE', meant((batch) => batch.writeInt8(3, AT.magic))],
  ['a base offset', 'INVALID_RECORD', encodeRecordBatch([{ key: null, value: null, timestamp: 1 }], { baseOffset: 5 })],
  ['a base offset of -1', 'INVALID_RECORD', meant((batch) => batch.writeBigInt64BE(-1n, 0))],
  ['a base offset and another CRC', 'INVALID_RECORD', broken((batch) => batch.fill(5, 7, 8).fill(2, 65))],
  ['another CRC', 'CORRUPT_MESSAGE', broken((batch) => batch.writeInt8(2, 65))],
  ['no record', 'INVALID_RECORD', meant((batch) => batch.writeInt32BE(0, AT.count))],
  ['-1 records', 'INVALID_RECORD', meant((batch) => batch.writeInt32BE(-1, AT.count))],
  ['another count than offsets', 'INVALID_RECORD', meant((batch) => batch.writeInt32BE(2, AT.count))],
  ['offsets that run backwards', 'INVALID_RECORD', meant((batch) => batch.writeInt32BE(-1, AT.lastOffsetDelta))],
  ['a broken last offset', 'CORRUPT_MESSAGE', broken((batch) => batch.writeInt32BE(-1, AT.lastOffsetDelta))],
  ['control records', 'INVALID_RECORD', aBatch(1, { control: true })],
  ['an unknown compression', 'UNKNOWN_SERVER_ERROR', meant((batch) => batch.writeInt16BE(5, AT.attributes))],
  ['a producer without sequence', 'INVALID_RECORD', aBatch(1, { producerId: 7, producerEpoch: 0 })],
  ['a batch too large', 'MESSAGE_TOO_LARGE', aBatch(['x'.repeat(DEFAULT_CONFIG.maxMessageBytes)])],
];

describe('PartitionLog: what it takes', () => {
  for (const [what, errorName, records] of refused) {
    it(`refuses ${what} with ${errorName}`, () => {
      const { log } = aLog();
      assert.throws(() => log.append(records, epoch), refusedWith(errorName));
      assert.deepEqual([log.logEndOffset, log.sizeBytes, log.endOffsetForEpoch(0).endOffset], [0, 0, -1]);
    });
  }

  it('takes a batch of just max.message.bytes, read anew each time', () => {
    const { log, config } = aLog({ maxMessageBytes: aBatch(3).length });
    log.append(aBatch(3), epoch);
    config.maxMessageBytes -= 1;
    assert.throws(() => log.append(aBatch(3), epoch), refusedWith('MESSAGE_TOO_LARGE'));
  });

  it('drops half a batch behind a whole one', () => {
    const { log } = aLog();
    log.append(Buffer.concat([aBatch(2), aBatch(1).subarray(0, 40)]), epoch);
    assert.deepEqual(log.read(0, ALL).batches, [aBatchAt0(2)]);
  });

  it('does not look into compressed records, nor into a producer id that is none', () => {
    const { log } = aLog();
    log.append(
      meant((batch) => batch.writeInt16BE(1, AT.attributes)),
      epoch,
    );
    log.append(
      meant((batch) => batch.writeBigInt64BE(-2n, AT.producerId)),
      epoch,
    );
    assert.equal(log.logEndOffset, 2);
  });
});

describe('PartitionLog: rules about records', () => {
  const keyed = { key: Buffer.from('k') };
  const withKeys = (keys: readonly (string | null)[], timestamp = START_MS) =>
    encodeRecordBatch(
      keys.map((key) => ({ key: key === null ? null : Buffer.from(key), value: null, timestamp })),
      {},
    );

  const errorOf = (run: () => void): { errorName: string; indexes: number[] } => {
    try {
      run();
    } catch (error) {
      assert.ok(error instanceof InvalidRecordsError);
      return { errorName: error.errorName, indexes: error.recordErrors.map(({ batchIndex }) => batchIndex) };
    }
    return assert.fail('was taken');
  };

  it('a compacted topic takes no record without a key, and names those that have none', () => {
    const { log } = aLog({ compacted: true });
    log.append(withKeys(['a', '', 'c']), epoch);
    const refusal = errorOf(() => log.append(withKeys(['a', null, 'c', null]), epoch));
    assert.deepEqual(refusal, { errorName: 'INVALID_RECORD', indexes: [1, 3] });
    assert.equal(log.logEndOffset, 3);
  });

  it('a compacted topic looks into a compressed batch that unfolds at once', () => {
    const { log } = aLog({ compacted: true });
    log.append(aBatch(2, { ...keyed, compression: 'gzip' }), epoch);
    const refusal = errorOf(() => log.append(aBatch(2, { compression: 'gzip' }), epoch));
    assert.deepEqual(refusal, { errorName: 'INVALID_RECORD', indexes: [0, 1] });
    const garbage = meant((batch) => batch.writeInt16BE(1, AT.attributes));
    assert.throws(() => log.append(garbage, epoch), refusedWith('UNKNOWN_SERVER_ERROR'));
    const noRecord = meant((batch) => batch.writeInt8(0x7f, 61));
    assert.throws(() => log.append(noRecord, epoch), refusedWith('INVALID_RECORD'));
  });

  it('a topic with bounds takes no time beyond them, and any record that has none', () => {
    const { log } = aLog({ timestampBeforeMaxMs: 1000, timestampAfterMaxMs: 10 });
    const at = (...deltas: number[]) =>
      aBatch(deltas.length, { timestamp: (n) => (deltas[n] === undefined ? -1 : START_MS + deltas[n]) });
    log.append(at(-1000, 10), epoch);
    log.append(aBatch(1, { timestamp: () => -1 }), epoch);
    assert.deepEqual(
      errorOf(() => log.append(at(0, 11, 10, 12), epoch)),
      { errorName: 'INVALID_TIMESTAMP', indexes: [1, 3] },
    );
    assert.deepEqual(
      errorOf(() => log.append(at(0, -1001), epoch)),
      { errorName: 'INVALID_TIMESTAMP', indexes: [1] },
    );
  });

  it('a first time beyond them is seen though the header denies it', () => {
    const { log } = aLog({ timestampAfterMaxMs: 10 });
    const lie = meant(
      (batch) => batch.writeBigInt64BE(BigInt(START_MS), AT.maxTimestamp),
      aBatch(2, { timestamp: (n) => START_MS + (n === 0 ? 99 : 0) }),
    );
    assert.deepEqual(
      errorOf(() => log.append(lie, epoch)),
      { errorName: 'INVALID_TIMESTAMP', indexes: [0] },
    );
  });

  it('what cannot be unfolded is judged by its header', () => {
    const { log } = aLog({ timestampAfterMaxMs: 10 });
    const large = 'x'.repeat(8192); // gzip unfolds it elsewhere
    const garbage = (timestamp: number) =>
      meant((batch) => batch.writeInt16BE(1, AT.attributes), aBatch([large], { timestamp: () => timestamp }));
    log.append(garbage(START_MS), epoch);
    assert.throws(() => log.append(garbage(START_MS + 11), epoch), refusedWith('INVALID_TIMESTAMP'));
  });

  it('says so of both at once: the time leads', () => {
    const { log } = aLog({ compacted: true, timestampAfterMaxMs: 10 });
    const mixed = encodeRecordBatch(
      [
        { key: null, value: null, timestamp: START_MS },
        { key: null, value: null, timestamp: START_MS + 99 },
        { key: Buffer.from('k'), value: null, timestamp: START_MS + 99 },
      ],
      {},
    );
    assert.deepEqual(
      errorOf(() => log.append(mixed, epoch)),
      { errorName: 'INVALID_TIMESTAMP', indexes: [0, 1, 2] },
    );
  });

  it("does not walk a batch whose header says enough: a liar's records are taken", () => {
    const { log } = aLog({ timestampAfterMaxMs: 10, timestampBeforeMaxMs: 2 ** 63 });
    const noRecord = meant((batch) => batch.writeInt8(0x7f, 61));
    log.append(noRecord, epoch);
    assert.equal(log.logEndOffset, 1);
  });
});

describe('PartitionLog: log append time', () => {
  it('is in every record, under a sound CRC, and in the answer', async () => {
    const { log, clock } = aLog({ timestampType: 'LogAppendTime' });
    clock.advance(5000);
    assert.equal(log.append(aBatch(2), epoch).logAppendTimeMs, START_MS + 5000);
    const records = await log.records();
    assert.deepEqual(
      records.map(({ timestamp, timestampType }) => [timestamp, timestampType]),
      [
        [START_MS + 5000, 'log-append-time'],
        [START_MS + 5000, 'log-append-time'],
      ],
    );
    assert.deepEqual(ranges(log.read(0, ALL)), ['0-1']);
    assert.equal(
      log.read(0, ALL).batches[0]?.readUInt32BE(AT.crc),
      crc32c(log.read(0, ALL).batches[0]!, AT.attributes),
    );
  });

  it('is what a copy is answered with too', () => {
    const { log, clock } = aLog({ timestampType: 'LogAppendTime' });
    log.append(sequenced(7, 0), epoch);
    clock.advance(5000);
    const copy = log.append(sequenced(7, 0, 1, { timestamp: () => START_MS - 5 }), epoch);
    assert.deepEqual(copy, { baseOffset: 0, logAppendTimeMs: START_MS, duplicate: true });
  });

  it('is not for producers to claim: refused with log append time, taken back with create time', async () => {
    const claim = () => meant((batch) => batch.writeInt16BE(8, AT.attributes));
    const appendTime = aLog({ timestampType: 'LogAppendTime' }).log;
    assert.throws(() => appendTime.append(claim(), epoch), refusedWith('INVALID_TIMESTAMP'));
    const createTime = aLog().log;
    createTime.append(claim(), epoch);
    assert.deepEqual(createTime.read(0, ALL).batches, [aBatchAt0(1)]);
    assert.equal((await createTime.records())[0]?.timestampType, 'create-time');
  });
});

/** As it stands in a log. */
function aBatchAt0(count: number): Buffer {
  const batch = aBatch(count);
  batch.writeInt32BE(0, 12);
  return batch;
}
