import assert from 'node:assert/strict';
import { RecordBatch } from '@hearken/protocol';
import { ALL, aBatch, aLog, COMMITTED, ranges, refusedWith, sequenced } from './a-log.js';

const epoch = { leaderEpoch: 3 };

describe('PartitionLog: append and read', () => {
  it('gives each batch the next offsets and the leader epoch, and leaves its CRC sound', () => {
    const { log } = aLog();
    assert.deepEqual(log.append(aBatch(3), epoch), { baseOffset: 0, logAppendTimeMs: -1, duplicate: false });
    assert.equal(log.append(aBatch(2), epoch).baseOffset, 3);
    const { batches, sizeBytes } = log.read(0, ALL);
    assert.deepEqual(ranges({ batches }), ['0-2', '3-4']);
    assert.equal(sizeBytes, log.sizeBytes);
    for (const batch of RecordBatch.readAll(Buffer.concat(batches))) assert.equal(batch.partitionLeaderEpoch, 3);
    assert.equal(log.logEndOffset, 5);
    assert.equal(log.highWatermark, 5);
  });

  it('reads from the batch that holds the offset', () => {
    const { log } = aLog();
    for (let i = 0; i < 4; i++) log.append(aBatch(3), epoch);
    assert.deepEqual(ranges(log.read(4, ALL)), ['3-5', '6-8', '9-11']);
    assert.deepEqual(ranges(log.read(12, ALL)), []);
    assert.throws(() => log.read(13, ALL), refusedWith('OFFSET_OUT_OF_RANGE'));
    assert.throws(() => log.read(-1, ALL), refusedWith('OFFSET_OUT_OF_RANGE'));
  });

  it('stops before the batch that is too much, unless it is the first and one is wanted', () => {
    const { log } = aLog();
    const size = aBatch(3).length;
    for (let i = 0; i < 4; i++) log.append(aBatch(3), epoch);
    assert.deepEqual(ranges(log.read(0, { ...ALL, maxBytes: 2 * size })), ['0-2', '3-5']);
    assert.deepEqual(ranges(log.read(0, { ...ALL, maxBytes: 2 * size - 1 })), ['0-2']);
    assert.deepEqual(ranges(log.read(0, { ...ALL, maxBytes: 1 })), ['0-2']);
    assert.deepEqual(ranges(log.read(0, { ...ALL, maxBytes: 0 })), ['0-2']);
    assert.deepEqual(ranges(log.read(0, { ...ALL, maxBytes: size - 1, minOneBatch: false })), []);
  });

  it('hands out slices of what it was given, not copies, unless they would keep much else alive', () => {
    const { log } = aLog();
    const frame = Buffer.alloc(1000);
    const large = aBatch(['x'.repeat(600)]);
    large.copy(frame, 100);
    log.append(frame.subarray(100, 100 + large.length), epoch);
    const other = Buffer.alloc(1000);
    const small = aBatch(['x'.repeat(300)]);
    small.copy(other, 100);
    log.append(other.subarray(100, 100 + small.length), epoch);
    const [kept, copied] = log.read(0, ALL).batches;
    assert.equal(kept?.buffer, frame.buffer);
    assert.equal(copied?.buffer.byteLength, small.length);
  });

  it('tells those who wait, until they leave', () => {
    const { log } = aLog();
    const heard: string[] = [];
    const leaveA = log.onReadable(() => heard.push('a'));
    const leaveB = log.onReadable(() => {
      heard.push('b');
      leaveC();
    });
    const leaveC = log.onReadable(() => heard.push('c'));
    log.append(aBatch(1), epoch);
    assert.deepEqual(heard, ['a', 'b']);
    leaveA();
    leaveA();
    leaveB();
    log.append(aBatch(1), epoch);
    assert.deepEqual(heard, ['a', 'b']);
  });

  it('keeps read_committed below the first open transaction', () => {
    const { log } = aLog();
    log.append(aBatch(1), epoch);
    log.append(sequenced(7, 0, 2, { transactional: true }), epoch);
    log.append(aBatch(1), epoch);
    assert.equal(log.lastStableOffset, 1);
    assert.deepEqual(ranges(log.read(0, COMMITTED)), ['0-0']);
    assert.deepEqual(ranges(log.read(2, COMMITTED)), []);
    assert.equal(log.readableBytes(0, 'read_committed'), aBatch(1).length);
    assert.equal(log.appendMarker(7, 0, 'ABORT', 3), 4);
    assert.equal(log.lastStableOffset, 5);
    const { batches, abortedTransactions } = log.read(0, COMMITTED);
    assert.deepEqual(ranges({ batches }), ['0-0', '1-2', '3-3', '4-4']);
    assert.deepEqual(
      abortedTransactions?.map(({ producerId, firstOffset }) => ({ producerId, firstOffset })),
      [{ producerId: 7, firstOffset: 1 }],
    );
  });
});
