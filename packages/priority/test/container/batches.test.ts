import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import type { ConsumerRecord } from '@hearken/core';
import type { BatchListenerContext } from '@hearken/listener';
import type { LevelName, PriorityBatchListener, PriorityContainerProperties } from '../../dist/index.js';
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

  type Told = (records: readonly ConsumerRecord[], context: BatchListenerContext, level: LevelName) => void;
  const listeners: Readonly<Record<string, (told: Told) => PriorityBatchListener>> = {
    'a function': (told) => told,
    'an object': (told) => ({ onBatch: told }),
  };
  for (const [what, listenerOf] of Object.entries(listeners)) {
    it(`tells ${what} the level, and how old the first record of a batch is`, async () => {
      const told: string[] = [];
      const batchListener = listenerOf((records, { topic }, { priority, name }) => {
        told.push(`${priority} ${name}: ${topic}/${records.map(({ offset }) => offset).join()}`);
      });
      const properties: PriorityContainerProperties = {
        topics: ['t'],
        levels: ['bulk', 'normal', 'urgent'],
        batch: { maxRecords: 2 },
        batchListener,
        listener: undefined,
      };
      const { container, give, clock } = setup({ ...properties, partitions: 1 });
      give(0, 1, { timestamp: clock.now() - 700 });
      give(0, 1, { timestamp: clock.now() - 50 });
      give(2, 1, { timestamp: clock.now() - 300 });
      await container.start();
      await until(() => told.length === 2);
      assert.deepEqual(told.toSorted(), ['0 bulk: t-0/0,1', '2 urgent: t-2/0']);
      assert.deepEqual(
        container.metrics().levels.map(({ latencyMs }) => latencyMs),
        [700, undefined, 300],
      );
      await container.stop();
    });
  }
});
