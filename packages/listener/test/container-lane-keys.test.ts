import assert from 'node:assert/strict';
import type { ConsumerRecord } from '@hearken/core';
import { eventLoopTurn } from '@hearken/testing';
import { DefaultErrorHandler, FixedBackOff, type KeySelector } from '../dist/index.js';
import { startedBatches } from './batch-setup.js';
import { addsUp, keyed, started, stopNow, tp, until, type Bundle } from './setup.js';

/** What runs when nothing more starts. */
async function running({ listener }: Bundle, count: number): Promise<string[]> {
  await listener.calls.received(count);
  for (let turns = 0; turns < 4; turns++) await eventLoopTurn();
  return listener.order;
}

describe('MessageListenerContainer: records without a key, in key order', () => {
  it('run side by side, beside keys that run in order; an empty key is a key', async () => {
    const bundle = await started({ ordering: 'key' });
    bundle.give(0, ...keyed(null, 'a', null, '', 'a', ''));
    assert.deepEqual(await running(bundle, 4), ['0/0', '0/1', '0/2', '0/3']);
    await stopNow(bundle);
  });

  it(`run one after the other in each partition with nullKey: 'partition'`, async () => {
    const bundle = await started({ ordering: 'key', nullKey: 'partition' });
    for (const partition of [0, 1]) bundle.give(partition, ...keyed(null, 'a', null));
    assert.deepEqual((await running(bundle, 4)).sort(), ['0/0', '0/1', '1/0', '1/1']);
    (await bundle.listener.call('0/0')).end();
    await bundle.listener.call('0/2');
    await stopNow(bundle);
  });

  it(`run one after the other in the whole container with nullKey: 'single', also while one is tried again`, async () => {
    const bundle = await started({ ordering: 'key', nullKey: 'single' });
    const { listener, give, clock } = bundle;
    for (const partition of [0, 1]) give(partition, ...keyed(null, 'a', null));
    assert.deepEqual((await running(bundle, 3)).sort(), ['0/0', '0/1', '1/1']);
    (await listener.call('0/0')).fail(new Error('once'));
    const other = await listener.call('1/0'); // nothing of its partition waits for the other's
    clock.advance(60_000);
    assert.equal((await running(bundle, 4)).length, 4, 'the other one runs');
    other.end();
    const again = await listener.call('0/0', 2);
    assert.equal((await running(bundle, 5)).length, 5);
    again.end();
    (await listener.call('1/2')).end();
    (await listener.call('0/2')).end();
    await until(() => bundle.container.metrics().processed === 4);
    await stopNow(bundle);
    assert.ok(addsUp(bundle));
  });

  for (const how of ['revoke', 'lost'] as const)
    it(`keep the whole container waiting with nullKey: 'single' while one of them outlives its partition (${how})`, async () => {
      const bundle = await started({ ordering: 'key', nullKey: 'single', revokeDrainTimeoutMs: 50 });
      const { listener, give, factory, clock } = bundle;
      give(0, ...keyed(null));
      give(1, ...keyed(null, null));
      const stray = await listener.call('0/0');
      const given = factory.consumer.rebalance({ [how]: [tp(0)], assign: [] });
      await until(() => {
        clock.advance(50);
        return factory.consumer.assignment().length === 1;
      });
      await given;
      await factory.consumer.rebalance({ assign: [tp(0)] });
      assert.deepEqual(await running(bundle, 1), ['0/0']);
      stray.end();
      const second = await listener.calls.first(({ at, context }) => at === '1/0' && context.attempt === 1);
      assert.equal((await running(bundle, 2)).length, 2);
      second.end();
      await listener.calls.received(3);
      assert.equal(listener.calls.items[2]?.at, '0/0', 'partitions take turns, and the record comes again');
      await stopNow(bundle);
    });

  it('have batches of their own, as large as what waits', async () => {
    const bundle = await startedBatches({ ordering: 'key', batch: { maxRecords: 3 } });
    bundle.give(0, ...keyed(null, 'a', null, null, null));
    await bundle.batches.calls.received(3);
    assert.deepEqual(
      bundle.batches.calls.items.map(({ offsets }) => offsets),
      [[0, 2, 3], [1], [4]],
    );
    for (const call of bundle.batches.calls.items) call.end();
    await bundle.container.stop();
  });
});

describe('MessageListenerContainer: keySelector', () => {
  const byTenant: KeySelector = ({ headers }) => headers.get('tenant');
  const of = (tenant: string | undefined, key: string | null) => ({
    key,
    headers: tenant === undefined ? {} : { tenant },
  });

  it('says which records wait for which, instead of their keys', async () => {
    const bundle = await started({ ordering: 'key', keySelector: byTenant });
    bundle.give(0, of('a', '1'), of('a', '2'), of('b', '1'), of(undefined, '1'), of(undefined, '1'));
    assert.deepEqual(await running(bundle, 4), ['0/0', '0/2', '0/3', '0/4']);
    (await bundle.listener.call('0/0')).end();
    await bundle.listener.call('0/1');
    await stopNow(bundle);
  });

  it('may give texts, bytes of any kind, and nothing', async () => {
    const keys = ['é', Buffer.from('é'), new Uint8Array(Buffer.from('é')), null, undefined, '', new Uint8Array(0)];
    const bundle = await started({ ordering: 'key', keySelector: ({ offset }) => keys[offset] });
    bundle.give(0, ...keyed(...keys.map(() => 'x')));
    assert.deepEqual(await running(bundle, 4), ['0/0', '0/3', '0/4', '0/5']);
    await stopNow(bundle);
  });

  const mistakes: readonly (readonly [string, (record: ConsumerRecord) => unknown])[] = [
    ['throws', ({ value }) => (JSON.parse(value!.toString()) as { id: string }).id],
    ['returns what is no key', ({ offset }) => (offset === 1 ? 7 : 'a')],
    ['returns a promise', ({ offset }) => (offset === 1 ? Promise.reject(new Error('late')) : 'a')],
  ];
  for (const [what, select] of mistakes)
    it(`fails the record alone when it ${what}, without a retry and unseen by the listener`, async () => {
      const recovered: number[] = [];
      const bundle = await started({
        ordering: 'key',
        keySelector: select as KeySelector,
        errorHandler: new DefaultErrorHandler({ recoverer: ({ offset }) => void recovered.push(offset) }),
      });
      const failed = bundle.events('record:failed');
      const value = '{"id":"a"}';
      bundle.give(0, { key: 'k', value }, { key: 'k', value: '{' }, { key: 'k', value });
      (await bundle.listener.call('0/0')).end();
      (await bundle.listener.call('0/2')).end();
      await until(() => bundle.container.metrics().processed === 2);
      await until(() => recovered.length === 1);
      assert.deepEqual(recovered, [1]);
      const [{ error, attempt }] = failed.items as never as [{ error: { code: string }; attempt: number }];
      assert.deepEqual([error.code, attempt], ['KEY_SELECTOR_FAILED', 1]);
      await bundle.container.stop();
      assert.deepEqual([bundle.committed(0), bundle.listener.order], [3, ['0/0', '0/2']]);
      assert.ok(addsUp(bundle));
    });

  it('is asked again when its record is tried again', async () => {
    let works = false;
    const bundle = await started({
      ordering: 'key',
      keySelector: ({ key }) => {
        if (!works) throw new Error('not yet');
        return key;
      },
      errorHandler: new DefaultErrorHandler({
        retryable: ['KEY_SELECTOR_FAILED'],
        backOff: new FixedBackOff({ intervalMs: 10, maxRetries: 5 }),
      }),
    });
    const retried = bundle.events('record:retried');
    bundle.give(0, ...keyed('a'));
    await retried.received(1);
    bundle.clock.advance(10);
    await retried.received(2);
    works = true;
    bundle.clock.advance(10);
    (await bundle.listener.call('0/0', 3)).end();
    await until(() => bundle.container.metrics().processed === 1);
    await bundle.container.stop();
  });

  it('fails one record of a batch listener, and the batch goes on around it', async () => {
    const recovered: number[] = [];
    const bundle = await startedBatches({
      ordering: 'key',
      keySelector: ({ offset }) => {
        if (offset === 1) throw new Error('no');
        return 'a';
      },
      errorHandler: new DefaultErrorHandler({ recoverer: ({ offset }) => void recovered.push(offset) }),
    });
    bundle.give(0, ...keyed('x', 'x', 'x'));
    (await bundle.batches.call(0)).end();
    await until(() => bundle.container.metrics().outstanding === 0);
    assert.deepEqual([bundle.batches.calls.items[0]?.offsets, recovered], [[0, 2], [1]]);
    await bundle.container.stop();
  });
});
