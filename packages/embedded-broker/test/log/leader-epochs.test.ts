import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ALL, aBatch, aLog, ranges, refusedWith } from './a-log.js';

const UNKNOWN = { leaderEpoch: -1, endOffset: -1 };

describe('PartitionLog: leader epochs', () => {
  const ofThreeLeaders = () => {
    const { log } = aLog();
    for (const [leaderEpoch, count] of [
      [2, 3],
      [5, 4],
      [6, 1],
    ] as const) {
      log.append(aBatch(count), { leaderEpoch });
    }
    return log;
  };

  it('end where the next one began, asked for by any number', () => {
    const log = ofThreeLeaders();
    assert.deepEqual(log.endOffsetForEpoch(1), { leaderEpoch: 1, endOffset: 0 });
    assert.deepEqual(log.endOffsetForEpoch(2), { leaderEpoch: 2, endOffset: 3 });
    assert.deepEqual(log.endOffsetForEpoch(4), { leaderEpoch: 2, endOffset: 3 });
    assert.deepEqual(log.endOffsetForEpoch(5), { leaderEpoch: 5, endOffset: 7 });
    assert.deepEqual(log.endOffsetForEpoch(6), { leaderEpoch: 6, endOffset: 8 });
    assert.deepEqual(log.endOffsetForEpoch(7), UNKNOWN);
    assert.deepEqual(log.endOffsetForEpoch(-1), UNKNOWN);
  });

  it('begin with a leader that appends nothing, and leave no trace then', () => {
    const log = ofThreeLeaders();
    log.beginEpoch(8);
    assert.deepEqual(log.endOffsetForEpoch(8), { leaderEpoch: 8, endOffset: 8 });
    log.beginEpoch(9);
    assert.deepEqual(log.endOffsetForEpoch(8), { leaderEpoch: 6, endOffset: 8 });
    log.beginEpoch(3); // late news
    assert.deepEqual(log.endOffsetForEpoch(9), { leaderEpoch: 9, endOffset: 8 });
  });

  it('follow a truncation, and tell a reader where the log parted from what it has read', () => {
    const log = ofThreeLeaders();
    assert.equal(log.divergence(6, 8), undefined);
    log.truncateTo(3);
    log.append(aBatch(9), { leaderEpoch: 7 });
    assert.deepEqual(log.divergence(5, 7), { epoch: 2, endOffset: 3 });
    assert.deepEqual(log.divergence(2, 5), { epoch: 2, endOffset: 3 });
    assert.equal(log.divergence(2, 3), undefined);
    assert.throws(() => log.divergence(8, 3), refusedWith('OFFSET_OUT_OF_RANGE'));
    log.deleteRecordsBefore(4);
    assert.throws(() => log.divergence(7, 3), refusedWith('OFFSET_OUT_OF_RANGE'));
  });

  it('begin anew after a truncation, though the leader is the same', () => {
    const log = ofThreeLeaders();
    log.truncateTo(3);
    log.truncateTo(0);
    log.append(aBatch(1), { leaderEpoch: 2 });
    log.append(aBatch(1), { leaderEpoch: 5 });
    assert.deepEqual(log.endOffsetForEpoch(2), { leaderEpoch: 2, endOffset: 1 });
    assert.deepEqual(log.endOffsetForEpoch(6), UNKNOWN);
  });

  it('never end before the log starts', () => {
    const log = ofThreeLeaders();
    log.deleteRecordsBefore(5);
    assert.deepEqual(log.endOffsetForEpoch(2), { leaderEpoch: 2, endOffset: 5 });
    assert.deepEqual(log.endOffsetForEpoch(5), { leaderEpoch: 5, endOffset: 7 });
  });

  it('law: an epoch ends where the batches say, whatever was cut off', () => {
    const op = fc.oneof(
      { weight: 4, arbitrary: fc.record({ append: fc.integer({ min: 1, max: 4 }), bump: fc.nat(2) }) },
      { weight: 1, arbitrary: fc.record({ truncate: fc.nat(20) }) },
      { weight: 1, arbitrary: fc.record({ drop: fc.nat(20) }) },
    );
    fc.assert(
      fc.property(fc.array(op, { maxLength: 25 }), (ops) => {
        const { log } = aLog();
        let leaderEpoch = 0;
        let epochs: { offset: number; epoch: number }[] = [];
        for (const each of ops) {
          if ('append' in each) {
            leaderEpoch += each.bump;
            const { baseOffset } = log.append(aBatch(each.append), { leaderEpoch });
            for (let i = 0; i < each.append; i++) epochs.push({ offset: baseOffset + i, epoch: leaderEpoch });
          } else if ('truncate' in each) {
            log.truncateTo(Math.max(log.logStartOffset, log.logEndOffset - each.truncate));
            leaderEpoch++; // no leader goes on after losing what it had
            log.beginEpoch(leaderEpoch);
            const last = log.read(log.logStartOffset, ALL);
            const held = Number(ranges(last).at(-1)?.split('-')[1] ?? -1);
            epochs = epochs.filter(({ offset }) => offset <= held);
          } else log.deleteRecordsBefore(Math.min(log.logEndOffset, log.logStartOffset + each.drop));

          const kept = epochs.filter(({ offset }) => offset >= log.logStartOffset);
          for (const { epoch } of kept) {
            const next = kept.find((record) => record.epoch > epoch);
            const end = log.endOffsetForEpoch(epoch);
            assert.equal(end.leaderEpoch, epoch);
            if (next !== undefined) assert.ok(end.endOffset <= next.offset && end.endOffset > lastOf(kept, epoch));
          }
        }
      }),
    );
  });
});

const lastOf = (records: { offset: number; epoch: number }[], epoch: number): number =>
  records.findLast((record) => record.epoch === epoch)?.offset ?? -1;
