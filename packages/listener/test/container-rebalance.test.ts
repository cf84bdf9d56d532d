import assert from 'node:assert/strict';
import { codeOf, ConsumerRecords } from '@hearken/core';
import { AsyncTaskExecutor } from '@hearken/executor';
import { eventLoopTurn, FakeLog } from '@hearken/testing';
import { DefaultErrorHandler, FixedBackOff } from '../dist/index.js';
import { addsUp, distinct, keyed, setup, started, stopNow, tp, until, type Call } from './setup.js';

const retryingAfter = (intervalMs: number): DefaultErrorHandler =>
  new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs }) });

describe('MessageListenerContainer: rebalance', () => {
  it('waits for running listeners, commits what ended, then gives up; the rest comes again', async () => {
    const bundle = await started();
    const { container, listener, give, factory, committed, events } = bundle;
    const revoked = events('partitions:revoked');
    give(0, ...keyed('a', 'b'));
    const running = await listener.call('0/0');
    const rebalanced = factory.consumer.rebalance({ revoke: [tp(0)] });
    await eventLoopTurn();
    assert.equal(revoked.count, 0, 'it waits');
    running.end();
    await rebalanced;
    assert.deepEqual(revoked.items, [{ partitions: [tp(0)] }]);
    assert.deepEqual(container.assignment(), [tp(1)]);
    assert.equal(committed(0), 1);
    assert.equal(container.metrics().abandoned, 1);
    assert.equal(listener.calls.count, 1);
    await factory.consumer.rebalance({ assign: [tp(0)] });
    (await listener.call('0/1')).end();
    await container.stop();
    assert.equal(committed(0), 2);
    assert.ok(addsUp(bundle));
  });

  it('keeps other partitions going while it drains one', async () => {
    const bundle = await started();
    const { listener, give, factory } = bundle;
    give(0, ...keyed('a'));
    const draining = await listener.call('0/0');
    const rebalanced = factory.consumer.rebalance({ revoke: [tp(0)] });
    give(1, ...keyed('b', 'c'));
    (await listener.call('1/0')).end();
    (await listener.call('1/1')).end();
    draining.end();
    await rebalanced;
    await bundle.container.stop();
  });

  it('are counted, those too that assign nothing, and what the group takes from a member without asking', async () => {
    const { container, factory } = await started();
    const counted = (): readonly number[] => [container.metrics().rebalances, container.metrics().losses];
    assert.deepEqual(counted(), [1, 0]);
    await factory.consumer.rebalance({ revoke: [tp(0)], assign: [] });
    assert.deepEqual(counted(), [2, 0]);
    await factory.consumer.evict();
    await factory.consumer.rebalance({ assign: [tp(0)] });
    assert.deepEqual(counted(), [3, 1]);
    await container.stop();
  });

  it('aborts listeners that take too long; a late end is counted, never committed', async () => {
    const bundle = await started({ revokeDrainTimeoutMs: 50 });
    const { container, listener, give, factory, clock, committed, events } = bundle;
    const late = events('listener:late');
    give(0, ...keyed('a'));
    const slow = await listener.call('0/0');
    const { signal } = slow.context;
    const rebalanced = factory.consumer.rebalance({ revoke: [tp(0)] });
    await until(() => clock.nextDueInMs === 50);
    clock.advance(50);
    await rebalanced;
    assert.equal(codeOf(signal.reason), 'PARTITION_REVOKED');
    assert.equal(container.metrics().abandoned, 1);
    slow.end();
    await late.received(1);
    assert.equal(container.metrics().lateResults, 1);
    assert.equal(container.metrics().processed, 0);
    await container.stop();
    assert.equal(committed(0), 0);
    assert.ok(addsUp(bundle));
  });

  it('takes a listener that obeys its aborted signal as late, though nothing is left to be tried', async () => {
    const bundle = await started({
      revokeDrainTimeoutMs: 50,
      errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ maxRetries: 0 }) }),
    });
    const { container, listener, give, factory, clock, committed } = bundle;
    give(0, ...keyed('a', 'b'));
    (await listener.call('0/0')).end();
    const obedient = await listener.call('0/1');
    const { signal } = obedient.context;
    signal.addEventListener('abort', () => obedient.fail(signal.reason));
    const letGo = factory.consumer.holdCommits();
    const rebalanced = factory.consumer.rebalance({ revoke: [tp(0)] });
    await until(() => clock.nextDueInMs === 50);
    clock.advance(50);
    await until(() => container.metrics().running === 0); // while the last commit is on its way
    letGo();
    await rebalanced;
    assert.equal(container.state, 'running');
    assert.equal(container.metrics().failed, 0);
    assert.equal(container.metrics().lateResults, 1);
    assert.equal(committed(0), 1);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('waits for listeners from before a seek, too, and aborts them', async () => {
    const { container, listener, give, factory, clock } = await started({ revokeDrainTimeoutMs: 50 });
    give(0, ...keyed('a'));
    const running = await listener.call('0/0');
    const { signal } = running.context;
    await container.seek(tp(0), 1);
    await container.seek(tp(0), 0);
    const rebalanced = factory.consumer.rebalance({ revoke: [tp(0)] });
    await until(() => clock.nextDueInMs === 50);
    clock.advance(50);
    await rebalanced;
    assert.equal(codeOf(signal.reason), 'PARTITION_REVOKED');
    running.end();
    await container.stop();
  });

  it('starts no retry that was handed to a slow executor before the revoke', async () => {
    const tasks: (() => void)[] = [];
    const bundle = await started({
      errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 10 }) }),
      taskExecutor: {
        concurrency: 1,
        available: 1,
        execute: (task) => new Promise((resolve) => tasks.push(() => resolve(task(new AbortController().signal)))),
        onAvailable: () => () => undefined,
        drain: () => Promise.resolve(),
        cancel: () => undefined,
      },
    });
    const { container, listener, give, factory, clock } = bundle;
    give(0, ...keyed('a'));
    await until(() => tasks.length === 1);
    tasks[0]?.();
    (await listener.call('0/0')).fail(new Error('once'));
    await until(() => clock.nextDueInMs === 10);
    clock.advance(10);
    await until(() => tasks.length === 2);
    await factory.consumer.rebalance({ revoke: [tp(0)] });
    tasks[1]?.();
    await eventLoopTurn();
    assert.deepEqual(listener.order, ['0/0']);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('keeps the lane of a late listener closed when the partition comes back', async () => {
    const bundle = await started({ revokeDrainTimeoutMs: 50, ordering: 'key' });
    const { container, listener, give, factory, clock } = bundle;
    give(0, ...keyed('a', 'a', 'b'));
    const slow = await listener.call('0/0');
    (await listener.call('0/2')).end();
    const rebalanced = factory.consumer.rebalance({ revoke: [tp(0)] });
    await until(() => clock.nextDueInMs === 50);
    clock.advance(50);
    await rebalanced;
    await factory.consumer.rebalance({ assign: [tp(0)] });
    await listener.calls.received(3);
    await eventLoopTurn();
    assert.deepEqual(listener.order, ['0/0', '0/2', '0/2'], 'key a waits, key b does not');
    slow.end();
    const again = await listener.calls.first(({ at, context }) => at === '0/0' && context.epoch > slow.context.epoch);
    again.end();
    (await listener.calls.first(({ at, context }) => at === '0/2' && context.epoch > slow.context.epoch)).end();
    (await listener.call('0/1')).end();
    await until(() => container.metrics().processed === 4);
    assert.deepEqual(listener.order, ['0/0', '0/2', '0/2', '0/0', '0/1']);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('lets go of lost partitions at once, without a commit', async () => {
    const bundle = await started();
    const { container, listener, give, factory, committed, events } = bundle;
    const lost = events('partitions:lost');
    give(0, ...keyed('a', 'b'));
    (await listener.call('0/0')).end();
    const running = await listener.call('0/1');
    const { signal } = running.context;
    const before = factory.consumer.commitCalls.count;
    await factory.consumer.rebalance({ lost: [tp(0)] });
    assert.equal(codeOf(signal.reason), 'PARTITION_LOST');
    assert.equal(lost.count, 1);
    running.end();
    await container.stop();
    assert.equal(factory.consumer.commitCalls.count, before);
    assert.equal(committed(0), 0);
    assert.ok(addsUp(bundle));
  });

  it('is told at once when it is thrown out while it drains: aborts, commits nothing, and waits no longer', async () => {
    const bundle = await started({ revokeDrainTimeoutMs: 50 });
    const { container, listener, give, factory, committed, events } = bundle;
    const told: string[] = [];
    container.on('partitions:revoked', () => void told.push('revoked'));
    container.on('partitions:lost', ({ partitions }) => void told.push(`lost ${partitions.length}`));
    const late = events('listener:late');
    give(0, ...keyed('a'));
    give(1, ...keyed('b', 'c'));
    const [revoked, kept] = [await listener.call('0/0'), await listener.call('1/0')];
    const signals = [revoked.context.signal, kept.context.signal];
    const before = factory.consumer.commitCalls.count;
    const rebalanced = factory.consumer.rebalance({ revoke: [tp(0)] });
    await until(() => bundle.clock.nextDueInMs === 50); // it waits for its listener
    await factory.consumer.evict();
    assert.deepEqual(
      signals.map(({ reason }) => codeOf(reason)),
      ['PARTITION_LOST', 'PARTITION_LOST'],
    );
    await until(() => bundle.clock.nextDueInMs === 0);
    bundle.clock.advance(0);
    await rebalanced;
    assert.deepEqual(told, ['lost 2']);
    revoked.end();
    kept.end();
    await late.received(2);
    assert.equal(factory.consumer.commitCalls.count, before);
    await factory.consumer.rebalance({ assign: [tp(0), tp(1)] });
    const again = ({ context }: Call): boolean => context.epoch > kept.context.epoch;
    for (const at of ['0/0', '1/0', '1/1']) (await listener.calls.first((call) => call.at === at && again(call))).end();
    await container.stop();
    assert.deepEqual([committed(0), committed(1)], [1, 2]);
    assert.ok(addsUp(bundle));
  });

  it('waits for the commit in flight, then writes the last one', async () => {
    const { container, listener, give, factory, clock, committed } = await started();
    const letGo = factory.consumer.holdCommits();
    const { commitCalls } = factory.consumer;
    const before = commitCalls.count;
    clock.advance(1_000);
    give(0, ...keyed('a', 'b'));
    (await listener.call('0/0')).end();
    await until(() => clock.nextDueInMs === 0);
    clock.advance(0);
    await commitCalls.received(before + 1);
    (await listener.call('0/1')).end();
    const rebalanced = factory.consumer.rebalance({ revoke: [tp(0)] });
    await eventLoopTurn();
    assert.equal(commitCalls.count, before + 1);
    letGo();
    await rebalanced;
    assert.equal(committed(0), 2);
    await container.stop();
  });

  describe('with everything given up and given back at once, as with an eager assignor', () => {
    const byKey = { ordering: 'key', revokeDrainTimeoutMs: 50 } as const;

    it('does not have again what ended behind a record that did not', async () => {
      const bundle = await started({ ...byKey, errorHandler: retryingAfter(1_000) });
      const { container, listener, give, factory, committed, clock } = bundle;
      give(0, ...keyed('a', 'b', 'c', 'a'));
      (await listener.call('0/0')).fail(new Error('not now'));
      for (const at of ['0/1', '0/2']) (await listener.call(at)).end();
      await until(() => container.metrics().retried === 1);
      await factory.consumer.rebalance({ revoke: [tp(0), tp(1)], assign: [tp(0), tp(1)] });
      assert.equal(committed(0), 0);
      give(0, ...keyed('b'));
      (await listener.calls.first(({ at, context }) => at === '0/0' && context.epoch > 2)).end(); // its retry begins anew
      for (const at of ['0/3', '0/4']) (await listener.call(at)).end();
      await container.stop();
      assert.deepEqual(listener.order, ['0/0', '0/1', '0/2', '0/0', '0/4', '0/3']);
      assert.deepEqual([committed(0), container.metrics().alreadyProcessed], [5, 2]);
      assert.equal(clock.nextDueInMs, undefined, 'the timer of the retry went with the partition');
      assert.ok(addsUp(bundle));
    });

    it('does not have again what was acknowledged out of order; an acknowledgment that comes later is late', async () => {
      const bundle = await started({ ordering: 'key', ackMode: 'manual' });
      const { container, listener, give, factory, committed } = bundle;
      give(0, ...keyed('a', 'b', 'c'));
      for (const at of ['0/0', '0/1', '0/2']) (await listener.call(at)).end();
      const [first, second, third] = listener.calls.items.map(({ context }) => context.acknowledgment);
      third?.acknowledge();
      await factory.consumer.rebalance({ revoke: [tp(0), tp(1)], assign: [tp(0), tp(1)] });
      second?.acknowledge();
      const again = await listener.calls.received(5);
      for (const { context } of again.slice(3)) context.acknowledgment.acknowledge();
      for (const { end } of again) end();
      first?.acknowledge();
      await container.stop();
      assert.deepEqual(listener.order, ['0/0', '0/1', '0/2', '0/0', '0/1']);
      assert.deepEqual([committed(0), container.metrics().lateAcknowledgments], [3, 2]);
      assert.ok(addsUp(bundle));
    });

    it('has again what a listener did not end in time, and nothing of what ended behind it', async () => {
      const bundle = await started(byKey);
      const { container, listener, give, factory, clock, committed } = bundle;
      give(0, ...keyed('a', 'b'));
      const slow = await listener.call('0/0');
      (await listener.call('0/1')).end();
      const rebalanced = factory.consumer.rebalance({ revoke: [tp(0)], assign: [tp(0)] });
      await until(() => clock.nextDueInMs === 50);
      clock.advance(50);
      await rebalanced;
      slow.end();
      (await listener.calls.first(({ at, context }) => at === '0/0' && context.epoch > slow.context.epoch)).end();
      await container.stop();
      assert.deepEqual(listener.order, ['0/0', '0/1', '0/0']);
      assert.deepEqual([committed(0), container.metrics().lateResults], [2, 1]);
      assert.ok(addsUp(bundle));
    });

    it('has all of it again where another generation came in between, or the group goes on further back', async () => {
      const bundle = await started(
        { ordering: 'key', ackMode: 'manual', commitIntervalMs: 0 },
        { partitions: [tp(0)] },
      );
      const { container, listener, give, factory, committed, clock, log } = bundle;
      const acknowledge = async (...ats: readonly string[]): Promise<void> => {
        for (const at of ats)
          (await listener.calls.first((call) => call.at === at)).context.acknowledgment.acknowledge();
      };
      give(0, ...keyed('a', 'b', 'c'));
      for (const at of ['0/0', '0/1', '0/2']) (await listener.call(at)).end();
      await acknowledge('0/0', '0/2');
      await until(() => (clock.advance(0), committed(0) === 1));
      await factory.consumer.rebalance({ revoke: [tp(0)] });
      await factory.consumer.rebalance({ assign: [tp(0)] });
      for (const { end } of await listener.calls.received(5)) end();
      assert.deepEqual(listener.order.slice(3), ['0/1', '0/2']);
      const [, latest] = listener.calls.items.slice(3);
      latest?.context.acknowledgment.acknowledge();
      factory.consumer.failCommits(new Error('not now'));
      const rebalanced = factory.consumer.rebalance({ revoke: [tp(0)], assign: [tp(0)] });
      log.commit('g', [{ ...tp(0), offset: 0 }]); // by an administrator
      await rebalanced;
      for (const { end } of await listener.calls.received(8)) end();
      assert.deepEqual(listener.order.slice(5), ['0/0', '0/1', '0/2']);
      assert.equal(container.metrics().alreadyProcessed, 0);
      await container.stop();
      assert.ok(addsUp(bundle));
    });

    it('forgets what ended once the partition was sought, or all was lost', async () => {
      const bundle = await started({ ordering: 'key', ackMode: 'manual' }, { partitions: [tp(0)] });
      const { container, listener, give, factory } = bundle;
      give(0, ...keyed('a', 'b'));
      const [, second] = await listener.calls.received(2);
      second?.context.acknowledgment.acknowledge();
      for (const { end } of listener.calls.items) end();
      await factory.consumer.rebalance({ revoke: [tp(0)], assign: [tp(0)] });
      (await listener.calls.received(3)).at(-1)?.end();
      await container.seek(tp(0), 0);
      const again = await listener.calls.received(5);
      assert.deepEqual(again.slice(3).map(({ at }) => at), ['0/0', '0/1']); // prettier-ignore
      again.at(-1)?.context.acknowledgment.acknowledge();
      for (const { end } of again) end();
      await factory.consumer.evict();
      await factory.consumer.rebalance({ assign: [tp(0)] });
      for (const { end } of await listener.calls.received(7)) end();
      await container.stop();
      assert.ok(addsUp(bundle));
    });
  });

  it('waits for a listener from before a loss, too, when the partition came back and goes again', async () => {
    const bundle = await started({ revokeDrainTimeoutMs: 50 });
    const { container, listener, give, factory, clock } = bundle;
    give(0, ...keyed('a'));
    const running = await listener.call('0/0');
    await factory.consumer.rebalance({ lost: [tp(0)] });
    await factory.consumer.rebalance({ assign: [tp(0)] });
    let given = false;
    const rebalanced = factory.consumer.rebalance({ revoke: [tp(0)] }).then(() => (given = true));
    await until(() => clock.nextDueInMs === 50);
    assert.equal(given, false);
    running.end();
    await rebalanced;
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('takes records answered just before a revoke as abandoned, also if the partition comes back at once', async () => {
    const bundle = await started({}, { partitions: [tp(0)] });
    const { container, listener, give, factory } = bundle;
    const poll = factory.consumer.poll.bind(factory.consumer);
    factory.consumer.poll = async (...args) => {
      const answer = await poll(...args);
      for (let i = 0; i < 20; i++) await Promise.resolve(); // the way from the consumer to the loop may be long
      return answer;
    };
    await container.seek(tp(0), 0); // the next poll is the slow one
    await until(() => factory.consumer.isPolling);
    give(0, ...keyed('a', 'b')); // answers the outstanding poll; the loop has not seen it when the revoke comes
    await factory.consumer.rebalance({ revoke: [tp(0)], assign: [tp(0)] });
    (await listener.call('0/0')).end();
    (await listener.call('0/1')).end();
    await until(() => container.metrics().processed === 2);
    assert.deepEqual(listener.order, ['0/0', '0/1']);
    assert.equal(container.metrics().abandoned, 2);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('survives that the committed offsets cannot be read', async () => {
    const { container, listener, give, factory, logger } = await started();
    factory.consumer.committed = () => Promise.reject(new Error('no coordinator'));
    await factory.consumer.rebalance({ assign: [tp(2)] });
    give(2, ...keyed('a'));
    (await listener.call('2/0')).end();
    await container.stop();
    assert.equal(logger.at('warn').length, 1);
  });

  it('may be revoked while it stops', async () => {
    const bundle = await started();
    const { container, listener, give, factory, committed } = bundle;
    give(0, ...keyed('a'));
    const running = await listener.call('0/0');
    const stopping = container.stop();
    const rebalanced = factory.consumer.rebalance({ revoke: [tp(0)] });
    await eventLoopTurn();
    running.end();
    const report = await stopping;
    await rebalanced;
    assert.equal(report.drained, true);
    assert.equal(committed(0), 1);
    assert.ok(addsUp(bundle));
  });

  it('tells what it gave up as it stopped as revoked, also where its consumer can only say that it is lost', async () => {
    const { container, listener, give, factory, committed } = await started();
    const { consumer } = factory;
    const close = consumer.close.bind(consumer);
    consumer.close = async (options) => {
      await consumer.evict(); // as one that waits for the answer to its JoinGroup
      return close(options);
    };
    const told: string[] = [];
    container.on('partitions:revoked', ({ partitions }) => void told.push(`revoked ${partitions.length}`));
    container.on('partitions:lost', () => void told.push('lost'));
    give(0, ...keyed('a'));
    (await listener.call('0/0')).end();
    await container.stop();
    assert.deepEqual([told, committed(0)], [['revoked 2'], 1]);
  });

  it('begins a partition anew when its position was reset, and commits from there on', async () => {
    const bundle = await started();
    const { listener, give, factory, committed, events } = bundle;
    const { consumer } = factory;
    const resets = events('position:reset');
    give(0, ...keyed('a'));
    const running = await listener.call('0/0');
    const reset = { reason: 'out-of-range', from: 1, to: 40 } as const;
    const poll = consumer.poll.bind(consumer);
    consumer.poll = () => {
      consumer.poll = poll;
      return Promise.resolve(new ConsumerRecords([{ ...tp(0), records: [], nextOffset: 40, reset }]));
    };
    consumer.wakeup();
    assert.deepEqual(await resets.received(1), [{ ...tp(0), ...reset }]);
    running.end(); // late: its epoch is over
    await bundle.container.stop();
    assert.equal(committed(0), 40);
    assert.ok(addsUp(bundle));
  });

  it('goes back where the log was cut off, and commits what is there now', async () => {
    const bundle = await started({ commitIntervalMs: 0 });
    const { container, listener, give, factory, clock, committed, events, log } = bundle;
    const { consumer } = factory;
    const resets = events('position:reset');
    give(0, ...keyed('a', 'b', 'c'));
    for (const at of ['0/0', '0/1', '0/2']) (await listener.call(at)).end();
    await until(() => (clock.advance(0), committed(0) === 3));
    const reset = { reason: 'log-truncated', from: 3, to: 1 } as const;
    const poll = consumer.poll.bind(consumer);
    consumer.poll = () => {
      consumer.poll = poll;
      const records = log.read(tp(0), 1, 2).records; // what was written in the place of the lost ones
      return Promise.resolve(new ConsumerRecords([{ ...tp(0), records, nextOffset: 3, reset }]));
    };
    consumer.wakeup();
    assert.deepEqual(await resets.received(1), [{ ...tp(0), ...reset }]);
    const again = await listener.calls.received(4);
    again.at(-1)?.end();
    await until(() => (clock.advance(0), committed(0) === 2));
    (await listener.calls.received(5)).at(-1)?.end();
    await container.stop();
    assert.deepEqual(listener.order, ['0/0', '0/1', '0/2', '0/1', '0/2']);
    assert.deepEqual([committed(0), container.metrics().alreadyProcessed], [3, 0]);
    assert.ok(addsUp(bundle));
  });

  it('hands a partition over to another member, nothing lost and nothing committed twice', async () => {
    const log = new FakeLog();
    const [first, second] = [await started({}, { log }), setup({}, { log, partitions: [] })];
    const starting = second.container.start();
    await until(() => second.factory.consumer.isPolling);
    first.give(1, ...keyed('a', 'b', 'c'));
    const running = await first.listener.call('1/0');
    const revoked = first.factory.consumer.rebalance({ revoke: [tp(1)] });
    await eventLoopTurn(); // or the lane goes on before the revoke has arrived
    running.end();
    await revoked;
    await second.factory.consumer.rebalance({ assign: [tp(1)] });
    await starting;
    for (const at of ['1/1', '1/2']) (await second.listener.call(at)).end();
    await second.container.stop();
    await first.container.stop();
    assert.deepEqual([first.listener.order, second.listener.order], [['1/0'], ['1/1', '1/2']]);
    assert.equal(first.committed(1), 3);
  });
});

describe('MessageListenerContainer: a shared executor', () => {
  it('keeps to its limit over two containers, and stopping one aborts nothing of the other', async () => {
    const taskExecutor = new AsyncTaskExecutor({ concurrency: 3 });
    const properties = { taskExecutor, ordering: 'key', shutdownTimeoutMs: 20 } as const;
    const [one, two] = [await started(properties), await started(properties)];
    one.give(0, ...distinct(2));
    await one.listener.calls.received(2);
    two.give(0, ...distinct(3));
    const kept = await two.listener.call('0/0');
    const { signal } = kept.context;
    await eventLoopTurn();
    assert.equal(one.listener.calls.count + two.listener.calls.count, 3);
    const aborted = (await one.listener.call('0/0')).context.signal;
    await stopNow(one);
    assert.equal(codeOf(aborted.reason), 'CONTAINER_STOPPED');
    assert.equal(signal.aborted, false);
    assert.equal(two.listener.calls.count, 1, 'a slot is free only when its listener ends');
    (await one.listener.call('0/0')).end();
    await two.listener.call('0/1');
    for (const at of ['0/0', '0/1', '0/2']) (await two.listener.call(at)).end();
    const report = await two.container.stop();
    assert.deepEqual([report.drained, report.abandoned], [true, 0]);
    assert.equal(signal.aborted, false);
    assert.ok(addsUp(one) && addsUp(two));
  });

  it('listens to a shared executor no more after its stop', async () => {
    const taskExecutor = new AsyncTaskExecutor({ concurrency: 1 });
    const onAvailable = taskExecutor.onAvailable.bind(taskExecutor);
    let subscriptions = 0;
    taskExecutor.onAvailable = (wake) => {
      const unsubscribe = onAvailable(wake);
      subscriptions++;
      return () => {
        subscriptions--;
        unsubscribe();
      };
    };
    const { container } = await started({ taskExecutor });
    assert.equal(subscriptions, 1);
    await container.stop();
    assert.equal(subscriptions, 0);
  });
});
