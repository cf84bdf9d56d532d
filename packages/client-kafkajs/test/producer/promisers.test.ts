import assert from 'node:assert/strict';
import type { RecordMetadata, SendMapper } from '@hearken/core';
import { eventLoopTurn } from '@hearken/testing';
import fc from 'fast-check';
import { FlushTracker } from '../../dist/producer/flush-tracker.js';
import { PendingRecord } from '../../dist/producer/pending-record.js';
import { Cohort } from '../../dist/producer/promisers.js';

const metadata = (offset: number): RecordMetadata => ({ topic: 't', partition: 0, offset, timestamp: 0 });

const NAMED: SendMapper<unknown, string> = {
  result: ({ offset }, name) => `${String(name)} at ${offset}`,
  error: (cause, name) => new Error(`${String(name)} failed`, { cause }),
};

const record = (name: string, mapper: SendMapper<unknown, unknown> = NAMED): PendingRecord =>
  new PendingRecord({ topic: 't', value: null }, mapper, name, 0, new FlushTracker());

const ends = (promises: readonly Promise<unknown>[]): Promise<unknown[]> =>
  Promise.all(promises.map((promise) => promise.catch((error: unknown) => (error as Error).message)));

describe('The promise of a pending record', () => {
  it('settles with what its own mapper makes of its own end, in whatever order a batch and its parts end', async () => {
    const fates = fc.array(fc.record({ waited: fc.boolean(), fails: fc.boolean(), rank: fc.nat() }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(fates, async (records) => {
        const batch: PendingRecord[] = [];
        const cohort = new Cohort(batch);
        const sends = records.map(({ waited, ...fate }, i) => {
          const pending = record(`r${i}`);
          batch.push(pending);
          const early = waited ? pending.promise() : undefined; // it had no batch when `send` returned
          pending.promiser ??= cohort;
          return { ...fate, i, pending, promise: early ?? pending.promise() };
        });
        for (const { pending, fails, i } of [...sends].sort((a, b) => a.rank - b.rank)) {
          if (fails) pending.reject(new Error('why'));
          else pending.resolve(metadata(i));
        }
        assert.deepEqual(
          await ends(sends.map(({ promise }) => promise)),
          sends.map(({ fails, i }) => (fails ? `r${i} failed` : `r${i} at ${i}`)),
        );
      }),
    );
  });

  it('settles when the last of those it shares a batch with has ended', async () => {
    const [first, second] = [record('first'), record('second')];
    const cohort = new Cohort([first, second]);
    const settled: unknown[] = [];
    for (const one of [first, second]) {
      one.promiser = cohort;
      void one.promise().then((end) => settled.push(end));
    }
    second.resolve(metadata(2));
    await eventLoopTurn();
    assert.deepEqual(settled, []);
    first.resolve(metadata(1));
    await eventLoopTurn();
    assert.deepEqual(settled, ['first at 1', 'second at 2']);
  });

  it('rejects at once for a record that ended before it had a batch', async () => {
    const refused = record('refused');
    refused.reject(new Error('why'));
    assert.deepEqual(await ends([refused.promise()]), ['refused failed']);
  });

  it('is harmed by no mapper but its own', async () => {
    const throwing: SendMapper<unknown, unknown> = {
      result: () => {
        throw new Error('thrown');
      },
      error: () => new Error('not asked for'),
    };
    const records = [record('a', throwing), record('b')];
    const cohort = new Cohort(records);
    const promises = records.map((one) => {
      one.promiser = cohort;
      return one.promise();
    });
    records.forEach((one, i) => one.resolve(metadata(i)));
    assert.deepEqual(await ends(promises), ['thrown', 'b at 1']);
  });
});
