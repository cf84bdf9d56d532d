import assert from 'node:assert/strict';
import { AsyncTaskExecutor } from '@hearken/executor';
import { eventLoopTurn } from '@hearken/testing';
import { startedBatches } from './batch-setup.js';
import { addsUp, keyed, started, until } from './setup.js';

/** Has places for no more tasks from some time on. */
class Refusing extends AsyncTaskExecutor {
  refuses = false;

  override execute<T>(task: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
    return this.refuses ? eventLoopTurn().then(() => Promise.reject(new Error('no place'))) : super.execute(task);
  }
}

/** No test here moves the clock: a stop that waits for its time to be over never ends. */
describe('MessageListenerContainer: a stop that closes gaps ends when it can', () => {
  it('where the executor refuses what is left', async () => {
    const taskExecutor = new Refusing({ concurrency: 2 });
    const bundle = await started({ ordering: 'key', taskExecutor });
    bundle.give(0, ...keyed('a', 'b', 'a', 'b'));
    const first = await bundle.listener.call('0/0');
    (await bundle.listener.call('0/1')).end();
    const newest = await bundle.listener.call('0/3');
    const stopping = bundle.container.stop();
    newest.end();
    await eventLoopTurn();
    taskExecutor.refuses = true;
    first.end();
    assert.equal((await stopping).drained, false);
    assert.deepEqual([bundle.listener.order, bundle.committed(0)], [['0/0', '0/1', '0/3'], 2]);
    assert.ok(addsUp(bundle));
  });

  it('where a listener waits for it', async () => {
    const { container, give, listener, committed } = await started({ ordering: 'key' });
    give(0, ...keyed('a', 'b', 'a', 'b'));
    const first = await listener.call('0/0');
    (await listener.call('0/1')).end();
    (await listener.call('0/3')).end();
    await eventLoopTurn();
    await first.context.container.stop();
    assert.equal(committed(0), 0);
    first.end();
    await container.finished;
  });

  it('with all that closes gaps, where a listener asked for it and returned', async () => {
    const { give, listener, committed } = await started({ ordering: 'key' });
    give(0, ...keyed('a', 'b', 'a', 'b'));
    const first = await listener.call('0/0');
    (await listener.call('0/1')).end();
    const newest = await listener.call('0/3');
    const stopping = first.context.container.stop();
    first.end();
    (await listener.call('0/2')).end();
    newest.end();
    assert.equal((await stopping).drained, true);
    assert.equal(committed(0), 4);
  });

  it('where the partition is paused meanwhile', async () => {
    const { container, give, listener, committed } = await started({ ordering: 'key' });
    give(0, ...keyed('a', 'b', 'a', 'b'));
    const first = await listener.call('0/0');
    (await listener.call('0/1')).end();
    (await listener.call('0/3')).end();
    const stopping = container.stop();
    await eventLoopTurn();
    container.pause();
    first.end();
    assert.equal((await stopping).drained, false);
    assert.deepEqual([listener.order, committed(0)], [['0/0', '0/1', '0/3'], 2]);
  });

  it('and starts nothing behind a record that fails meanwhile, of whatever key: that would come twice', async () => {
    const bundle = await started({ ordering: 'key', concurrency: 3 });
    bundle.give(0, ...keyed('a', 'b', 'c', 'b', 'c'));
    const [a, b, c] = [
      await bundle.listener.call('0/0'),
      await bundle.listener.call('0/1'),
      await bundle.listener.call('0/2'),
    ];
    c.end();
    const newest = await bundle.listener.call('0/4');
    const stopping = bundle.container.stop();
    a.fail(new Error('no'));
    await eventLoopTurn();
    b.end(); // 3 stands behind it, and before 4, which started
    newest.end();
    assert.equal((await stopping).drained, false);
    assert.deepEqual(bundle.listener.order, ['0/0', '0/1', '0/2', '0/4']);
    assert.ok(addsUp(bundle));
  });

  it('and starts nothing behind a record that waits to be tried again, of whatever key', async () => {
    const bundle = await started({ ordering: 'key', concurrency: 3 });
    const retried = bundle.events('record:retried');
    bundle.give(0, ...keyed('a', 'b', 'c', 'b', 'c'));
    const b = await bundle.listener.call('0/1');
    (await bundle.listener.call('0/2')).end();
    const newest = await bundle.listener.call('0/4');
    (await bundle.listener.call('0/0')).fail(new Error('no'));
    await retried.received(1);
    const stopping = bundle.container.stop();
    b.end();
    newest.end();
    assert.equal((await stopping).drained, false);
    assert.deepEqual(bundle.listener.order, ['0/0', '0/1', '0/2', '0/4']);
    assert.ok(addsUp(bundle));
  });

  it('where lanes wait for a commit that does not come any more', async () => {
    const bundle = await started({ ordering: 'key', ackMode: 'record', syncCommits: true, concurrency: 3 });
    bundle.give(0, ...keyed('a', 'b', 'b', 'c'));
    const a = await bundle.listener.call('0/0');
    (await bundle.listener.call('0/1')).end();
    const newest = await bundle.listener.call('0/3');
    const stopping = bundle.container.stop();
    a.fail(new Error('no'));
    newest.end();
    assert.equal((await stopping).drained, false);
    assert.deepEqual(bundle.listener.order, ['0/0', '0/1', '0/3']);
  });

  it('where lanes wait for a commit that does come', async () => {
    const bundle = await started({ ordering: 'key', ackMode: 'record', syncCommits: true, concurrency: 3 });
    bundle.give(0, ...keyed('a', 'b', 'b', 'c'));
    const a = await bundle.listener.call('0/0');
    (await bundle.listener.call('0/1')).end();
    (await bundle.listener.call('0/3')).end();
    const stopping = bundle.container.stop();
    a.end();
    await until(() => {
      bundle.clock.advance(0);
      return bundle.listener.order.includes('0/2');
    });
    (await bundle.listener.call('0/2')).end();
    assert.equal((await stopping).drained, true);
    assert.equal(bundle.committed(0), 4);
  });

  it('without batches that wait for more records', async () => {
    const bundle = await startedBatches({ ordering: 'key', batch: { maxRecords: 2, lingerMs: 10_000 } });
    bundle.give(0, ...keyed('a', 'b', 'b'));
    const newest = await bundle.batches.call(0);
    const stopping = bundle.container.stop();
    newest.end();
    (await bundle.batches.call(1)).end();
    assert.equal((await stopping).drained, true);
    assert.deepEqual([bundle.batches.order, bundle.committed(0)], [['0/1-2', '0/0'], 3]);
  });

  it('without batches that wait for more records behind one that runs', async () => {
    const bundle = await startedBatches({ ordering: 'key', batch: { maxRecords: 2, lingerMs: 10_000 } });
    bundle.give(0, ...keyed('a', 'a', 'a', 'b', 'b'));
    const first = await bundle.batches.call(0);
    const newest = await bundle.batches.call(1);
    const stopping = bundle.container.stop();
    newest.end();
    first.end();
    (await bundle.batches.call(2)).end();
    assert.equal((await stopping).drained, true);
    assert.deepEqual([bundle.batches.order, bundle.committed(0)], [['0/0-1', '0/3-4', '0/2'], 5]);
  });
});
