import assert from 'node:assert/strict';
import { DeserializationError, json, nullable, string, type ConsumerRecord } from '@hearken/core';
import { SyncTaskExecutor } from '@hearken/executor';
import { eventLoopTurn, FakeConsumerFactory, Recorder } from '@hearken/testing';
import { FixedBackOff, ListenerFailedError, MessageListenerContainer } from '../dist/index.js';
import { addsUp, distinct, keyed, started, stopNow, tp, until } from './setup.js';

const failure = (promise: Promise<void>): Promise<ListenerFailedError> =>
  promise.then(
    () => assert.fail('should have failed'),
    (error: unknown) => error as ListenerFailedError,
  );

describe('MessageListenerContainer: order', () => {
  it('runs a partition in order, partitions side by side, by default', async () => {
    const bundle = await started();
    const { listener, give } = bundle;
    give(0, ...keyed('a', 'b'));
    give(1, ...keyed('c', 'd'));
    await listener.calls.received(2);
    await eventLoopTurn();
    assert.deepEqual(listener.order, ['0/0', '1/0']);
    (await listener.call('1/0')).end();
    await listener.call('1/1');
    assert.deepEqual(listener.order, ['0/0', '1/0', '1/1']);
    await stopNow(bundle);
  });

  it('runs keys side by side and each in order; no key is a key', async () => {
    const bundle = await started({ ordering: 'key' });
    const { listener, give } = bundle;
    give(0, ...keyed('a', 'a', 'b', null, null));
    await listener.calls.received(3);
    await eventLoopTurn();
    assert.deepEqual(listener.order, ['0/0', '0/2', '0/3']);
    (await listener.call('0/3')).end();
    await listener.call('0/4');
    (await listener.call('0/0')).end();
    await listener.call('0/1');
    await stopNow(bundle);
  });

  it('runs everything at once without an order, up to the concurrency', async () => {
    const bundle = await started({ ordering: 'none', concurrency: 3 });
    const { listener, give } = bundle;
    give(0, ...keyed('a', 'a', 'a', 'a'));
    await listener.calls.received(3);
    await eventLoopTurn();
    assert.equal(listener.calls.count, 3);
    (await listener.call('0/1')).end();
    await listener.call('0/3');
    await stopNow(bundle);
  });

  it('runs one at a time on a SyncTaskExecutor', async () => {
    const { container, listener, give } = await started({ ordering: 'none', taskExecutor: new SyncTaskExecutor() });
    give(0, ...keyed('a', 'b'));
    (await listener.call('0/0')).end();
    (await listener.call('0/1')).end();
    await container.stop();
    assert.equal(container.metrics().processed, 2);
  });
});

describe('MessageListenerContainer: what a listener gets', () => {
  it('is the record as the consumer returned it, without serdes', async () => {
    const { container, listener, give, log } = await started();
    give(0, { key: 'a', value: 'v', headers: { h: '1' } });
    const { record, end } = await listener.call('0/0');
    assert.equal(record, log.records('t', 0)[0]);
    end();
    await container.stop();
  });

  it('is decoded by the serdes, synchronous or not, with everything else kept', async () => {
    interface Order {
      readonly id: number;
    }
    const factory = new FakeConsumerFactory({ groupId: 'g', assignOnSubscribe: [tp(0)] });
    const records = new Recorder<ConsumerRecord<string | null, Order>>();
    const slow = { ...string(), deserialize: (bytes: Buffer | null) => Promise.resolve(bytes?.toString() ?? '') };
    const container = new MessageListenerContainer(factory, {
      topics: ['t'],
      keySerde: nullable(slow),
      valueSerde: json<Order>(),
      listener: records.record,
    });
    await container.start();
    factory.log.append('t', 0, { key: 'k', value: '{"id":7}', timestamp: 5, headers: { h: '1' }, leaderEpoch: 3 });
    factory.log.append('t', 0, { value: '{"id":8}' });
    const [first, second] = await records.received(2);
    assert.equal(first?.value.id, 7);
    assert.equal(first.key, 'k');
    assert.equal(first.headers.string('h'), '1');
    const { topic, partition, offset, timestamp, timestampType, leaderEpoch } = first;
    assert.deepEqual(
      { topic, partition, offset, timestamp, timestampType, leaderEpoch },
      { topic: 't', partition: 0, offset: 0, timestamp: 5, timestampType: 'create-time', leaderEpoch: 3 },
    );
    assert.deepEqual([second?.key, second?.value, second?.leaderEpoch], [null, { id: 8 }, undefined]);
    await container.stop();
  });

  it('has a context', async () => {
    const { container, listener, give, logger } = await started();
    give(0, ...keyed('a'));
    const { context, end } = await listener.call('0/0');
    assert.equal(context.attempt, 1);
    assert.ok(context.epoch >= 1);
    assert.equal(context.logger, logger);
    assert.equal(context.container.state, 'running');
    assert.deepEqual(context.container.assignment(), [tp(0), tp(1)]);
    assert.equal(context.signal, context.signal);
    assert.equal(context.signal.aborted, false);
    assert.throws(() => context.acknowledgment, { code: 'NO_ACKNOWLEDGMENT' });
    end();
    await container.stop();
  });

  it('may be a synchronous function, or an object with onMessage', async () => {
    const seen: number[] = [];
    const listener = {
      prefix: 10,
      onMessage(record: ConsumerRecord): number {
        return seen.push(this.prefix + record.offset);
      },
    };
    const { container, give } = await started({ listener });
    give(0, ...keyed('a', 'b', 'c'));
    await until(() => seen.length === 3);
    await container.stop();
    assert.deepEqual(seen, [10, 11, 12]);
    assert.equal(container.metrics().processed, 3);
  });

  it('lets timers and sockets live while listeners end at once', async () => {
    let turns = 0;
    let processed = 0;
    let timer: NodeJS.Immediate;
    const tick = (): void => {
      turns++;
      timer = setImmediate(tick);
    };
    const bundle = await started({
      ordering: 'key',
      listener: () => {
        processed++;
        bundle.clock.advance(1); // each takes a millisecond
      },
    });
    bundle.give(0, ...distinct(200));
    timer = setImmediate(tick);
    await until(() => processed === 200);
    clearImmediate(timer);
    assert.ok(turns >= 40, `${turns} turns for 200 ms of listeners and a budget of 4 ms`);
    await bundle.container.stop();
  });
});

describe('MessageListenerContainer: failures', () => {
  it('tries a record again after the back-off, blocking only its lane', async () => {
    const bundle = await started({ backOff: new FixedBackOff({ intervalMs: 100, maxRetries: 3 }) });
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
    const bundle = await started({ ordering: 'key', backOff: new FixedBackOff({ intervalMs: 1, maxRetries: 1 }) });
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
    assert.match(error.message, /t-0 offset 1 2 times/);
    assert.equal(failed.count, 1);
    assert.equal(logger.at('error').length, 1);
    assert.equal(container.state, 'failed');
    assert.equal(committed(0), 1);
    assert.deepEqual(listener.order.sort(), ['0/0', '0/1', '0/1', '0/3'], 'nothing passes the failed record');
    assert.ok(addsUp(bundle));
    assert.equal(container.metrics().abandoned, 2);
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
    assert.match(error.message, /once, and is not retried/);
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

  it('counts a task that the executor refuses as a failed attempt', async () => {
    let refusals = 2;
    const refusing = new SyncTaskExecutor();
    const execute = refusing.execute.bind(refusing);
    refusing.execute = (task) => (refusals-- > 0 ? Promise.reject(new Error('refused')) : execute(task));
    const { container, listener, give, clock, events } = await started({
      taskExecutor: refusing,
      backOff: new FixedBackOff({ intervalMs: 10 }),
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

describe('MessageListenerContainer: buffer and window', () => {
  it('feeds other partitions while one that cannot go on holds much of the buffer', async () => {
    const bundle = await started({ concurrency: 4, bufferRecords: 8, maxPollRecords: 100 });
    const { container, listener, give } = bundle;
    give(0, ...distinct(26));
    await listener.call('0/0'); // never ends
    give(1, ...distinct(26));
    for (let offset = 0; offset < 26; offset++) (await listener.call(`1/${offset}`)).end();
    await until(() => container.metrics().processed === 26);
    const { queued } = container.metrics();
    assert.ok(queued <= 16 + 4, `${queued} queued with a buffer of 8`);
    (await listener.call('0/0')).end();
    for (let offset = 1; offset < 26; offset++) (await listener.call(`0/${offset}`)).end();
    await until(() => container.metrics().processed === 52);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('polls a partition no more that is too far ahead of its oldest record, and goes on after', async () => {
    const bundle = await started({ ordering: 'key', concurrency: 2, windowRecords: 5, maxPollRecords: 2 });
    const { container, listener, give, factory, events } = bundle;
    const filled = events('window:filled');
    give(0, ...keyed('stuck'), ...distinct(16));
    const stuck = await listener.call('0/0');
    for (let offset = 1; offset <= 5; offset++) (await listener.call(`0/${offset}`)).end();
    await filled.received(1);
    assert.deepEqual(filled.items, [{ ...tp(0), oldestOutstanding: 0, span: 6 }]);
    assert.deepEqual(factory.consumer.paused(), [tp(0)]);
    await until(() => container.metrics().processed === 5);
    await eventLoopTurn();
    assert.equal(container.metrics().polled, 6);
    stuck.end();
    for (let offset = 6; offset <= 16; offset++) (await listener.call(`0/${offset}`)).end();
    await until(() => container.metrics().processed === 17);
    await container.stop();
  });
});

describe('MessageListenerContainer: pause, resume, seek', () => {
  it('starts nothing of a paused partition, also of what is queued, and keeps its order', async () => {
    const { container, listener, give, factory } = await started();
    give(0, ...keyed('a', 'b'));
    const first = await listener.call('0/0');
    container.pause([tp(0)]);
    first.end();
    give(0, ...keyed('c'));
    give(1, ...keyed('d'));
    (await listener.call('1/0')).end();
    await until(() => container.metrics().processed === 2);
    assert.deepEqual(factory.consumer.paused(), [tp(0)]);
    assert.equal(container.health().paused, 1);
    container.resume([tp(0)]);
    (await listener.call('0/1')).end();
    (await listener.call('0/2')).end();
    await container.stop();
    assert.deepEqual(listener.order, ['0/0', '1/0', '0/1', '0/2']);
  });

  it('pauses everything, what is assigned later too, and resumes some or all', async () => {
    const { container, factory, give, listener } = await started({}, { partitions: [tp(0)] });
    container.pause();
    await factory.consumer.rebalance({ assign: [tp(1), tp(2)] });
    assert.deepEqual(factory.consumer.paused(), [tp(0), tp(1), tp(2)]);
    container.resume([tp(1)]);
    assert.deepEqual(factory.consumer.paused(), [tp(0), tp(2)]);
    container.resume();
    assert.deepEqual(factory.consumer.paused(), []);
    give(2, ...keyed('a'));
    (await listener.call('2/0')).end();
    await container.stop();
  });

  it('seeks back and forth: queued records are dropped, running ones are late, commits follow', async () => {
    const bundle = await started({}, { partitions: [tp(0)] });
    const { container, listener, give, committed, events } = bundle;
    const late = events('listener:late');
    give(0, ...keyed('a', 'b', 'c', 'd'));
    (await listener.call('0/0')).end();
    const running = await listener.call('0/1');
    const epoch = running.context.epoch;
    await container.seek(tp(0), 3);
    assert.equal(container.metrics().abandoned, 3);
    running.end(); // the lane is closed until then
    await late.received(1);
    const last = await listener.call('0/3');
    assert.ok(last.context.epoch > epoch);
    last.end();
    await until(() => container.metrics().processed === 2);
    await container.seek(tp(0), 1);
    (await listener.calls.first(({ at, context }) => at === '0/1' && context.epoch > epoch)).end();
    (await listener.call('0/2')).end();
    await until(() => container.metrics().processed === 4);
    await stopNow(bundle);
    assert.equal(committed(0), 3);
    assert.deepEqual(listener.order, ['0/0', '0/1', '0/3', '0/1', '0/2', '0/3']);
    assert.ok(addsUp(bundle));
  });

  it('seeks while it waits for room, and refuses partitions it does not own', async () => {
    const bundle = await started({ concurrency: 1, bufferRecords: 1 });
    const { container, listener, give } = bundle;
    give(0, ...keyed('a', 'b', 'c', 'd'));
    await listener.call('0/0');
    await eventLoopTurn();
    await container.seek(tp(0), 3);
    await assert.rejects(container.seek(tp(7), 0), { code: 'NOT_ASSIGNED' });
    (await listener.call('0/0')).end();
    (await listener.call('0/3')).end();
    await container.stop();
  });

  it('begins a new epoch when the position goes back by itself', async () => {
    const bundle = await started({}, { partitions: [tp(0)] });
    const { container, listener, give, factory, committed } = bundle;
    give(0, ...keyed('a', 'b'));
    (await listener.call('0/0')).end();
    (await listener.call('0/1')).end();
    await until(() => container.metrics().processed === 2);
    factory.consumer.seek(tp(0), 0); // as after a reset: nobody told the container
    const again = await listener.calls.first(({ at, context }) => at === '0/0' && context.epoch > 1);
    again.end();
    await until(() => container.metrics().processed === 3);
    await stopNow(bundle);
    assert.equal(committed(0), 1);
    assert.ok(addsUp(bundle));
  });
});
