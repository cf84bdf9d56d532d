import assert from 'node:assert/strict';
import { eventLoopTurn, FakeLog } from '@hearken/testing';
import { CompensationListenerContainer, KafkaHeaders, type ListenerContext } from '../../dist/index.js';
import { distinct, tp, until } from '../setup.js';
import { compensating, logOf, passing, range, record, recorded, SHED_TOPIC } from './shed-setup.js';

describe('CompensationListenerContainer', () => {
  it('replays the records of a range, and no other, and forgets it', async () => {
    const log = logOf(10);
    record(log, range(3, 6));
    const { container, listener, events, clock } = compensating({}, { log });
    const ended = events('range:compensated');
    await container.start();
    for (const at of ['0/3', '0/4', '0/5']) (await listener.call(at)).end();
    await passing(clock, () => ended.count === 1);
    assert.deepEqual(ended.items, [{ range: range(3, 6), missing: 0 }]);
    assert.deepEqual(listener.order, ['0/3', '0/4', '0/5']);
    assert.equal(recorded(log).size, 0);
    assert.deepEqual(container.metrics(), { compensated: 1, processed: 3, missing: 0, ranges: 0, offsets: 0 });
    const [call] = listener.calls.items;
    assert.equal(call?.record.headers.string(KafkaHeaders.SHED_RANGE), 't/0/3/6');
    await container.stop();
    await container.finished;
    assert.equal(container.state, 'stopped');
    assert.equal(clock.pendingTimers, 0);
  });

  it('goes on where it was, after a stop or a crash', async () => {
    const log = logOf(10);
    record(log, range(0, 4));
    const first = compensating({}, { log });
    await first.container.start();
    (await first.listener.call('0/0')).end();
    (await first.listener.call('0/1')).end();
    (await first.listener.call('0/3')).end();
    await passing(first.clock, () =>
      [...recorded(log).values()].some((value) => (value as { done?: number }).done === 2),
    );
    const second = compensating({}, { log }); // the first was killed, for all that anybody knows
    const started = second.events('range:started');
    await second.container.start();
    for (const at of ['0/2', '0/3']) (await second.listener.call(at)).end();
    await passing(second.clock, () => second.container.metrics().compensated === 1);
    assert.deepEqual(started.items, [{ range: range(0, 4), from: 2 }]);
    assert.equal(recorded(log).size, 0);
    const stopping = first.container.stop({ immediate: true });
    await passing(first.clock, () => first.container.state === 'stopped');
    await stopping;
    await second.container.stop();
    assert.deepEqual(second.listener.order, ['0/2', '0/3']);
  });

  it('writes how far it got when it stops', async () => {
    const log = logOf(10);
    record(log, range(0, 4));
    const { container, listener, clock } = compensating({}, { log });
    await container.start();
    (await listener.call('0/0')).end();
    const running = await listener.call('0/1');
    const stopping = container.stop();
    running.end();
    for (const call of listener.calls.items) call.end();
    await stopping;
    const [left] = recorded(log).values();
    assert.ok(left === undefined || (left as { done: number }).done >= 2, JSON.stringify(left));
    assert.equal(clock.pendingTimers, 0);
  });

  it('replays ranges one after the other, in the order in which they were recorded', async () => {
    const log = logOf(10);
    record(log, range(6, 8));
    record(log, range(0, 2));
    const { container, listener, clock } = compensating({}, { log });
    await container.start();
    (await listener.call('0/6')).end();
    await listener.call('0/7');
    assert.deepEqual(container.ranges(), [
      { ...range(6, 8), done: 6 },
      { ...range(0, 2), done: 0 },
    ]);
    (await listener.call('0/7')).end();
    await passing(clock, () => listener.calls.count === 4);
    for (const call of listener.calls.items) call.end();
    record(log, range(8, 9)); // while it runs
    await passing(clock, () => listener.calls.count === 5);
    for (const call of listener.calls.items) call.end();
    await passing(clock, () => container.metrics().compensated === 3);
    assert.deepEqual(listener.order, ['0/6', '0/7', '0/0', '0/1', '0/8']);
    await container.stop();
  });

  it('does not begin with a range that is deleted further on', async () => {
    const log = logOf(10);
    record(log, range(0, 2));
    record(log, range(4, 5));
    log.append(SHED_TOPIC, 0, { key: 't/0/0/2', value: null });
    log.skip(SHED_TOPIC, 0, 3); // what compaction left
    const { container, listener, clock } = compensating({}, { log, maxPollRecords: 1 });
    await container.start();
    (await listener.call('0/4')).end();
    await passing(clock, () => container.metrics().compensated === 1);
    assert.deepEqual(listener.order, ['0/4']);
    await container.stop();
  });

  it('ends a range whose last records are not there any more, or never were', async () => {
    const log = new FakeLog();
    log.append('t', 0, ...distinct(2));
    log.skip('t', 0, 5);
    record(log, range(0, 7));
    record(log, range(3, 6));
    const { container, listener, clock } = compensating({}, { log });
    await container.start();
    for (const at of ['0/0', '0/1']) (await listener.call(at)).end();
    await passing(clock, () => container.metrics().compensated === 2);
    assert.equal(recorded(log).size, 0);
    await container.stop();
  });

  it('leaves a range to whoever gets it, written as far as it came by then', async () => {
    const log = logOf(10);
    record(log, range(0, 3), 0);
    record(log, range(5, 7), 1);
    const { container, listener, clock, factory } = compensating({}, { log, homes: [0, 1] });
    await container.start();
    const [reader] = factory.consumers.items;
    (await listener.call('0/0')).end();
    const running = await listener.call('0/1');
    const hanging = await listener.call('0/2');
    let isMoved = false;
    const moving = reader!.rebalance({ revoke: [tp(0, SHED_TOPIC)] }).then(() => (isMoved = true));
    running.end();
    for (let turns = 0; turns < 5; turns++) await eventLoopTurn();
    assert.equal(isMoved, false, 'a listener of it runs');
    assert.equal(hanging.context.signal.aborted, false);
    await passing(clock, () => isMoved);
    await moving;
    assert.equal(hanging.context.signal.aborted, true);
    assert.deepEqual(recorded(log, 2).get('t/0/0/3'), { ...range(0, 3), done: 2 });
    assert.deepEqual(container.ranges(), [{ ...range(5, 7), done: 5 }]);
    await passing(clock, () => listener.calls.count === 5);
    for (const call of listener.calls.items) call.end();
    await passing(clock, () => container.metrics().compensated === 1);
    await container.stop();
    assert.deepEqual([...recorded(log, 2).keys()], ['t/0/0/3']);
  });

  it('writes to the partition that a range was read from, whatever its key says of a topic that has more by now', async () => {
    const log = logOf(3);
    record(log, range(0, 3), 0);
    record(log, range(0, 3), 1); // the same range, recorded once more since
    const { container, clock, listener, events } = compensating({}, { log, homes: [0, 1] });
    const ended = events('range:compensated');
    await container.start();
    (await listener.call('0/0')).end();
    await passing(clock, () => log.records(SHED_TOPIC, 0).length === 2);
    for (const at of ['0/1', '0/2']) (await listener.call(at)).end();
    await passing(clock, () => listener.calls.count === 6);
    for (const call of listener.calls.items) call.end();
    await passing(clock, () => ended.count === 2);
    for (const home of [0, 1]) assert.equal(log.records(SHED_TOPIC, home).at(-1)?.value, null);
    assert.equal(log.records(SHED_TOPIC, 0).length, 3);
    await container.stop();
  });

  it('says so of what is no range, and goes on', async () => {
    const log = logOf(3);
    for (const value of ['no json', '{}', '{"topic":"t","partition":0,"from":3,"to":3}', null])
      log.append(SHED_TOPIC, 0, { key: null, value });
    record(log, range(1, 2));
    const { container, clock, listener, logger } = compensating({}, { log });
    await container.start();
    (await listener.call('0/1')).end();
    await passing(clock, () => container.metrics().compensated === 1);
    assert.deepEqual(
      logger.at('warn').map(({ message }) => message),
      Array(3).fill('a record of the shed topic is no range: it is ignored'),
    );
    await container.stop();
  });

  it('tries again to write how far it got', async () => {
    const log = logOf(3);
    record(log, range(0, 3));
    const { container, clock, producers } = compensating({ listener: () => undefined }, { log });
    await container.start();
    await until(() => producers.producers.count > 0 || (clock.advance(10), false));
    producers.producer.failSends(new Error('no leader'), 3);
    log.append('t', 0, ...distinct(3));
    record(log, range(3, 6));
    await passing(clock, () => container.metrics().compensated === 2);
    assert.equal(recorded(log).size, 0);
    await container.stop();
  });

  it('keeps to its rate', async () => {
    const log = logOf(100);
    record(log, range(0, 100));
    const options = { rateLimit: { limitForPeriod: 10 }, concurrency: 100, listener: () => undefined };
    const { container, clock } = compensating(options, { log });
    await container.start();
    const startedAt = clock.monotonic();
    await passing(clock, () => container.metrics().compensated === 1);
    assert.ok(clock.monotonic() - startedAt >= 9_000, 'ten at once, and ten a second after that');
    await container.stop();
  });

  it('postpones a range whose replay cannot begin, and goes on with the others', async () => {
    const log = logOf(10);
    record(log, { ...range(0, 2), topic: 'gone' });
    record(log, range(3, 5));
    const { container, listener, clock, events, factory } = compensating({ startTimeoutMs: 1_000 }, { log });
    const postponed = events('range:postponed');
    const create = factory.createConsumer.bind(factory);
    const error = new Error('no leader');
    factory.createConsumer = (overrides) => {
      const consumer = create(overrides);
      const assign = consumer.assign.bind(consumer);
      consumer.assign = (partitions) => (partitions[0]?.topic === 'gone' ? Promise.reject(error) : assign(partitions));
      return consumer;
    };
    await container.start();
    for (const at of ['0/3', '0/4']) (await listener.call(at)).end();
    await passing(clock, () => container.metrics().compensated === 1);
    assert.deepEqual(postponed.items, [{ range: { ...range(0, 2), topic: 'gone' }, error, delayMs: 30_000 }]);
    factory.createConsumer = create;
    log.append('gone', 0, ...distinct(2));
    await passing(clock, () => listener.calls.count === 4);
    for (const call of listener.calls.items) call.end();
    await passing(clock, () => container.metrics().compensated === 2);
    await container.stop();
  });

  it('postpones a range whose records come no more', async () => {
    const log = logOf(2);
    record(log, range(0, 4)); // an election lost the others
    record(log, range(1, 2));
    const { container, listener, clock, events } = compensating({ noProgressTimeoutMs: 60_000 }, { log });
    const postponed = events('range:postponed');
    await container.start();
    for (const at of ['0/0', '0/1']) (await listener.call(at)).end();
    await until(() => {
      clock.advance(1_000);
      return postponed.count === 1;
    });
    assert.equal((postponed.last?.error as { code?: string }).code, 'RANGE_STALLED');
    await passing(clock, () => listener.calls.count === 3);
    listener.calls.last?.end();
    await passing(clock, () => container.metrics().compensated === 1);
    assert.deepEqual([...recorded(log).values()], [{ ...range(0, 4), done: 2 }]);
    log.append('t', 0, ...distinct(2));
    await passing(clock, () => listener.calls.count === 5);
    for (const call of listener.calls.items) call.end();
    await passing(clock, () => container.metrics().compensated === 2);
    assert.deepEqual(listener.order, ['0/0', '0/1', '0/1', '0/2', '0/3']);
    assert.equal(container.metrics().processed, 5);
    await container.stop();
  });

  it('stops when a listener stops its container', async () => {
    const log = logOf(5);
    record(log, range(0, 5));
    const stopping: unknown[] = [];
    const listener = ({ offset }: { offset: number }, { container }: ListenerContext): void => {
      if (offset === 1) stopping.push(container.stop());
    };
    const { container, clock } = compensating({ listener, concurrency: 1, ordering: 'partition' }, { log });
    await container.start();
    await passing(clock, () => container.state === 'stopped');
    await container.finished;
    assert.equal(stopping.length, 1);
    const [left] = recorded(log).values() as Iterable<{ done: number }>;
    assert.ok(left!.done >= 1, JSON.stringify(left));
  });

  it('fails as a whole when a listener fails for good, and keeps the range', async () => {
    const log = logOf(10);
    record(log, range(0, 3));
    const errorHandler = { decide: () => ({ action: 'stop' as const }) };
    const { container, listener, clock } = compensating({ errorHandler }, { log });
    await container.start();
    (await listener.call('0/0')).end();
    (await listener.call('0/1')).fail(new Error('no'));
    (await listener.call('0/2')).end();
    await assert.rejects(container.finished, { code: 'LISTENER_FAILED' });
    assert.equal(container.state, 'failed');
    assert.deepEqual([...recorded(log).values()], [{ ...range(0, 3), done: 1 }]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('fails with its consumer, and when it is not assigned', async () => {
    const one = compensating({}, { log: new FakeLog() });
    await one.container.start();
    one.factory.consumer.fail(new Error('fenced'));
    await assert.rejects(one.container.finished, /fenced/);
    const other = compensating({ startTimeoutMs: 1_000 }, { log: new FakeLog(), homes: [] });
    const starting = other.container.start();
    starting.catch(() => undefined);
    await passing(other.clock, () => other.container.state === 'failed');
    await assert.rejects(starting, { code: 'START_TIMED_OUT' });
    await assert.rejects(other.container.finished, { code: 'START_TIMED_OUT' });
  });

  it('may be stopped by who is told that it moves', async () => {
    for (const at of ['starting', 'running'] as const) {
      const { container, factory, events, clock } = compensating({}, { log: new FakeLog() });
      const moves = events('state:changed');
      container.on('state:changed', ({ next }) => (next === at ? container.stop() : undefined));
      await assert.rejects(container.start(), { code: 'CONTAINER_STOPPED' }, at);
      await container.finished;
      assert.equal(
        factory.consumers.items.every(({ closed }) => closed.fired),
        true,
      );
      assert.equal(moves.last?.next, 'stopped');
      assert.equal(clock.pendingTimers, 0);
    }
  });

  it('waits for listeners until it is told not to', async () => {
    const log = logOf(2);
    record(log, range(0, 2));
    const { container, listener, clock } = compensating({}, { log });
    await container.start();
    const { context } = await listener.call('0/0');
    const stopping = container.stop();
    assert.equal(context.signal.aborted, false);
    assert.equal(container.stop({ immediate: true }), stopping);
    await passing(clock, () => context.signal.aborted);
    assert.ok(clock.monotonic() < 10_000);
    await passing(clock, () => container.state === 'stopped');
    await container.finished;
  });

  it('starts once, and stops without having started', async () => {
    const { container } = compensating({}, { log: new FakeLog() });
    await container.stop();
    await container.finished;
    await assert.rejects(container.start(), { code: 'ILLEGAL_STATE' });
  });

  it('checks its properties, all of them at once', () => {
    const { factory } = compensating({}, { log: new FakeLog() });
    const make = (properties: object): unknown => new CompensationListenerContainer(factory, properties as never);
    assert.throws(
      () =>
        make({
          topics: ['t'],
          rateLimit: { limitForPeriod: 0 },
          listner: () => undefined,
          shed: { topic: '' },
          batchListener: () => undefined,
          concurrency: 0,
        }),
      (error: Error) => {
        for (const part of [
          /topics: is not for a CompensationListenerContainer/,
          /batchListener: is not for/,
          /rateLimit\.limitForPeriod: must be/,
          /did you mean 'listener'/,
          /shed\.template: is required/,
          /shed\.topic: must be/,
          /concurrency: must be/,
        ])
          assert.match(error.message, part);
        return true;
      },
    );
  });
});
