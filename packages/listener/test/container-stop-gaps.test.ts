import assert from 'node:assert/strict';
import { AsyncTaskExecutor } from '@hearken/executor';
import { eventLoopTurn } from '@hearken/testing';
import type { Call } from './setup.js';
import { addsUp, keyed, started, tp, until, type Bundle } from './setup.js';

interface Gap extends Bundle {
  /** Runs; those behind it of its key are offsets 2 and 5. */
  readonly first: Call;
  /** Runs: the newest record that started. */
  readonly newest: Call;
  readonly executor: Breaker;
}

/** Like a circuit breaker. */
class Breaker extends AsyncTaskExecutor {
  isOpen = true;

  override get concurrency(): number {
    return this.isOpen ? super.concurrency : 0;
  }

  override get available(): number {
    return this.isOpen ? super.available : 0;
  }
}

/**
 * Keys a and b, one listener for each: offset 0 (a) runs, 1 (b) has ended, 3 (b) runs, and 2 (a) waits behind 0. So what
 * ended, at 1 and later at 3, is not committed before 0 and 2 have ended. 4 (b) and 5 (a) are behind all that started.
 */
async function withGap(): Promise<Gap> {
  const executor = new Breaker({ concurrency: 2 });
  const bundle = await started({ ordering: 'key', taskExecutor: executor });
  bundle.give(0, ...keyed('a', 'b', 'a', 'b', 'b', 'a'));
  const first = await bundle.listener.call('0/0');
  (await bundle.listener.call('0/1')).end();
  const newest = await bundle.listener.call('0/3');
  return { ...bundle, first, newest, executor };
}

describe('MessageListenerContainer: a stop that drains', () => {
  it('still starts what keeps ended records from being committed, and nothing behind: none comes twice', async () => {
    const bundle = await withGap();
    const { container, first, newest, listener, committed } = bundle;
    const stopping = container.stop();
    newest.end();
    await eventLoopTurn();
    assert.deepEqual(listener.order, ['0/0', '0/1', '0/3'], 'its key waits for the one before');
    first.end();
    (await listener.call('0/2')).end();
    const { drained, abandoned } = await stopping;
    assert.deepEqual([drained, abandoned, committed(0)], [true, 2, 4]);
    assert.deepEqual(listener.order, ['0/0', '0/1', '0/3', '0/2']);
    assert.ok(addsUp(bundle));
  });

  it('drops what stands behind a record that fails: it comes again before them', async () => {
    const bundle = await withGap();
    const { container, first, newest, listener, committed } = bundle;
    const stopping = container.stop();
    first.fail(new Error('no'));
    newest.end();
    const { drained, abandoned } = await stopping;
    assert.deepEqual([drained, abandoned, committed(0)], [false, 4, 0], '1 and 3 ended, and come again');
    assert.deepEqual(listener.order, ['0/0', '0/1', '0/3']);
    assert.ok(addsUp(bundle));
  });

  it('drops what stands behind a record that waits to be tried again', async () => {
    const bundle = await withGap();
    const { container, first, newest, listener, events } = bundle;
    const retried = events('record:retried');
    first.fail(new Error('no'));
    await retried.received(1);
    const stopping = container.stop();
    newest.end();
    assert.deepEqual((await stopping).drained, false);
    assert.deepEqual(listener.order, ['0/0', '0/1', '0/3']);
  });

  it('starts nothing more when its time is over', async () => {
    const bundle = await withGap();
    const { container, first, newest, listener, clock } = bundle;
    const stopping = container.stop({ timeoutMs: 7 });
    await until(() => clock.nextDueInMs === 7);
    clock.advance(7);
    assert.equal((await stopping).drained, false);
    assert.ok(first.context.signal.aborted && newest.context.signal.aborted);
    first.end();
    newest.end();
    await eventLoopTurn();
    assert.deepEqual(listener.order, ['0/0', '0/1', '0/3']);
    assert.ok(addsUp(bundle));
  });

  const notAtAll: Readonly<Record<string, (bundle: Gap) => void>> = {
    'that is immediate': ({ container }) => void container.stop({ immediate: true }),
    'of a container whose executor starts nothing': ({ container, executor }) => {
      executor.isOpen = false;
      void container.stop();
    },
    'of a partition that is paused': ({ container }) => {
      container.pause();
      void container.stop();
    },
    'that a failure asks for': ({ container, factory }) => {
      factory.consumer.fail(new Error('fenced'));
      void container.finished.catch(() => undefined);
    },
  };
  for (const [which, stop] of Object.entries(notAtAll)) {
    it(`starts nothing more if it is one ${which}`, async () => {
      const bundle = await withGap();
      const { container, first, newest, listener, clock } = bundle;
      stop(bundle);
      await until(() => ['stopping', 'stopped', 'failed'].includes(container.state));
      first.end();
      newest.end();
      await until(() => {
        clock.advance(0);
        return ['stopped', 'failed'].includes(container.state);
      });
      assert.deepEqual(listener.order, ['0/0', '0/1', '0/3']);
      assert.ok(addsUp(bundle));
    });
  }

  it('is cut short by a revoke, which waits for what runs only', async () => {
    const bundle = await withGap();
    const { container, factory, first, newest, listener, committed } = bundle;
    const stopping = container.stop();
    const revoking = factory.consumer.rebalance({ revoke: [tp(0)] });
    await eventLoopTurn();
    first.end();
    newest.end();
    await revoking;
    await stopping;
    assert.deepEqual(listener.order, ['0/0', '0/1', '0/3']);
    assert.equal(committed(0), 2, 'up to what never started');
    assert.ok(addsUp(bundle));
  });
});
