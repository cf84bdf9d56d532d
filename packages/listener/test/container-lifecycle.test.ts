import assert from 'node:assert/strict';
import { codeOf, ConsumerRecords, KafkaError, type TopicPartition } from '@hearken/core';
import { eventLoopTurn, Recorder } from '@hearken/testing';
import { addsUp, distinct, keyed, setup, started, stopNow, tp, until } from './setup.js';

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail('should have rejected'),
    (error: unknown) => error,
  );

describe('MessageListenerContainer: start', () => {
  it('resolves when partitions are assigned', async () => {
    const { container, factory, events } = setup({ groupId: 'mine', clientIdSuffix: '-0', maxPollRecords: 7 });
    const [startedEvents, states] = [events('container:started'), events('state:changed')];
    await container.start();
    assert.equal(container.state, 'running');
    assert.deepEqual(container.assignment(), [tp(0), tp(1)]);
    const overrides = { rebalanceProtocol: 'cooperative', groupId: 'mine', clientIdSuffix: '-0', maxPollRecords: 7 };
    assert.deepEqual(factory.overrides, [overrides]);
    assert.deepEqual(startedEvents.items, [{ assignment: [tp(0), tp(1)] }]);
    assert.deepEqual(
      states.items.map(({ next }) => next),
      ['starting', 'running'],
    );
    await container.stop();
  });

  it('counts an empty assignment', async () => {
    const { container, factory } = setup({}, { partitions: [] });
    const starting = container.start();
    await eventLoopTurn();
    await factory.consumer.rebalance({ assign: [] });
    await starting;
    assert.deepEqual(container.assignment(), []);
    await container.stop();
  });

  it('subscribes to a pattern', async () => {
    const { container, factory } = await started({ topicPattern: /^t/ });
    assert.deepEqual(factory.consumer.subscription, /^t/);
    await container.stop();
  });

  it('is the same start when called again, and refused after a stop', async () => {
    const { container } = setup();
    assert.equal(container.start(), container.start());
    await container.start();
    await container.stop();
    const late = setup();
    await late.container.stop();
    for (const over of [container, late.container]) {
      const error = (await rejection(over.start())) as KafkaError;
      assert.equal(error.code, 'ILLEGAL_STATE');
      assert.match(error.message, /the container is stopped and cannot start again: make a new one/);
    }
  });

  it('is stopped by who is told that it is stopping, with the same report', async () => {
    const { container } = await started();
    const again: unknown[] = [];
    container.on('state:changed', ({ next }) => {
      if (next === 'stopping') again.push(container.stop());
    });
    const stopping = container.stop();
    assert.deepEqual(again, [stopping]);
    await Promise.all([stopping, ...again, container.finished]);
  });

  it('takes null for no options of a stop', async () => {
    const { container } = await started();
    assert.equal((await container.stop(null as unknown as undefined)).drained, true);
  });

  it('refuses what is no partition, and events there are not', async () => {
    const { container } = await started();
    const bad: unknown[] = [null, 't', [null], [{ topic: 't' }], [{ partition: 0 }], [{ topic: 't', partition: '0' }]];
    for (const partitions of bad) {
      for (const call of ['pause', 'resume'] as const) {
        assert.throws(() => container[call](partitions as TopicPartition[]), { code: 'INVALID_CONFIG' });
      }
    }
    for (const partition of [undefined, null, { topic: 't' }]) {
      assert.equal(codeOf(await rejection(container.seek(partition as TopicPartition, 0))), 'INVALID_CONFIG');
    }
    assert.throws(() => container.on('partition:assigned' as 'partitions:assigned', () => 1), {
      code: 'INVALID_CONFIG',
      message: /did you mean 'partitions:assigned'/,
    });
    assert.throws(() => container.on('record:failed', undefined as never), { code: 'INVALID_CONFIG' });
    assert.equal(container.state, 'running');
    await container.stop();
  });

  it('rejects with a hint when nothing is assigned in time, and is over then', async () => {
    const { container, clock, factory } = setup({ startTimeoutMs: 50 }, { partitions: [] });
    const starting = rejection(container.start());
    await clock.timersPending(2); // the poll's and ours
    const loading = new KafkaError('the coordinator loads', { code: 'COORDINATOR_LOAD_IN_PROGRESS' });
    factory.consumer.lastRetriedError = loading;
    clock.advance(50);
    const error = (await starting) as KafkaError;
    assert.equal(error.code, 'START_TIMED_OUT');
    assert.match(error.message, /50 ms.*brokers/);
    assert.equal(error.cause, loading);
    assert.equal(container.state, 'failed');
    assert.equal(await rejection(container.finished), error);
    assert.ok(factory.consumer.closed.fired);
  });

  it('rejects with what the consumer says, and closes it', async () => {
    const { container, factory, logger } = setup({}, { partitions: [] });
    const fatal = new KafkaError('no such topic', { code: 'UNKNOWN_TOPIC_OR_PARTITION' });
    const starting = rejection(container.start());
    await eventLoopTurn();
    factory.consumer.fail(fatal);
    assert.equal(await starting, fatal);
    assert.equal(await rejection(container.finished), fatal);
    assert.equal(container.health().error, fatal);
    assert.ok(factory.consumer.closed.fired);
    assert.equal(logger.at('error').length, 1, 'said once');
  });

  it('rejects when the factory cannot make a consumer', async () => {
    const { container, factory } = setup();
    const wrong = new Error('no');
    factory.createConsumer = () => {
      throw wrong;
    };
    assert.equal(await rejection(container.start()), wrong);
    assert.equal(container.state, 'failed');
    assert.deepEqual(await container.stop(), { drained: true, abandoned: 0, committed: [] });
  });

  it('rejects when it is stopped meanwhile, and the stop succeeds', async () => {
    const { container } = setup({}, { partitions: [] });
    const starting = rejection(container.start());
    await eventLoopTurn();
    await container.stop();
    assert.equal(codeOf(await starting), 'CONTAINER_STOPPED');
    await container.finished.catch(() => undefined);
    assert.equal(container.state, 'stopped');
  });

  it('makes no consumer when an observer stops it as it starts', async () => {
    const { container, factory } = setup();
    container.on('state:changed', ({ next }) => void (next === 'starting' && container.stop()));
    await assert.rejects(container.start(), { code: 'CONTAINER_STOPPED' });
    await container.finished;
    await eventLoopTurn();
    assert.deepEqual([container.state, factory.consumers.count], ['stopped', 0]);
  });

  it('is told as started by no event when an observer stops it as it begins to run', async () => {
    const { container, events } = setup();
    const startedEvents = events('container:started');
    container.on('state:changed', ({ next }) => void (next === 'running' && container.stop()));
    await assert.rejects(container.start(), { code: 'CONTAINER_STOPPED' });
    await container.finished;
    assert.equal(startedEvents.count, 0);
  });

  it('leaves no timer behind when it is stopped meanwhile, and settles seeks that came too early', async () => {
    const { container, clock } = setup({}, { partitions: [] });
    const starting = rejection(container.start());
    await eventLoopTurn();
    const seeking = rejection(container.seek(tp(0), 1));
    await container.stop();
    assert.equal(codeOf(await starting), 'CONTAINER_STOPPED');
    await eventLoopTurn();
    assert.equal(clock.pendingTimers, 0);
    assert.equal(codeOf(await seeking), 'NOT_ASSIGNED');
  });

  it('reads given partitions without a group, from given offsets, and commits nothing', async () => {
    const topicPartitions = [{ topic: 't', partition: 0, offset: 2 }, tp(1)];
    const { container, listener, give, factory } = await started({ topicPartitions }, { groupId: null });
    give(0, ...keyed('a', 'b', 'c'));
    give(1, ...keyed('d'));
    (await listener.call('0/2')).end();
    (await listener.call('1/0')).end();
    const report = await container.stop();
    assert.equal(listener.calls.count, 2);
    assert.equal(factory.consumer.commitCalls.count, 0);
    assert.deepEqual(report.committed, []);
  });

  it('reads given partitions with a group from its offsets, and commits', async () => {
    const { container, listener, log, committed } = setup({ topicPartitions: [tp(0)] });
    log.append('t', 0, ...keyed('a', 'b'));
    log.commit('g', [{ ...tp(0), offset: 1 }]);
    await container.start();
    (await listener.call('0/1')).end();
    await container.stop();
    assert.equal(committed(0), 2);
  });
});

describe('MessageListenerContainer: stop', () => {
  it('of a container that never started is done at once', async () => {
    const { container, factory } = setup();
    assert.deepEqual(await container.stop(), { drained: true, abandoned: 0, committed: [] });
    await container.finished;
    assert.equal(factory.consumers.count, 0);
  });

  it('lets running listeners end, commits what ended, abandons the rest', async () => {
    const bundle = await started({ concurrency: 2 });
    const { container, listener, give, committed, factory } = bundle;
    give(0, ...keyed('a', 'b', 'c'));
    const first = await listener.call('0/0');
    const stopping = container.stop();
    assert.equal(container.state, 'stopping');
    await eventLoopTurn();
    assert.equal(factory.consumer.closed.fired, false, 'it waits');
    first.end();
    const report = await stopping;
    assert.deepEqual(report, {
      drained: true,
      abandoned: 2,
      committed: [
        { ...tp(0), offset: 1 },
        { ...tp(1), offset: 0 },
      ],
    });
    assert.equal(committed(0), 1);
    assert.equal(listener.calls.count, 1);
    assert.equal(container.state, 'stopped');
    assert.ok(addsUp(bundle));
    await container.finished;
  });

  it('gives every caller the same report', async () => {
    const { container } = await started();
    const [first, second] = await Promise.all([container.stop(), container.stop()]);
    assert.equal(first, second);
    assert.equal(await container.stop(), first);
  });

  it('aborts listeners that take too long, and goes on without them', async () => {
    const bundle = await started({ shutdownTimeoutMs: 70 });
    const { container, listener, give, clock, committed, events } = bundle;
    const late = events('listener:late');
    give(0, ...keyed('a'));
    give(1, ...keyed('b'));
    const [slow, quick] = [await listener.call('0/0'), await listener.call('1/0')];
    const { signal } = slow.context;
    const stopping = container.stop();
    quick.end();
    await clock.timersPending(2);
    assert.equal(signal.aborted, false);
    clock.advance(70);
    const report = await stopping;
    assert.equal(codeOf(signal.reason), 'CONTAINER_STOPPED');
    assert.equal(report.drained, false);
    assert.equal(report.abandoned, 1);
    assert.deepEqual([committed(0), committed(1)], [0, 1]);
    slow.fail(new Error('aborted'));
    await late.received(1);
    assert.equal(container.metrics().lateResults, 1);
    assert.equal(committed(0), 0);
    assert.ok(addsUp(bundle));
  });

  it('waits half a second for the last commit, and leaves the group all the same', async () => {
    const { container, clock, factory, give } = await started({ listener: () => undefined, shutdownTimeoutMs: 5_000 });
    const answer = factory.consumer.holdCommits();
    give(0, ...distinct(3));
    await until(() => container.metrics().processed === 3);
    const closedWith = new Recorder<number | undefined>();
    const close = factory.consumer.close.bind(factory.consumer);
    factory.consumer.close = (options) => {
      closedWith.record(options?.timeoutMs);
      return close(options);
    };
    const stopping = container.stop();
    await until(() => clock.nextDueInMs === 5_500);
    clock.advance(5_499);
    await eventLoopTurn();
    assert.equal(closedWith.count, 0);
    clock.advance(1);
    assert.equal((await stopping).drained, false);
    assert.deepEqual(closedWith.items, [500], 'without a word its group would wait for it');
    assert.equal(container.state, 'stopped');
    answer();
  });

  it('takes another time-out for this stop', async () => {
    const { container, listener, give, clock } = await started();
    give(0, ...keyed('a'));
    await listener.call('0/0');
    const stopping = container.stop({ timeoutMs: 5 });
    await until(() => clock.nextDueInMs === 5);
    clock.advance(5);
    assert.equal((await stopping).drained, false);
  });

  it('does not wait for the listener that calls it through its context, and commits what ends by then', async () => {
    const { container, listener, give, committed } = await started();
    give(0, ...keyed('a'));
    give(1, ...keyed('b'));
    const [asking, other] = [await listener.call('0/0'), await listener.call('1/0')];
    await eventLoopTurn();
    const stopping = asking.context.container.stop();
    other.end();
    const report = await stopping; // as the listener itself would
    assert.equal(report.drained, true);
    assert.equal(report.abandoned, 1);
    assert.deepEqual([committed(0), committed(1)], [0, 1]);
    asking.end();
    await eventLoopTurn();
    assert.equal(container.metrics().lateResults, 1);
  });

  it('does not wait for the listener that calls it before its first await', async () => {
    let report: unknown;
    const bundle = await started({
      listener: async () => {
        report = await bundle.container.stop();
      },
    });
    bundle.give(0, ...keyed('a'));
    await bundle.container.finished;
    await eventLoopTurn();
    assert.deepEqual((report as { drained: boolean }).drained, true);
  });

  it('commits the record of a listener that stops the container and returns', async () => {
    const { container, give, committed } = await started({
      listener: (_record, context) => void context.container.stop(),
    });
    give(0, ...keyed('a', 'b'));
    await container.finished;
    assert.equal(committed(0), 1);
  });

  it('abandons what waits for a retry, and leaves no timer behind', async () => {
    const bundle = await started();
    const { container, listener, give, clock, events } = bundle;
    const retried = events('record:retried');
    give(0, ...keyed('a'));
    (await listener.call('0/0')).fail(new Error('no'));
    await retried.received(1);
    const report = await container.stop();
    assert.equal(report.abandoned, 1);
    assert.equal(clock.pendingTimers, 0);
    assert.ok(addsUp(bundle));
  });

  it('does every step though others fail, and tells all failures', async () => {
    const { container, factory, listener, give } = await started();
    give(0, ...keyed('a'));
    (await listener.call('0/0')).end();
    await eventLoopTurn();
    const wrong = new Error('close failed');
    factory.consumer.close = () => Promise.reject(wrong);
    await container.stop();
    const error = (await rejection(container.finished)) as KafkaError & { failures: unknown[] };
    assert.equal(error.code, 'STOP_INCOMPLETE');
    assert.deepEqual(error.failures, [wrong]);
    assert.equal(container.state, 'failed');
  });

  it('runs nothing afterwards', async () => {
    const { container, factory, give, listener } = await started();
    await container.stop();
    const polls = factory.consumer.polls.count;
    give(0, ...keyed('a'));
    await eventLoopTurn();
    assert.equal(factory.consumer.polls.count, polls);
    assert.equal(listener.calls.count, 0);
    container.pause(); // a listener that comes late must not fail for it
    container.resume();
    await assert.rejects(container.seek(tp(0), 0), { code: 'CONTAINER_NOT_RUNNING' });
  });

  it('happens at the end of a scope', async () => {
    const { container } = await started();
    await container[Symbol.asyncDispose]();
    assert.equal(container.state, 'stopped');
  });
});

describe('MessageListenerContainer: failing', () => {
  it('stops with the fatal error of its consumer, committing what ended', async () => {
    const { container, factory, listener, give, committed, events } = await started();
    const stopped = events('container:stopped');
    give(0, ...keyed('a'));
    (await listener.call('0/0')).end();
    await eventLoopTurn();
    const fatal = new KafkaError('fenced', { code: 'FENCED_INSTANCE_ID' });
    factory.consumer.fail(fatal);
    assert.equal(await rejection(container.finished), fatal);
    assert.equal(container.state, 'failed');
    assert.equal(committed(0), 1);
    assert.deepEqual(
      stopped.items.map(({ error }) => error),
      [fatal],
    );
    assert.equal((await container.stop()).drained, true);
    assert.equal(container.health().status, 'down');
  });

  it('settles a seek that came too late for its consumer', async () => {
    const { container, factory } = await started();
    const fatal = new KafkaError('fenced', { code: 'FENCED_INSTANCE_ID' });
    factory.consumer.fail(fatal);
    const seeking = rejection(container.seek(tp(0), 1));
    assert.equal(await rejection(container.finished), fatal);
    assert.equal(codeOf(await seeking), 'NOT_ASSIGNED');
  });

  it('is never an unhandled rejection', async () => {
    const { factory, events } = await started();
    const stopped = events('container:stopped');
    factory.consumer.fail(new Error('nobody looks at finished'));
    await stopped.received(1);
    await eventLoopTurn();
  });
});

describe('MessageListenerContainer: waiting', () => {
  it('polls only for what there is room for', async () => {
    const bundle = await started({ concurrency: 1, bufferRecords: 4 });
    const { container, factory, listener, give } = bundle;
    give(0, ...distinct(16));
    (await listener.call('0/0')).end();
    await listener.call('0/1');
    await eventLoopTurn();
    const { queued, running, polled } = container.metrics();
    assert.ok(queued <= 4 && running === 1, `${queued} queued`);
    assert.ok(polled < 16);
    assert.ok(factory.consumer.polls.items.every(({ maxRecords }) => maxRecords <= 5));
    await stopNow(bundle);
  });

  it('says that it is alive while it waits for room', async () => {
    const bundle = await started(
      { concurrency: 1, bufferRecords: 1, shutdownTimeoutMs: 100, revokeDrainTimeoutMs: 100 },
      { maxPollIntervalMs: 900 },
    );
    const { container, factory, listener, give, clock } = bundle;
    give(0, ...keyed('a', 'b', 'c', 'd'));
    const running = await listener.call('0/0');
    await eventLoopTurn();
    const before = factory.consumer.polls.count;
    for (let i = 1; i <= 5; i++) {
      clock.advance(300);
      await factory.consumer.polls.received(before + i);
      assert.deepEqual(factory.consumer.polls.last, { timeoutMs: 0, maxRecords: 0 });
      await eventLoopTurn();
    }
    assert.equal(container.health().status, 'up');
    running.end();
    await listener.call('0/1');
    await stopNow(bundle);
  });

  it('takes an answer that comes with its stop as abandoned', async () => {
    const bundle = await started();
    const { container, factory, give } = bundle;
    const { consumer } = factory;
    const poll = consumer.poll.bind(consumer);
    await eventLoopTurn();
    give(0, ...keyed('a', 'b')); // answers the outstanding poll; the loop has not seen it when it is stopped
    const report = await container.stop();
    assert.equal(report.abandoned, 2);
    assert.deepEqual(await poll(0, 0).catch(() => ConsumerRecords.EMPTY), ConsumerRecords.EMPTY);
    assert.ok(addsUp(bundle));
  });
});
