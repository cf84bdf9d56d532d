import assert from 'node:assert/strict';
import { codeOf, type KafkaError } from '@hearken/core';
import { eventLoopTurn } from '@hearken/testing';
import {
  BatchListenerFailedError,
  FixedBackOff,
  DefaultErrorHandler,
  type RecordContainerProperties,
} from '../dist/index.js';
import { startedBatches } from './batch-setup.js';
import { addsUp, distinct, keyed, started, stopNow, until } from './setup.js';

const TWICE: Partial<RecordContainerProperties> = {
  handlerTimeoutMs: 100,
  errorHandler: new DefaultErrorHandler({
    backOff: new FixedBackOff({ intervalMs: 10, maxRetries: 1 }),
    recoverer: () => undefined,
  }),
};

describe('MessageListenerContainer: handlerTimeoutMs', () => {
  it('aborts the signal of a listener that takes too long, and leaves all others alone', async () => {
    const bundle = await started({ ...TWICE, ordering: 'key' });
    const { container, listener, give, clock, events } = bundle;
    const timedOut = events('listener:timedOut');
    give(0, ...keyed('a', 'b'));
    const slow = await listener.call('0/0');
    const { signal } = slow.context;
    clock.advance(60);
    give(0, ...keyed('c'));
    const other = await listener.call('0/2');
    (await listener.call('0/1')).end();
    await until(() => container.metrics().processed === 1);
    clock.advance(39);
    assert.equal(signal.aborted, false);
    clock.advance(1);
    assert.equal(codeOf(signal.reason), 'LISTENER_TIMED_OUT');
    assert.match((signal.reason as Error).message, /within 100 ms \(handlerTimeoutMs\) on t-0 offset 0/);
    assert.equal(other.context.signal.aborted, false);
    assert.deepEqual(timedOut.items, [{ record: slow.record, attempt: 1, error: signal.reason as unknown }]);
    assert.equal(container.metrics().timedOut, 1);
    clock.advance(60);
    assert.equal(other.context.signal.aborted, true, 'in its own time');
    await stopNow(bundle);
  });

  it('aborts for a listener that looks at its signal only afterwards, too', async () => {
    const bundle = await started(TWICE);
    bundle.give(0, ...keyed('a'));
    const slow = await bundle.listener.call('0/0');
    await until(() => bundle.clock.nextDueInMs === 100);
    bundle.clock.advance(100);
    assert.equal(codeOf(slow.context.signal.reason), 'LISTENER_TIMED_OUT');
    await stopNow(bundle);
  });

  it('is a failure whatever comes then, and its lane and slot are taken until it comes', async () => {
    const bundle = await started({ ...TWICE, concurrency: 1 });
    const { container, listener, give, clock, committed, events } = bundle;
    const [retried, recovered] = [events('record:retried'), events('record:recovered')];
    give(0, ...keyed('a', 'b'));
    give(1, ...keyed('c'));
    const slow = await listener.call('0/0');
    await until(() => clock.nextDueInMs === 100);
    clock.advance(100);
    await eventLoopTurn();
    assert.deepEqual([listener.calls.count, container.metrics().running, retried.count], [1, 1, 0]);
    slow.end(); // well, and too late
    await retried.received(1);
    assert.equal(codeOf(retried.last?.error), 'LISTENER_TIMED_OUT');
    (await listener.call('1/0')).end();
    clock.advance(10);
    const again = await listener.call('0/0', 2);
    clock.advance(100);
    again.fail(new Error('another error, of no interest now'));
    await recovered.received(1);
    assert.equal((recovered.last?.error as KafkaError).code, 'LISTENER_TIMED_OUT');
    (await listener.call('0/1')).end();
    await container.stop();
    assert.equal(committed(0), 2);
    assert.equal(container.metrics().timedOut, 2);
    assert.equal(clock.pendingTimers, 0);
    assert.ok(addsUp(bundle));
  });

  it('is no concern of listeners that end in time, or at once', async () => {
    const bundle = await started({
      ...TWICE,
      listener: ({ offset }) => (offset % 2 === 0 ? undefined : eventLoopTurn()),
    });
    const { container, give, clock } = bundle;
    give(0, ...distinct(50));
    await until(() => container.metrics().processed === 50);
    clock.advance(1_000);
    assert.equal(container.metrics().timedOut, 0);
    await container.stop();
    assert.equal(clock.pendingTimers, 0);
  });

  it('is late, not failed, where the partition was given up meanwhile', async () => {
    const bundle = await started({ ...TWICE, shutdownTimeoutMs: 50 });
    const { container, listener, give, clock, events } = bundle;
    const late = events('listener:late');
    give(0, ...keyed('a'));
    const slow = await listener.call('0/0');
    const { signal } = slow.context;
    const stopping = container.stop();
    await until(() => clock.nextDueInMs === 50);
    clock.advance(50);
    await stopping;
    assert.equal(codeOf(signal.reason), 'CONTAINER_STOPPED');
    assert.equal(clock.pendingTimers, 0);
    slow.end();
    await late.received(1);
    assert.equal(container.metrics().failed, 0);
    assert.ok(addsUp(bundle));
  });

  it('holds for batches: what one comes up with too late is a failure that names no record', async () => {
    const errorHandler = new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 10, maxRetries: 1 }) });
    const bundle = await startedBatches({ handlerTimeoutMs: 100, errorHandler });
    const { container, batches, give, clock, committed, events } = bundle;
    const timedOut = events('listener:timedOut');
    give(0, ...keyed('a', 'b'));
    const slow = await batches.call(0);
    const { signal } = slow.context;
    clock.advance(100);
    assert.equal(codeOf(signal.reason), 'LISTENER_TIMED_OUT');
    assert.deepEqual([timedOut.last?.record.offset, timedOut.count], [0, 1]);
    assert.match(container.health().reasons[0]?.message ?? '', /t-0@0/);
    slow.end();
    await until(() => {
      clock.advance(1);
      for (const { end } of batches.calls.items) end();
      return container.metrics().processed === 2;
    });
    assert.equal(batches.order[0], '0/0-1');
    assert.notEqual(batches.calls.count, 1, 'they came again');
    await container.stop();
    assert.equal(committed(0), 2);
    assert.ok(addsUp(bundle));
  });

  it('believes a batch listener that says how far it got when it was told to give up', async () => {
    const bundle = await startedBatches({ handlerTimeoutMs: 100, errorHandler: TWICE.errorHandler! });
    const { container, batches, give, clock } = bundle;
    give(0, ...keyed('a', 'b', 'c'));
    const slow = await batches.call(0);
    const { signal } = slow.context;
    clock.advance(100);
    slow.fail(new BatchListenerFailedError(1, signal.reason));
    await until(() => container.metrics().retried === 1);
    assert.equal(container.metrics().processed, 1);
    clock.advance(10);
    const rest = await batches.call(1);
    assert.deepEqual([rest.offsets, rest.context.attemptOf(0), rest.context.attemptOf(1)], [[1, 2], 2, 1]);
    rest.end();
    await container.stop();
    assert.ok(addsUp(bundle));
  });
});
