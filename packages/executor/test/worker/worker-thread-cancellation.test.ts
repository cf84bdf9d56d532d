import assert from 'node:assert/strict';
import { KafkaError } from '@hearken/core';
import { eventLoopTurn } from '@hearken/testing';
import { failureOf, someThreads, type SomeThreads } from './threads.js';

const revoked = (): KafkaError => new KafkaError('not ours any more', { code: 'PARTITION_REVOKED' });

describe('a record in a worker thread whose signal is aborted', function () {
  this.timeout(60_000); // threads start, on a busy machine too
  let some: SomeThreads;
  const using = (options?: Parameters<typeof someThreads>[0]): SomeThreads => (some = someThreads(options));
  afterEach(() => some.close());

  for (const [action, how] of [
    ['wait', 'with an event'],
    ['spin', 'while it computes'],
  ] as const)
    it(`hears of it ${how}, with the reason`, async () => {
      const { act, said, threads, clock } = using();
      const controller = new AbortController();
      const failed = failureOf(act(action, controller.signal));
      await said.received(1);
      controller.abort(revoked());
      const error = await failed;
      assert.equal(error.constructor.name, 'KafkaError');
      assert.deepEqual([error.code, error.message], ['PARTITION_REVOKED', 'not ours any more']);
      assert.equal(clock.pendingTimers, 0, 'nobody is to be ended');
      assert.equal(threads.metrics().terminated, 0);
    });

  it('does not disturb the others, and is forgotten with its end', async () => {
    const { act, said, go } = using({ threads: 2 });
    const held = act('hold');
    await said.received(1);
    const controller = new AbortController();
    const failed = failureOf(act('wait', controller.signal));
    await said.received(2);
    controller.abort(revoked());
    await failed;
    const echo = (await act('anything')) as { aborted: boolean };
    assert.equal(echo.aborted, false);
    go();
    await held;
  });

  it('is told at once, whatever the thread knows of it yet', async () => {
    const { act } = using();
    // The call is on its way, and the thread may not even have started.
    for (let i = 0; i < 20; i++) {
      const controller = new AbortController();
      const failed = failureOf(act(i % 2 === 0 ? 'wait' : 'spin', controller.signal));
      if (i % 4 > 1) await eventLoopTurn();
      controller.abort(revoked());
      assert.equal((await failed).code, 'PARTITION_REVOKED');
    }
  });

  it('fails at once where it waits for a thread, and never gets one', async () => {
    const { act, said, threads, go } = using();
    const held = act('hold');
    await said.received(1);
    const controller = new AbortController();
    const reason = revoked();
    const failed = failureOf(act('exit', controller.signal));
    assert.equal(threads.metrics().waiting, 1);
    controller.abort(reason);
    assert.equal(await failed, reason);
    assert.equal(threads.metrics().waiting, 0);
    go();
    await held;
    assert.equal(typeof (await act('thread')), 'number');
    assert.equal(threads.metrics().crashed, 0);
    assert.equal(await failureOf(act('exit', controller.signal)), reason, 'nor one that comes aborted');
  });

  it('costs its thread, if the listener goes on for terminateAfterMs; another takes its place', async () => {
    const { act, said, threads, clock } = using({ terminateAfterMs: 700 });
    const controller = new AbortController();
    const failed = failureOf(act('spin-unaware', controller.signal));
    await said.received(1);
    const next = act('thread');
    controller.abort(revoked());
    clock.advance(699);
    await eventLoopTurn();
    assert.equal(threads.metrics().running, 1);
    clock.advance(1);
    const error = await failed;
    assert.equal(error.code, 'WORKER_TERMINATED');
    assert.equal((error.cause as KafkaError).code, 'PARTITION_REVOKED');
    assert.notEqual(await next, said.last?.threadId);
    const { terminated, crashed } = threads.metrics();
    assert.deepEqual({ terminated, crashed }, { terminated: 1, crashed: 0 });
  });
});

describe('closing worker threads', function () {
  this.timeout(60_000);
  let some: SomeThreads;
  const using = (options?: Parameters<typeof someThreads>[0]): SomeThreads => (some = someThreads(options));
  afterEach(() => some.close());

  it('lets what runs and waits end, and takes nothing more', async () => {
    const { act, said, threads, go, clock } = using();
    const held = act('hold');
    await said.received(1);
    const waiting = act('thread');
    const closing = threads.close();
    assert.equal(threads.close(), closing, 'the second waits for the first');
    assert.equal((await failureOf(act('thread'))).code, 'WORKER_THREADS_CLOSED');
    go();
    await Promise.all([held, waiting, closing]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('ends after timeoutMs what goes on, as it stands', async () => {
    const { act, said, threads, clock } = using();
    const running = failureOf(act('spin-unaware'));
    await said.received(1);
    const waiting = failureOf(act('thread'));
    const closing = threads.close({ timeoutMs: 80 });
    clock.advance(80);
    await closing;
    assert.equal((await running).code, 'WORKER_TERMINATED');
    assert.equal((await waiting).code, 'WORKER_THREADS_CLOSED');
    assert.equal(threads.metrics().terminated, 1);
  });

  it('is what leaving a scope does, also where nothing ever came', async () => {
    const { threads } = using();
    await threads[Symbol.asyncDispose]();
    assert.throws(() => threads.close({ timeoutMs: -1 }), /timeoutMs: must be a whole number/);
  });
});
