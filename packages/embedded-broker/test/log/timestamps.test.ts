import assert from 'node:assert/strict';
import fc from 'fast-check';
import { crc32c } from '@hearken/protocol';
import { aBatch, aLog, START_MS } from './a-log.js';

const epoch = { leaderEpoch: 4 };
const at = (deltas: readonly number[], compression: 'none' | 'gzip' = 'none') =>
  aBatch(deltas.length, { timestamp: (n) => START_MS + (deltas[n] ?? 0), compression });

describe('PartitionLog: records by time', () => {
  it('the first of that time or later is found to the record, in compressed batches too', async () => {
    const { log } = aLog();
    log.append(at([5, 9, 9, 3]), epoch);
    log.append(at([1, 30, 2], 'gzip'), epoch);
    const found = async (delta: number) => (await log.offsetForTimestamp(START_MS + delta))?.offset;
    assert.deepEqual(await Promise.all([0, 5, 6, 9, 10, 30, 31].map(found)), [0, 0, 1, 1, 5, 5, undefined]);
    assert.deepEqual(await log.offsetForTimestamp(START_MS + 6), {
      offset: 1,
      timestamp: START_MS + 9,
      leaderEpoch: 4,
    });
  });

  it('only those that the log still has', async () => {
    const { log } = aLog();
    log.append(at([5, 90, 9, 3]), epoch);
    log.append(at([9, 2]), epoch);
    log.deleteRecordsBefore(3);
    assert.equal((await log.offsetForTimestamp(START_MS + 9))?.offset, 4);
    assert.equal((await log.maxTimestampOffset())?.offset, 1, 'Kafka does not look at the start');
    log.deleteRecordsBefore(4);
    assert.equal((await log.maxTimestampOffset())?.offset, 4);
  });

  it('a batch that cannot be unfolded is taken as a whole', async () => {
    const { log } = aLog();
    const garbage = at([5, 90]);
    garbage.writeInt16BE(1, 21);
    garbage.writeUInt32BE(crc32c(garbage, 21), 17);
    log.append(garbage, epoch);
    log.deleteRecordsBefore(1);
    const whole = { offset: 1, timestamp: START_MS + 90, leaderEpoch: 4 };
    assert.deepEqual(await log.offsetForTimestamp(START_MS + 7), whole);
  });

  it('there is none in an empty log, nor where a producer lied about its highest', async () => {
    const { log } = aLog();
    assert.equal(await log.maxTimestampOffset(), undefined);
    assert.equal(await log.offsetForTimestamp(0), undefined);
    const lie = at([1]);
    lie.writeBigInt64BE(BigInt(START_MS + 50), 35);
    lie.writeUInt32BE(crc32c(lie, 21), 17);
    log.append(lie, epoch);
    assert.equal(await log.maxTimestampOffset(), undefined);
    log.append(at([40]), epoch);
    assert.equal((await log.offsetForTimestamp(START_MS + 20))?.offset, 1);
  });

  it('law: as a walk over all records finds them, in whatever order times come and batches go', async () => {
    const op = fc.oneof(
      { weight: 4, arbitrary: fc.array(fc.nat(9), { minLength: 1, maxLength: 3 }) },
      { weight: 1, arbitrary: fc.record({ drop: fc.nat(6) }) },
      { weight: 1, arbitrary: fc.record({ truncate: fc.nat(4) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(op, { maxLength: 20 }), async (ops) => {
        const { log } = aLog();
        for (const each of ops) {
          if (Array.isArray(each)) log.append(at(each), epoch);
          else if ('drop' in each) log.deleteRecordsBefore(Math.min(log.logEndOffset, log.logStartOffset + each.drop));
          else log.truncateTo(Math.max(log.logStartOffset, log.logEndOffset - each.truncate));

          const records = await log.records();
          for (let delta = 0; delta <= 10; delta++) {
            const expected = records.find(({ timestamp }) => timestamp >= START_MS + delta);
            const found = await log.offsetForTimestamp(START_MS + delta);
            assert.deepEqual([found?.offset, found?.timestamp], [expected?.offset, expected?.timestamp]);
          }
        }
      }),
    );
  });
});
