import { json, type Bytes, type ConsumerRecord } from '@hearken/core';
import assert from 'node:assert/strict';
import type { AckMode, RecordContainerProperties } from '../dist/index.js';
import { addsUp, distinct, started, until, type Bundle } from './setup.js';

interface Order {
  readonly total: number;
}

const isEven = ({ offset }: Pick<ConsumerRecord, 'offset'>): boolean => offset % 2 === 0;

const ended = ({ container }: Bundle, count: number): Promise<void> =>
  until(() => container.metrics().processed + container.metrics().filtered === count);

describe('MessageListenerContainer: filter', () => {
  it('keeps what it says true to, and ends the rest as filtered', async () => {
    const bundle = await started({ filter: isEven, listener: () => undefined });
    const filtered = bundle.events('record:filtered');
    const returned = bundle.events('listener:returned');
    bundle.give(0, ...distinct(5));
    await ended(bundle, 5);
    assert.deepEqual(
      filtered.items.map(({ record }) => record.offset),
      [1, 3],
    );
    assert.deepEqual(
      returned.items.map(({ record }) => record.offset),
      [0, 2, 4],
    );
    const { processed, filtered: count } = bundle.container.metrics();
    assert.deepEqual([processed, count], [3, 2]);
    assert.ok(addsUp(bundle));
    await bundle.container.stop();
    assert.equal(bundle.committed(0), 5);
  });

  const modes: [AckMode, Partial<RecordContainerProperties>][] = [
    ['record', { syncCommits: true }],
    ['count', { ackCount: 2 }],
    ['time', {}],
    ['manual', {}],
    ['manual-immediate', {}],
  ];
  for (const [ackMode, more] of modes) {
    it(`leaves no lag behind under ackMode '${ackMode}'`, async () => {
      const bundle = await started({ ackMode, ...more, filter: () => false });
      bundle.give(0, ...distinct(4));
      await ended(bundle, 4);
      await bundle.container.stop();
      assert.equal(bundle.committed(0), 4);
      assert.equal(bundle.listener.calls.items.length, 0);
      assert.ok(addsUp(bundle));
    });
  }

  it('lets records pass one that is not acknowledged, which holds back the commit', async () => {
    const bundle = await started({ ackMode: 'manual', filter: ({ offset }) => offset === 1 });
    bundle.give(0, ...distinct(4));
    const call = await bundle.listener.call('0/1');
    call.end();
    await ended(bundle, 3);
    assert.equal(bundle.container.metrics().outstanding, 1);
    call.context.acknowledgment.acknowledge();
    await bundle.container.stop();
    assert.equal(bundle.committed(0), 4);
  });

  it('works before a listener that must not run twice', async () => {
    const bundle = await started({ commitBefore: true, filter: isEven, listener: () => undefined });
    bundle.give(0, ...distinct(3));
    await ended(bundle, 3);
    assert.equal(bundle.committed(0), 3);
    await bundle.container.stop();
  });

  it('sees the decoded record, also of a serde that takes its time', async () => {
    const serde = json<Order>();
    const values: number[] = [];
    for (const slow of [false, true]) {
      const properties: Partial<RecordContainerProperties<Bytes, Order>> = {
        valueSerde: slow ? { ...serde, deserialize: (...args) => Promise.resolve(serde.deserialize(...args)) } : serde,
        filter: ({ value }) => value.total > 1,
        listener: ({ value }) => values.push(value.total),
      };
      const bundle = await started(properties as unknown as Partial<RecordContainerProperties>);
      for (const total of [1, 2, 3]) bundle.give(0, { value: JSON.stringify({ total }) });
      await ended(bundle, 3);
      assert.deepEqual(values.splice(0), [2, 3]);
      assert.equal(bundle.container.metrics().filtered, 1);
      await bundle.container.stop();
    }
  });

  it('is not asked about what cannot be decoded: that is a failure', async () => {
    const bundle = await started({
      valueSerde: json() as never,
      filter: () => assert.fail('asked'),
    });
    bundle.give(0, { value: 'no json' });
    await assert.rejects(bundle.container.finished, { code: 'LISTENER_FAILED' });
  });

  it('fails its record when it throws, as the listener would', async () => {
    let asked = 0;
    const bundle = await started({
      errorHandler: { decide: ({ attempt }) => ({ action: 'retry', delayMs: attempt }) },
      filter: () => {
        if (++asked < 3) throw new Error('no');
        return true;
      },
      listener: () => undefined,
    });
    const retried = bundle.events('record:retried');
    bundle.give(0, ...distinct(1));
    for (const attempt of [1, 2]) {
      await retried.first((event) => event.attempt === attempt);
      bundle.clock.advance(attempt);
    }
    await ended(bundle, 1);
    assert.equal(asked, 3);
    assert.ok(addsUp(bundle));
    await bundle.container.stop();
  });

  const mistakes: [what: string, result: unknown][] = [
    ['a promise', Promise.resolve(false)],
    ['a promise that rejects', Promise.reject(new Error('no'))],
    ['undefined', undefined],
    ['a number', 0],
  ];
  for (const [, result] of mistakes) if (result instanceof Promise) result.catch(() => undefined);
  for (const [what, result] of mistakes) {
    it(`stops the container at once when it returns ${what}`, async () => {
      const bundle = await started({ filter: () => result as boolean });
      bundle.give(0, ...distinct(1));
      await assert.rejects(bundle.container.finished, ({ cause }: Error) => {
        assert.equal((cause as { code?: string }).code, 'INVALID_FILTER_RESULT');
        return true;
      });
      assert.equal(bundle.container.metrics().retried, 0);
      assert.equal(bundle.listener.calls.items.length, 0);
    });
  }

  it('may reject with what nobody hears', async () => {
    // Node would end the process with an unhandled rejection.
    const bundle = await started({ filter: (() => Promise.reject(new Error('no'))) as never });
    bundle.give(0, ...distinct(1));
    await assert.rejects(bundle.container.finished, { code: 'LISTENER_FAILED' });
  });
});
