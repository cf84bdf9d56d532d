import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { DeserializationError, json } from '@hearken/core';
import { SyncTaskExecutor } from '@hearken/executor';
import { DefaultErrorHandler, FixedBackOff, ListenerFailedError, SkipRecord } from '../dist/index.js';
import { addsUp, keyed, started, tp, until } from './setup.js';

const failure = (promise: Promise<void>): Promise<ListenerFailedError> =>
  promise.then(
    () => assert.fail('should have failed'),
    (error: unknown) => error as ListenerFailedError,
  );

describe('MessageListenerContainer: failures', () => {
  it('tries a record again after the back-off, blocking only its lane', async () => {
    const bundle = await started({
      errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 100, maxRetries: 3 }) }),
    });
    const { container, listener, give, clock, events } = bundle;
    const retried = events('record:retried');
    give(0, ...keyed('a', 'b'));
    give(1, ...keyed('c', 'd'));
    const error = new Error('not now');
    (await listener.call('0/0')).fail(error);
    await retried.received(1);
    const { record, ...told } = retried.last!;
    assert.equal(record.offset, 0);
    assert.deepEqual(told, { error, attempt: 1, delayMs: 100 });
    (await listener.call('1/0')).end();
    (await listener.call('1/1')).end();
    await until(() => container.metrics().processed === 2);
    assert.equal(container.metrics().running, 0, 'it holds no slot');
    clock.advance(100);
    (await listener.call('0/0', 2)).end();
    (await listener.call('0/1')).end();
    await container.stop();
    assert.deepEqual(listener.order, ['0/0', '1/0', '1/1', '0/0', '0/1']);
    assert.ok(addsUp(bundle));
  });

  it('stops loudly after the last attempt, committing what ended and nothing past the record', async () => {
    const bundle = await started({
      ordering: 'key',
      errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 1, maxRetries: 1 }) }),
    });
    const { container, listener, give, clock, committed, events, logger } = bundle;
    const [failed, retried] = [events('record:failed'), events('record:retried')];
    give(0, ...keyed('a', 'b', 'b', 'c'));
    for (const at of ['0/0', '0/3']) (await listener.call(at)).end();
    (await listener.call('0/1')).fail(new Error('first'));
    await retried.received(1);
    clock.advance(1);
    const cause = new Error('second');
    (await listener.call('0/1', 2)).fail(cause);
    const error = await failure(container.finished);
    assert.ok(error instanceof ListenerFailedError);
    assert.equal(error.code, 'LISTENER_FAILED');
    assert.equal(error.cause, cause);
    assert.deepEqual([error.record.offset, error.attempts], [1, 2]);
    assert.match(error.message, /t-0 offset 1 \(2 attempts\)/);
    assert.doesNotMatch(inspect(error), /Buffer/, 'what is printed does not show what the record holds');
    assert.equal(failed.count, 1);
    assert.equal(logger.at('error').length, 1);
    assert.equal(container.state, 'failed');
    assert.equal(committed(0), 1);
    assert.deepEqual(listener.order.sort(), ['0/0', '0/1', '0/1', '0/3'], 'nothing passes the failed record');
    assert.ok(addsUp(bundle));
    assert.equal(container.metrics().abandoned, 2);
  });

  it('counts a record as failed once it is over, however often it paused its partition before', async () => {
    const bundle = await started({
      errorHandler: { decide: ({ attempt }) => ({ action: attempt < 3 ? 'pause' : 'skip' }) },
    });
    const { container, listener, give, events } = bundle;
    const [failed, paused] = [events('record:failed'), events('partition:paused')];
    give(0, ...keyed('a'));
    for (const attempt of [1, 2, 3]) {
      (await listener.call('0/0', attempt)).fail(new Error('the database is away'));
      if (attempt < 3) await paused.received(attempt);
      assert.equal(container.metrics().failed, 0);
      container.resume([tp(0)]);
    }
    await until(() => container.metrics().skipped === 1);
    assert.deepEqual([container.metrics().failed, failed.count, paused.count], [1, 1, 2]);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('logs the first failure of a record and the last, and nothing of what it holds', async () => {
    const recoverer = () => undefined;
    const errorHandler = new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 1 }), recoverer });
    const { container, listener, give, clock, events, logger } = await started({ errorHandler });
    const retried = events('record:retried');
    give(0, ...keyed('secret', 'skipped'));
    for (let attempt = 1; attempt <= 10; attempt++) {
      (await listener.call('0/0', attempt)).fail(new Error(`number ${attempt}`));
      if (attempt < 10) await retried.received(attempt);
      clock.advance(1);
    }
    const skip = new SkipRecord('seen before');
    (await listener.call('0/1')).fail(skip);
    await container.stop();
    const { topic, partition } = tp(0);
    const told = (offset: number, error: Error) => ({ topic, partition, offset, error });
    assert.deepEqual(
      [...logger.at('warn'), ...logger.at('error'), ...logger.at('debug')]
        .map(({ details }) => details)
        .filter((details) => 'offset' in details),
      [
        { ...told(0, new Error('number 1')), delayMs: 1 },
        { ...told(0, new Error('number 10')), attempt: 10 },
        { ...told(1, skip), attempt: 1 },
      ],
    );
  });

  it('does not try again after mistakes in the program', async () => {
    const { container, give } = await started({
      listener: () => {
        (undefined as never as { x: () => void }).x();
      },
    });
    give(0, ...keyed('a'));
    const error = await failure(container.finished);
    assert.equal(error.attempts, 1);
    assert.match(error.message, /\(1 attempt\)/);
  });

  it('stops loudly on what cannot be decoded, and keeps its bytes', async () => {
    const { container, give, committed } = await started({ valueSerde: json() as never });
    give(0, { value: 'no json' });
    const error = await failure(container.finished);
    assert.ok(error.cause instanceof DeserializationError);
    assert.equal(error.cause.bytes?.toString(), 'no json');
    assert.match(error.cause.message, /value of t-0 offset 0/);
    assert.equal(committed(0), 0);
  });

  it('stops loudly when the back-off itself fails, with both errors', async () => {
    const wrong = new Error('no idea');
    const backOff = {
      delayMs: () => {
        throw wrong;
      },
    };
    const { container, listener, give } = await started({ errorHandler: new DefaultErrorHandler({ backOff }) });
    give(0, ...keyed('a'));
    const first = new Error('the listener');
    (await listener.call('0/0')).fail(first);
    const { cause } = await failure(container.finished);
    assert.deepEqual((cause as AggregateError).errors, [first, wrong]);
  });

  it('counts a task that the executor refuses as a failed attempt', async () => {
    let refusals = 2;
    const refusing = new SyncTaskExecutor();
    const execute = refusing.execute.bind(refusing);
    refusing.execute = (task) => (refusals-- > 0 ? Promise.reject(new Error('refused')) : execute(task));
    const { container, listener, give, clock, events } = await started({
      taskExecutor: refusing,
      errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 10 }) }),
    });
    const retried = events('record:retried');
    give(0, ...keyed('a'));
    for (let attempt = 1; attempt <= 2; attempt++) {
      await retried.received(attempt);
      clock.advance(10);
    }
    const { context, end } = await listener.call('0/0', 3);
    assert.equal(context.attempt, 3);
    end();
    await container.stop();
  });

  it('aborts the signal of a listener when the executor is cancelled, and tries it again', async () => {
    const executor = new SyncTaskExecutor();
    const { container, listener, give, clock, events } = await started({ taskExecutor: executor });
    const retried = events('record:retried');
    give(0, ...keyed('a'));
    const call = await listener.call('0/0');
    const { signal } = call.context;
    executor.cancel(new Error('cancelled'));
    assert.equal((signal.reason as Error).message, 'cancelled');
    call.fail(signal.reason);
    await retried.received(1);
    clock.advance(retried.last!.delayMs);
    const again = await listener.call('0/0', 2);
    assert.equal(again.context.signal.aborted, false);
    again.end();
    await container.stop();
    assert.equal(again.context.signal.aborted, false, 'what ended is not aborted');
  });

  it('is not broken by observers that throw or reject', async () => {
    const { container, listener, give, logger, events } = await started();
    container.on('state:changed', () => {
      throw new Error('an observer');
    });
    container.on('state:changed', () => Promise.reject(new Error('another')));
    const states = events('state:changed');
    give(0, ...keyed('a'));
    (await listener.call('0/0')).end();
    await container.stop();
    assert.equal(states.count, 2);
    assert.equal(logger.at('error').length, 4);
    assert.equal(container.state, 'stopped');
  });

  it('hears nothing after unsubscribing', async () => {
    const { container } = await started();
    const states: string[] = [];
    container.on('state:changed', ({ next }) => states.push(next))();
    await container.stop();
    assert.deepEqual(states, []);
  });
});
