import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ProtocolError, RecordBatch } from '@hearken/protocol';
import { aBatch, ALL, aLog, ranges, refusedWith, sequenced } from './a-log.js';
import { memoryAfterGc } from './memory-after-gc.js';

const epoch = { leaderEpoch: 0 };

describe('PartitionLog: retention by bytes', () => {
  it('law: keeps no batch that can be spared, drops none that is needed, and never the last', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 40 }),
        fc.nat(2000),
        (lengths, retentionBytes) => {
          const { log } = aLog({ retentionBytes });
          const sizes = lengths.map((length) => {
            const batch = aBatch(['x'.repeat(length)]);
            log.append(batch, epoch);
            return batch.length;
          });
          const kept = sizes.slice(log.logStartOffset);
          const sum = kept.reduce((total, size) => total + size, 0);
          assert.equal(log.sizeBytes, sum);
          assert.ok(kept.length === 1 || sum - kept[0]! < retentionBytes, 'the first can be spared');
          assert.ok(log.logStartOffset === 0 || sum >= retentionBytes, 'what went was needed');
          assert.equal(log.read(log.logStartOffset, ALL).sizeBytes, sum);
        },
      ),
    );
  });

  it('takes effect when the configuration changes, with the next append', () => {
    const { log, config } = aLog();
    for (let i = 0; i < 10; i++) log.append(aBatch(2), epoch);
    config.retentionBytes = 2 * aBatch(2).length;
    log.append(aBatch(2), epoch);
    assert.deepEqual(ranges(log.read(log.logStartOffset, ALL)), ['18-19', '20-21']);
    assert.throws(() => log.read(17, ALL), refusedWith('OFFSET_OUT_OF_RANGE'));
  });

  it('is not for topics that are only compacted', () => {
    const { log, config } = aLog({ retentionBytes: 0, deletes: false });
    for (let i = 0; i < 3; i++) log.append(aBatch(1), epoch);
    assert.equal(log.logStartOffset, 0);
    config.deletes = true;
    log.append(aBatch(1), epoch);
    assert.equal(log.logStartOffset, 3);
  });

  it('bounds what is remembered: batches and aborted transactions', () => {
    const { log } = aLog({ retentionBytes: 1000 });
    for (let i = 0; i < 500; i++) {
      log.append(sequenced(7, i, 1, { transactional: true }), { leaderEpoch: i });
      log.appendMarker(7, 0, 'ABORT', i);
    }
    assert.ok(log.sizeBytes < 1200);
    const { abortedTransactions } = log.read(log.logStartOffset, { ...ALL, isolation: 'read_committed' });
    assert.ok((abortedTransactions?.length ?? Infinity) < 10);
    assert.ok(log.logStartEpoch > 400);
    assert.equal(log.producers().length, 1);
  });

  it('gives the memory back of what it drops', () => {
    const { log } = aLog({ retentionBytes: 1_000_000 });
    const batch = aBatch(['x'.repeat(100_000)]);
    const before = memoryAfterGc().arrayBuffers;
    for (let i = 1; i <= 300; i++) {
      log.append(Buffer.from(batch), epoch);
      if (i > 250 && i % 9 === 0) assert.ok(memoryAfterGc().arrayBuffers - before < 2_000_000);
    }
    assert.equal(log.logStartOffset, 290);
  });
});

describe('PartitionLog: DeleteRecords', () => {
  it('moves the start, within a batch too, and never back', () => {
    const { log } = aLog();
    for (let i = 0; i < 3; i++) log.append(aBatch(3), epoch);
    assert.equal(log.deleteRecordsBefore(4), 4);
    assert.deepEqual(ranges(log.read(4, ALL)), ['3-5', '6-8']);
    assert.throws(() => log.read(3, ALL), refusedWith('OFFSET_OUT_OF_RANGE'));
    assert.equal(log.deleteRecordsBefore(2), 4);
    assert.throws(() => log.deleteRecordsBefore(10), refusedWith('OFFSET_OUT_OF_RANGE'));
    assert.throws(() => log.deleteRecordsBefore(-2), refusedWith('OFFSET_OUT_OF_RANGE'));
    assert.equal(log.deleteRecordsBefore(-1), 9);
    assert.deepEqual([log.sizeBytes, log.logEndOffset], [0, 9]);
    assert.equal(log.append(aBatch(1), epoch).baseOffset, 9);
  });

  it('leaves out what is deleted of the batch that the log starts in', async () => {
    const { log } = aLog();
    log.append(aBatch(['a', 'b', 'c']), epoch);
    log.deleteRecordsBefore(1);
    assert.deepEqual(
      (await log.records()).map(({ value }) => String(value)),
      ['b', 'c'],
    );
  });
});

describe('PartitionLog: what tests do to it', () => {
  const ofThree = () => {
    const { log } = aLog();
    for (let i = 0; i < 3; i++) log.append(sequenced(7, 3 * i, 3), epoch);
    return log;
  };

  it('a truncation takes the batch that holds the offset as a whole, and the log goes on from there', () => {
    const log = ofThree();
    log.truncateTo(4);
    assert.deepEqual(ranges(log.read(0, ALL)), ['0-2']);
    assert.equal(log.logEndOffset, 4);
    assert.equal(log.append(aBatch(1), epoch).baseOffset, 4);
    assert.deepEqual(ranges(log.read(3, ALL)), ['4-4']);
    log.truncateTo(9);
    assert.equal(log.logEndOffset, 5, 'nothing beyond the end');
    assert.throws(() => log.truncateTo(-1), refusedWith('OFFSET_OUT_OF_RANGE'));
  });

  it('a truncation below the start empties the log', () => {
    const log = ofThree();
    log.deleteRecordsBefore(6);
    log.truncateTo(2);
    assert.deepEqual([log.logStartOffset, log.logEndOffset, log.sizeBytes], [2, 2, 0]);
    assert.deepEqual(log.producers(), []);
  });

  it('a start that is set deletes what is below, or all, and the log goes on from there', () => {
    const log = ofThree();
    log.setLogStart(7);
    assert.deepEqual(ranges(log.read(7, ALL)), ['6-8']);
    assert.throws(() => log.setLogStart(6), refusedWith('OFFSET_OUT_OF_RANGE'));
    log.setLogStart(100);
    assert.deepEqual([log.logStartOffset, log.logEndOffset, log.sizeBytes], [100, 100, 0]);
    assert.equal(log.append(sequenced(7, 0), epoch).baseOffset, 100);
  });

  it('a corrupted batch has a wrong CRC, and only that one; its records are as they were', async () => {
    const log = ofThree();
    const before = await log.records();
    log.corruptBatch(4);
    log.corruptBatch(5);
    const { batches } = log.read(0, ALL);
    const sound = batches.map((bytes) => {
      try {
        new RecordBatch(bytes).checkCrc();
        return true;
      } catch (error) {
        return !(error instanceof ProtocolError);
      }
    });
    assert.deepEqual(sound, [true, false, true]);
    assert.deepEqual(await log.records(), before);
    assert.throws(() => log.corruptBatch(9), refusedWith('OFFSET_OUT_OF_RANGE'));
  });

  it('a log whose start is beyond its end is as new, and its listeners are told', () => {
    const log = ofThree();
    log.append(sequenced(8, 0, 1, { transactional: true }), epoch);
    log.appendMarker(8, 0, 'ABORT', 0);
    let told = 0;
    log.onReadable(() => told++);
    log.setLogStart(100);
    assert.deepEqual([log.logStartOffset, log.logEndOffset, log.sizeBytes, told], [100, 100, 0, 1]);
    assert.deepEqual([log.producers(), log.endOffsetForEpoch(0)], [[], { leaderEpoch: -1, endOffset: -1 }]);
    assert.equal(log.append(sequenced(7, 0), epoch).duplicate, false);
    assert.equal(told, 2);
    assert.deepEqual(log.read(100, { ...ALL, isolation: 'read_committed' }).abortedTransactions, []);
  });

  it('whatever changes what can be read is told', () => {
    const log = ofThree();
    const told: string[] = [];
    let now = '';
    log.onReadable(() => told.push(now));
    const steps: Record<string, () => void> = {
      delete: () => void log.deleteRecordsBefore(1),
      'delete nothing': () => void log.deleteRecordsBefore(1),
      truncate: () => log.truncateTo(6),
      'truncate nothing': () => log.truncateTo(6),
      start: () => log.setLogStart(3),
      beyond: () => log.setLogStart(30),
      marker: () => void log.appendMarker(7, 0, 'COMMIT', 0),
    };
    for (const [name, step] of Object.entries(steps)) {
      now = name;
      step();
    }
    assert.deepEqual(told, ['delete', 'truncate', 'start', 'beyond', 'marker']);
  });
});
