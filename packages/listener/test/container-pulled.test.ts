import assert from 'node:assert/strict';
import type { RecordSlots, RecordSource, RecordStart, TaskExecutor } from '@hearken/core';
import { eventLoopTurn } from '@hearken/testing';
import { addsUp, distinct, keyed, setup, until } from './setup.js';

/** Starts a record when the test says so. */
class PullingExecutor implements TaskExecutor {
  readonly concurrency = 10;
  readonly available = 10;
  readonly unit = 'run';
  /** What the container told: r is ready, e is ended, E is ended with another one ready, w is went on. */
  told = '';
  isDetached = false;
  /** Whether a run is to take the next record too. */
  goesOn = false;
  #source: RecordSource | undefined;
  readonly #abort = new AbortController();

  attach(source: RecordSource): RecordSlots {
    this.#source = source;
    return {
      ready: () => void (this.told += 'r'),
      ended: (isReady) => void (this.told += isReady ? 'E' : 'e'),
      mayGoOn: () => this.goesOn,
      wentOn: () => void (this.told += 'w'),
      detach: () => void (this.isDetached = true),
    };
  }

  get sourceIsReady(): boolean | undefined {
    return this.#source?.isReady;
  }

  pull(): RecordStart | undefined {
    return this.#source?.startNext(this.#abort.signal);
  }

  execute<T>(): Promise<T> {
    return Promise.reject(new Error('no task is given to an executor that pulls'));
  }

  onAvailable = () => () => undefined;
  drain = () => Promise.resolve();
  cancel = (reason: Error) => this.#abort.abort(reason);
}

describe('MessageListenerContainer: an executor that starts its records', () => {
  it('starts nothing by itself, says when it is ready, and one record each time it is asked', async () => {
    const executor = new PullingExecutor();
    const bundle = setup({ taskExecutor: executor, ordering: 'key' });
    await bundle.container.start();
    bundle.give(0, ...distinct(3));
    await until(() => executor.told.includes('r'));
    await eventLoopTurn();
    assert.deepEqual(bundle.listener.order, []);
    assert.deepEqual([executor.pull(), executor.pull()], ['started', 'started']);
    assert.deepEqual(bundle.listener.order, ['0/0', '0/1']);
    executor.told = '';
    (await bundle.listener.call('0/0')).end();
    await until(() => executor.told.includes('E'));
    assert.deepEqual([executor.pull(), executor.pull()], ['started', 'empty']);
    const stopping = bundle.container.stop();
    for (const { end } of bundle.listener.calls.items) end();
    await stopping;
    assert.equal(bundle.committed(0), 3);
    assert.ok(executor.isDetached && addsUp(bundle));
  });

  it('tells what waits for a record that runs from what is not there', async () => {
    const executor = new PullingExecutor();
    const bundle = setup({ taskExecutor: executor, ordering: 'key' });
    await bundle.container.start();
    bundle.give(0, ...keyed('a', 'a'));
    await until(() => executor.told.includes('r'));
    assert.equal(executor.sourceIsReady, true);
    assert.deepEqual([executor.pull(), executor.pull()], ['last', 'blocked']);
    assert.equal(executor.sourceIsReady, false);
    executor.told = '';
    (await bundle.listener.call('0/0')).end();
    await until(() => executor.told.includes('E'));
    assert.equal(executor.sourceIsReady, true);
    assert.equal(executor.pull(), 'started');
    assert.equal(executor.sourceIsReady, false, 'nothing is left, which it was not asked yet');
    (await bundle.listener.call('0/1')).end();
    await bundle.container.stop();
  });

  it('goes on with the next record where the executor lets it, without an end and a start', async () => {
    const executor = new PullingExecutor();
    const order: number[] = [];
    const bundle = setup({
      taskExecutor: executor,
      listener: ({ offset }) => {
        executor.goesOn = offset < 2;
        order.push(offset);
      },
    });
    await bundle.container.start();
    bundle.give(0, {}, {}, {}, {});
    await until(() => executor.told.includes('r'));
    executor.told = '';
    assert.equal(executor.pull(), 'started');
    assert.deepEqual([order, executor.told], [[0, 1, 2], 'wwE']);
    await bundle.container.stop();
    assert.ok(addsUp(bundle));
  });

  it('asks for the next turn of the event loop where listeners have held this one long enough', async () => {
    const executor = new PullingExecutor();
    const bundle = setup({
      taskExecutor: executor,
      ordering: 'none',
      listener: () => bundle.clock.advance(5), // above yieldAfterMs
    });
    await bundle.container.start();
    bundle.give(0, ...distinct(2));
    await until(() => executor.told.includes('r'));
    assert.deepEqual([executor.pull(), executor.pull()], ['started', 'later']);
    executor.told = '';
    await until(() => executor.told === 'r');
    assert.equal(executor.pull(), 'started');
    await bundle.container.stop();
  });

  it('asks for the next turn for what it has only, and then says so even if that is gone: others wait for its word', async () => {
    const executor = new PullingExecutor();
    const bundle = setup({
      taskExecutor: executor,
      ordering: 'none',
      listener: () => bundle.clock.advance(5), // above yieldAfterMs
    });
    await bundle.container.start();
    bundle.give(0, ...distinct(3));
    await until(() => executor.told.includes('r'));
    assert.deepEqual([executor.pull(), executor.pull()], ['started', 'later']);
    executor.told = '';
    bundle.container.pause();
    let answer = executor.pull();
    await until(() => {
      if (executor.told.includes('r')) answer = executor.pull(); // it may speak in the turn that is used up, too
      executor.told = '';
      return answer !== 'later';
    });
    assert.equal(answer, 'blocked');
    bundle.container.resume();
    assert.equal(executor.pull(), 'started');
    await eventLoopTurn();
    assert.deepEqual([executor.pull(), executor.pull()], ['started', 'empty'], 'there is nothing to come back with');
    await bundle.container.stop();
  });

  it('fails attempts and tries them again as ever', async () => {
    const executor = new PullingExecutor();
    const bundle = setup({ taskExecutor: executor });
    await bundle.container.start();
    bundle.give(0, {});
    await until(() => executor.told.includes('r'));
    executor.pull();
    executor.told = '';
    (await bundle.listener.call('0/0')).fail(new Error('not now'));
    await until(() => executor.told === 'e' && bundle.clock.nextDueInMs !== undefined);
    bundle.clock.advance(60_000);
    await until(() => executor.told.includes('r'));
    executor.pull();
    (await bundle.listener.call('0/0', 2)).end();
    await bundle.container.stop();
    assert.equal(bundle.committed(0), 1);
  });
});
