import assert from 'node:assert/strict';
import { DefaultErrorHandler, FixedBackOff } from '@hearken/listener';
import type { LevelWait } from '../../dist/index.js';
import { setup, started, stopped, until, type Bundle } from './setup.js';

/** The level's waits, as they stand in both places. */
function waits({ container }: Pick<Bundle, 'container'>, level: number): readonly LevelWait[] {
  const { waitsFor, ...name } = container.explain(level);
  assert.deepEqual(name, { priority: level, name: String(level) });
  assert.deepEqual(container.snapshot().levels[level]?.waitsFor, waitsFor);
  return waitsFor;
}

const codes = (bundle: Pick<Bundle, 'container'>, level: number): string[] =>
  waits(bundle, level).map(({ code }) => code);

const texts = (bundle: Pick<Bundle, 'container'>, level: number): string[] =>
  waits(bundle, level).map(({ message }) => message);

describe('PriorityListenerContainer: why a level does not move', () => {
  it('was not started, or is over', async () => {
    const bundle = setup();
    assert.deepEqual(texts(bundle, 1), ['the container was not started']);
    await bundle.container.start();
    await stopped(bundle);
    assert.deepEqual(texts(bundle, 1), ['the container was stopped']);
  });

  it('has no records, or no partitions', async () => {
    const bundle = await started();
    bundle.give(1, 1);
    (await bundle.listener.call('1:0/0')).end();
    await until(() => bundle.container.metrics().levels[1]?.processed === 1);
    await until(() => codes(bundle, 1).join() === 'no-records');
    await bundle.consumer(1).rebalance({
      revoke: [0, 1].map((partition) => ({ topic: 't-1', partition })),
      assign: [],
    });
    await until(() => codes(bundle, 1).includes('no-partitions'));
    await stopped(bundle);
  });

  it('is paused, or its partitions are', async () => {
    const bundle = await started();
    const { container, give } = bundle;
    container.level(1).pause();
    give(1, 3);
    await until(() => container.level(1).isReady);
    assert.deepEqual(texts(bundle, 1), ["paused until level('1').resume()"]);
    container.level(2).container.pause([{ topic: 't-2', partition: 1 }]);
    give(2, 1);
    await until(() => codes(bundle, 2).includes('listener'));
    assert.match(
      texts(bundle, 2).join('; '),
      /^t-2\/1 paused by user, until level\('2'\)\.container\.resume\(\); 1 with/,
    );
    await stopped(bundle);
  });

  it('finds all slots taken, and the policy for another', async () => {
    const bundle = await started({ capacity: 2, policy: 'strict', starvation: 'allow' });
    const { give, listener, container } = bundle;
    give(2, 4);
    await until(() => listener.order === '22');
    give(0, 1);
    await until(() => container.level(0).isReady);
    assert.deepEqual(texts(bundle, 0), ['all 2 slots are taken: 2 has 2']);
    listener.calls.items[0]?.end();
    await until(() => listener.order === '222');
    assert.deepEqual(waits(bundle, 0).slice(1), [
      { code: 'policy', message: "'strict' chose 2 last: no level above it was ready, and no minShare was due" },
    ]);
    await stopped(bundle);
  });

  it('has all slots itself', async () => {
    const bundle = await started({ capacity: 2 });
    bundle.give(0, 5);
    await until(() => bundle.listener.order === '00');
    assert.deepEqual(texts(bundle, 0).slice(1), ['all 2 slots are taken: 0 has 2']);
    await stopped(bundle);
  });

  it('has all the slots it may have, or those that are free are kept for others', async () => {
    const bundle = await started({ capacity: 4, levels: [{ maxSlots: 1 }, {}, { minSlots: 1 }] });
    const { give, listener, container } = bundle;
    give(0, 2);
    await until(() => listener.order === '0' && container.level(0).isReady);
    assert.deepEqual(codes(bundle, 0), ['listener', 'max-slots']);
    give(1, 9);
    await until(() => listener.order === '011' && container.level(1).isReady);
    assert.deepEqual(codes(bundle, 1), ['listener', 'slots-kept']);
    assert.match(texts(bundle, 1).join(), /the 1 free slots are kept for others by minSlots/);
    await stopped(bundle);
  });

  it('has listeners that run, and for how long', async () => {
    const bundle = await started({ ordering: 'partition', partitions: 1 });
    bundle.give(0, 3);
    await bundle.listener.call('0:0/0');
    await until(() => bundle.container.metrics().levels[0]?.queued === 2);
    bundle.clock.advance(7_000);
    assert.deepEqual(texts(bundle, 0), [
      '1 with the listener, the longest t-0/0@0 for 7000 ms',
      '2 are here, and each waits for one before it, or is paused',
    ]);
    await stopped(bundle);
  });

  it('waits to try a record again', async () => {
    const bundle = await started({
      ordering: 'partition',
      partitions: 1,
      errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 4_000, maxRetries: 1 }) }),
    });
    bundle.give(0, 3);
    (await bundle.listener.call('0:0/0')).fail(new Error('no'));
    await until(() => codes(bundle, 0).includes('retry'));
    assert.deepEqual(texts(bundle, 0)[0], '1 to be tried again, the next t-0/0@0 in 4000 ms as attempt 2');
    assert.deepEqual(codes(bundle, 0), ['retry', 'order']);
    await stopped(bundle);
  });

  it('waits for acknowledgments', async () => {
    const { container, give } = await started({ ackMode: 'manual', listener: () => undefined });
    give(0, 2);
    await until(() => codes({ container }, 0).join() === 'acknowledgment');
    await container.stop();
  });

  it('has what its health says', async () => {
    const bundle = await started({ handlerTimeoutMs: 1_000 });
    bundle.give(0, 1);
    await bundle.listener.call('0:0/0');
    bundle.clock.advance(1_000);
    await until(() => codes(bundle, 0).includes('container'));
    assert.match(texts(bundle, 0)[0] ?? '', /listeners ignore that their time is over: t-0/);
    await stopped(bundle);
  });

  it('tells why the last was next in the words of the policy that chose it', async () => {
    const bundle = await started({ capacity: 1, policy: 'strict', starvation: 'allow' });
    const { container, give, listener } = bundle;
    give(1, 1);
    give(2, 2);
    await until(() => listener.order.length === 1);
    listener.calls.items[0]?.end();
    await until(() => listener.order.length === 2);
    const before = container.explain();
    assert.equal(before?.policy, 'strict');
    container.setPolicy('drr');
    assert.deepEqual(container.explain(), before, 'drr has chosen nothing yet');
    listener.calls.items[1]?.end();
    await until(() => listener.order.length === 3);
    assert.equal(container.explain()?.policy, 'drr');
    assert.throws(() => container.explain(7), { code: 'PRIORITY_OUT_OF_RANGE' });
    await stopped(bundle);
  });
});
