import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import type { ConsumerRecord } from '@hearken/core';
import { addsUp, setup, until } from './setup.js';

interface BatchCall {
  readonly of: string;
  readonly end: () => void;
}

describe('PriorityListenerContainer: batches', () => {
  it('gives each call the records of one level, a slot a batch, the urgent level first', async () => {
    const calls: BatchCall[] = [];
    const bundle = setup({
      capacity: 1,
      partitions: 1,
      policy: 'strict',
      starvation: 'allow',
      listener: undefined,
      batch: { maxRecords: 2 },
      batchListener: (records: readonly ConsumerRecord[]) => {
        const { promise, resolve } = deferred();
        calls.push({ of: records.map(({ topic, offset }) => `${topic}/${offset}`).join(' '), end: resolve });
        return promise;
      },
    } as never);
    const { container, give, committed } = bundle;
    give(0, 4);
    await container.start();
    await until(() => calls.length === 1);
    give(2, 3);
    await until(() => container.level(2).isReady);
    assert.equal(container.metrics().slots, 1);
    for (let ended = 0; ended < 4; ended++) {
      await until(() => calls.length > ended);
      calls[ended]?.end();
    }
    assert.deepEqual(
      calls.map(({ of }) => of),
      ['t-0/0 t-0/1', 't-2/0 t-2/1', 't-2/2', 't-0/2 t-0/3'],
    );
    await container.stop();
    assert.deepEqual([committed(0, 0), committed(2, 0)], [4, 3]);
    assert.deepEqual(
      container.metrics().levels.map(({ started }) => started),
      [2, 0, 2],
    );
    assert.ok(addsUp(bundle));
  });
});
