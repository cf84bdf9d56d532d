import assert from 'node:assert/strict';
import { codeOf, KafkaError } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import { AsyncTaskExecutor } from '@hearken/executor';
import { eventLoopTurn } from '@hearken/testing';
import { FixedBackOff, type BackOff, type RecordContainerProperties } from '../dist/index.js';
import { addsUp, distinct, keyed, setup, started, tp, until, type Bundle } from './setup.js';

const EVERY_SECOND = new FixedBackOff({ intervalMs: 1_000, maxRetries: 1_000_000 });
const RESTARTS: Partial<RecordContainerProperties> = { onFatal: 'restart', restartBackOff: EVERY_SECOND };

const broken = (code = 'UNKNOWN_SERVER_ERROR'): KafkaError => new KafkaError('broken', { code });

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail('it resolved'),
    (error: unknown) => error,
  );

/** Lets the container, which is being taken down, get to its back-off, and ends that. */
async function afterBackOff({ clock, container, factory }: Bundle, backOffMs = 1_000): Promise<void> {
  const { consumer } = factory;
  await consumer.closed.wait();
  await until(() => clock.nextDueInMs === backOffMs);
  assert.equal(container.state, 'restarting');
  clock.advance(backOffMs);
  await until(() => factory.consumer !== consumer);
}

/** A fatal error, and running again. */
async function restart(bundle: Bundle, error: Error = broken()): Promise<void> {
  bundle.factory.consumer.fail(error);
  await until(() => bundle.container.state === 'restarting');
  await afterBackOff(bundle);
  await until(() => bundle.container.state === 'running');
}

describe('MessageListenerContainer: restart', () => {
  it('is a new consumer after a while, which goes on where the old one had committed', async () => {
    const bundle = await started(RESTARTS);
    const { container, factory, listener, give, committed, events, logger } = bundle;
    const [states, scheduled, restarted] = [events('state:changed'), events('restart:scheduled'), events('container:restarted')]; // prettier-ignore
    give(0, ...keyed('a', 'b'));
    (await listener.call('0/0')).end();
    (await listener.call('0/1')).end();
    await until(() => container.metrics().processed === 2);
    const [first, error] = [factory.consumer, broken()];
    await restart(bundle, error);
    assert.equal(committed(0), 2, 'the old one had the time to commit');
    assert.ok(first.closed.fired);
    assert.deepEqual(scheduled.items, [{ error, failures: 1, delayMs: 1_000 }]);
    assert.deepEqual(restarted.items, [{ assignment: [tp(0), tp(1)] }]);
    assert.deepEqual(
      states.items.map(({ next }) => next),
      ['restarting', 'starting', 'running'],
    );
    give(0, ...keyed('c'));
    (await listener.call('0/2')).end();
    assert.equal((await container.stop()).drained, true);
    await container.finished;
    assert.equal(committed(0), 3);
    assert.deepEqual(listener.order, ['0/0', '0/1', '0/2']);
    const { restarts, polled, processed } = container.metrics();
    assert.deepEqual({ restarts, polled, processed }, { restarts: 1, polled: 3, processed: 3 });
    assert.equal(logger.at('error').length, 0);
    assert.ok(addsUp(bundle));
  });

  it('is not drained at the end while a listener of before runs, in its back-off or later', async () => {
    for (const runsAgain of [false, true]) {
      const bundle = await started({ ...RESTARTS, shutdownTimeoutMs: 5_000 });
      const { container, factory, listener, give, clock } = bundle;
      give(0, ...keyed('a'));
      const call = await listener.call('0/0');
      factory.consumer.fail(broken());
      await until(() => clock.nextDueInMs === 5_000);
      clock.advance(5_000);
      await factory.consumer.closed.wait();
      await until(() => clock.nextDueInMs === 1_000);
      if (runsAgain) clock.advance(1_000);
      if (runsAgain) await until(() => container.state === 'running');
      const stopping = container.stop();
      await until(() => clock.nextDueInMs === 5_000);
      clock.advance(5_000);
      assert.equal((await stopping).drained, false);
      call.end();
      await eventLoopTurn();
      assert.ok(addsUp(bundle));
    }
  });

  it('does not announce what an observer of its state prevents', async () => {
    const { container, factory, events } = await started(RESTARTS);
    const scheduled = events('restart:scheduled');
    container.on('state:changed', ({ next }) => void (next === 'restarting' && container.stop()));
    factory.consumer.fail(broken());
    await container.finished;
    assert.deepEqual([scheduled.count, factory.consumers.count], [0, 1]);
  });

  it('delivers the record again whose last attempt failed', async () => {
    const bundle = await started({ ...RESTARTS, errorHandler: { decide: () => ({ action: 'stop' }) } });
    const { container, listener, give, committed, events } = bundle;
    const scheduled = events('restart:scheduled');
    give(0, ...keyed('a', 'b', 'c'));
    (await listener.call('0/0')).end();
    (await listener.call('0/1')).fail(new Error('not today'));
    await scheduled.received(1);
    assert.equal(codeOf(scheduled.last?.error), 'LISTENER_FAILED');
    await afterBackOff(bundle);
    await until(() => listener.calls.count === 3);
    assert.equal(committed(0), 1);
    assert.deepEqual(listener.order, ['0/0', '0/1', '0/1']);
    listener.calls.last?.end();
    (await listener.call('0/2')).end();
    await container.stop();
    assert.equal(committed(0), 3);
    assert.ok(addsUp(bundle));
  });

  it('keeps the lane of a listener that does not give up closed, and its slot taken, until it ends', async () => {
    const bundle = await started({ ...RESTARTS, ordering: 'key', concurrency: 2, shutdownTimeoutMs: 70 });
    const { container, factory, listener, give, clock, committed, events } = bundle;
    const late = events('listener:late');
    give(0, ...keyed('a', 'a', 'b'));
    const deaf = await listener.call('0/0');
    const { signal } = deaf.context;
    (await listener.call('0/2')).end();
    factory.consumer.fail(broken());
    await until(() => clock.nextDueInMs === 70);
    clock.advance(70);
    await afterBackOff(bundle);
    assert.equal(codeOf(signal.reason), 'CONTAINER_RESTARTED');
    await until(() => listener.calls.count === 3);
    assert.equal(container.metrics().running, 2, 'with the late one both slots are taken');
    listener.calls.last?.end();
    await eventLoopTurn();
    assert.deepEqual(listener.order, ['0/0', '0/2', '0/2'], 'a slot is free, and the lane is not');
    deaf.end();
    await late.received(1);
    await until(() => listener.calls.count === 4);
    assert.equal(listener.calls.last?.at, '0/0');
    assert.equal(committed(0), 0, 'the late result counts for nothing');
    listener.calls.last.end();
    (await listener.call('0/1')).end();
    assert.equal((await container.stop()).drained, true);
    assert.equal(committed(0), 3);
    assert.equal(container.metrics().running, 0);
    assert.equal(container.metrics().lateResults, 1);
    assert.ok(addsUp(bundle));
  });

  it('waits longer each time, and begins anew once it ran for a minute', async () => {
    const asked: number[] = [];
    const restartBackOff: BackOff = { delayMs: (failures) => (asked.push(failures), 1_000) };
    const bundle = await started({ onFatal: 'restart', restartBackOff });
    const { clock } = bundle;
    await restart(bundle);
    clock.advance(50_000);
    await restart(bundle);
    clock.advance(59_999);
    await restart(bundle);
    clock.advance(60_000);
    await restart(bundle);
    assert.deepEqual(asked, [1, 2, 3, 1]);
    await bundle.container.stop();
  });

  it('waits longer each time also where it never gets to run', async () => {
    const asked: number[] = [];
    const restartBackOff: BackOff = { delayMs: (failures) => (asked.push(failures), 70_000) };
    const { container, factory, clock } = await started({ onFatal: 'restart', restartBackOff });
    const { consumer } = factory;
    factory.createConsumer = () => {
      throw broken();
    };
    consumer.fail(broken());
    for (let failures = 1; failures <= 3; failures++) {
      await until(() => asked.length === failures);
      await until(() => clock.nextDueInMs === 70_000);
      clock.advance(70_000);
    }
    assert.deepEqual(asked, [1, 2, 3]);
    await container.stop();
  });

  it('is over when the back-off gives up', async () => {
    const restartBackOff = new FixedBackOff({ intervalMs: 1_000, maxRetries: 1 });
    const bundle = await started({ onFatal: 'restart', restartBackOff });
    await restart(bundle);
    const error = broken();
    bundle.factory.consumer.fail(error);
    assert.equal(await rejection(bundle.container.finished), error);
    assert.equal(bundle.container.state, 'failed');
  });

  it('is not tried where it cannot help, and asks nobody then', async () => {
    const onFatal = (): never => assert.fail('asked');
    for (const code of [
      'FENCED_INSTANCE_ID',
      'INVALID_CONFIG',
      'INCONSISTENT_GROUP_PROTOCOL',
      'NO_OFFSET_FOR_PARTITION',
    ])
      for (const properties of [RESTARTS, { onFatal }]) {
        const { container, factory } = await started(properties);
        const fatal = broken(code);
        factory.consumer.fail(fatal);
        assert.equal(await rejection(container.finished), fatal, code);
        assert.equal(factory.consumers.count, 1);
      }
  });

  it('is what a function says; one that breaks stops the container with both errors', async () => {
    const bundle = await started({
      onFatal: (error) => {
        if (codeOf(error) === 'BREAKS') throw new Error('a mistake');
        return codeOf(error) === 'MENDABLE' ? 'restart' : 'stop';
      },
      restartBackOff: EVERY_SECOND,
    });
    await restart(bundle, broken('MENDABLE'));
    const fatal = broken('BREAKS');
    bundle.factory.consumer.fail(fatal);
    const error = (await rejection(bundle.container.finished)) as AggregateError;
    assert.deepEqual([error.errors[0], (error.errors[1] as Error).message], [fatal, 'a mistake']);
    const other = await started({ onFatal: () => 'maybe' as 'stop' });
    other.factory.consumer.fail(fatal);
    assert.match(String(((await rejection(other.container.finished)) as AggregateError).errors[1]), /'maybe'/);
  });

  it('leaves paused what the user paused', async () => {
    const bundle = await started(RESTARTS);
    const { container, factory, listener, give } = bundle;
    container.pause([tp(0)]);
    await restart(bundle);
    assert.deepEqual(factory.consumer.paused(), [tp(0)]);
    give(0, ...keyed('a'));
    give(1, ...keyed('b'));
    (await listener.call('1/0')).end();
    assert.deepEqual(listener.order, ['1/0']);
    container.resume();
    (await listener.call('0/0')).end();
    await container.stop();
  });

  it('goes on where it was without a group that would know, not at the start offset', async () => {
    const topicPartitions = [{ ...tp(0), offset: 1 }, tp(1)];
    const bundle = await started({ ...RESTARTS, topicPartitions }, { groupId: null });
    const { container, listener, give } = bundle;
    give(0, ...keyed('a', 'b', 'c'));
    (await listener.call('0/1')).end();
    (await listener.call('0/2')).end();
    await until(() => container.metrics().processed === 2);
    await restart(bundle);
    give(0, ...keyed('d'));
    (await listener.call('0/3')).end();
    await container.stop();
    assert.deepEqual(listener.order, ['0/1', '0/2', '0/3']);
  });

  it('does not hear a consumer that was not closed in time', async () => {
    const bundle = await started({ ...RESTARTS, shutdownTimeoutMs: 0 });
    const { container, factory, clock, listener, give, committed, events } = bundle;
    const old = factory.consumer;
    const answer = old.holdCommits(); // what the close and an assignment wait for
    give(0, ...keyed('a'));
    (await listener.call('0/0')).end();
    await until(() => container.metrics().processed === 1);
    const assigning = old.rebalance({ assign: [tp(0), tp(1)] });
    old.fail(broken());
    await until(() => (clock.advance(1_000), factory.consumers.count === 2 && container.state === 'running'));
    const [assigned, revoked] = [events('partitions:assigned'), events('partitions:revoked')];
    answer();
    await assigning;
    await old.rebalance({ revoke: [tp(0)], assign: [tp(1)] });
    assert.deepEqual([assigned.count, revoked.count], [0, 0]);
    assert.deepEqual(container.assignment(), [tp(0), tp(1)]);
    (await listener.calls.received(2))[1]?.end(); // it was not committed, so it came again
    await container.stop();
    assert.equal(committed(0), 1);
    assert.ok(addsUp(bundle));
  });

  it('does not let a commit that the old consumer still waits for act on what the new one owns', async () => {
    const bundle = await started({ ...RESTARTS, ackMode: 'manual-immediate', shutdownTimeoutMs: 0 });
    const { container, factory, clock, listener, give, logger } = bundle;
    const old = factory.consumer;
    const answer = old.holdCommits();
    give(0, ...keyed('a', 'b'));
    for (const at of ['0/0', '0/1']) {
      const { context, end } = await listener.call(at);
      context.acknowledgment.acknowledge(); // the second commit is to follow the first one at once
      end();
    }
    old.fail(broken());
    await until(() => (clock.advance(1_000), factory.consumers.count === 2 && container.state === 'running'));
    factory.consumer.holdCommits();
    const [, , again] = await listener.calls.received(3);
    again?.context.acknowledgment.acknowledge();
    const [calls, warnings] = [old.commitCalls.count, logger.at('warn').length];
    answer();
    for (let turns = 0; turns < 5; turns++) await eventLoopTurn();
    assert.equal(old.commitCalls.count, calls);
    assert.equal(container.health().status, 'up');
    assert.equal(logger.at('warn').length, warnings);
  });

  it('gives up what the old consumer was assigned while it closed, and had no time to revoke', async () => {
    const bundle = await started({ ...RESTARTS, shutdownTimeoutMs: 0 });
    const { container, factory, clock } = bundle;
    const old = factory.consumer;
    old.holdCommits();
    const gate = deferred<readonly []>();
    old.committed = () => gate.promise;
    void old.rebalance({ revoke: [tp(0), tp(1)], assign: [tp(0)] });
    await until(() => old.assignment().length === 1);
    old.fail(broken());
    await until(() => clock.nextDueInMs === 1_000);
    gate.resolve([]);
    await until(() => container.assignment().length === 1);
    clock.advance(1_000);
    await until(() => old.closed.fired);
    await eventLoopTurn();
    assert.deepEqual([container.state, container.assignment()], ['restarting', []]);
    await container.stop();
  });

  it('is ready by what its new consumer was told alone', async () => {
    const partitions = [tp(0), tp(1)];
    const bundle = await started(RESTARTS, { partitions });
    const { container, factory } = bundle;
    const { consumer } = factory;
    partitions.pop();
    consumer.close = () => {
      consumer.closed.fire(); // and nobody is told that it lets go
      return Promise.resolve();
    };
    await restart(bundle);
    assert.deepEqual([container.assignment(), container.health().ready], [[tp(0)], true]);
    await factory.consumer.rebalance({ lost: [tp(0)] });
    assert.equal(container.health().reasons[0]?.code, 'REBALANCING');
    await container.stop();
  });

  it('ends at once, also in its back-off, when it is to stop', async () => {
    const bundle = await started(RESTARTS);
    const { container, factory, clock } = bundle;
    factory.consumer.fail(broken());
    await factory.consumer.closed.wait();
    await until(() => clock.nextDueInMs === 1_000);
    assert.deepEqual(await container.stop(), { drained: true, abandoned: 0, committed: [] });
    await container.finished;
    assert.equal(container.state, 'stopped');
    assert.equal(clock.pendingTimers, 0);
    assert.equal(factory.consumers.count, 1);
  });

  it('tells a stop that comes while it drains how that went, and is cut short by it', async () => {
    const bundle = await started({ ...RESTARTS, shutdownTimeoutMs: 5_000 });
    const { container, factory, listener, give, clock } = bundle;
    give(0, ...keyed('a', 'b'));
    const { signal } = (await listener.call('0/0')).context;
    factory.consumer.fail(broken());
    await until(() => clock.nextDueInMs === 5_000);
    const stopping = container.stop({ timeoutMs: 10 });
    await until(() => clock.nextDueInMs === 10);
    clock.advance(10);
    const report = await stopping;
    assert.ok(signal.aborted);
    assert.deepEqual([report.drained, report.abandoned], [false, 2]);
    assert.equal(container.state, 'stopped');
    assert.equal(factory.consumers.count, 1);
  });

  it('holds no executor that is shared: others have its slots meanwhile and afterwards', async () => {
    const taskExecutor = new AsyncTaskExecutor({ concurrency: 1 });
    const bundle = await started({ ...RESTARTS, taskExecutor });
    const { container, listener, give } = bundle;
    give(0, ...distinct(2));
    (await listener.call('0/0')).end();
    (await listener.call('0/1')).end();
    await until(() => container.metrics().processed === 2);
    await restart(bundle);
    assert.equal(taskExecutor.available, 1);
    give(0, ...distinct(1));
    const running = await listener.call('0/2');
    assert.equal(taskExecutor.available, 0);
    running.end();
    await container.stop();
    await taskExecutor.drain();
    assert.equal(taskExecutor.available, 1);
  });
});

describe('MessageListenerContainer: restart of a first start', () => {
  it('is tried until it works, and start resolves then', async () => {
    const bundle = setup(RESTARTS);
    const { container, factory, clock, events } = bundle;
    const create = factory.createConsumer.bind(factory);
    let left = 2;
    factory.createConsumer = (...args) => {
      if (left-- > 0) throw broken();
      return create(...args);
    };
    const startedEvents = events('container:started');
    const starting = container.start();
    for (let i = 0; i < 2; i++) {
      await until(() => clock.nextDueInMs === 1_000);
      assert.equal(container.state, 'restarting');
      clock.advance(1_000);
    }
    await starting;
    assert.equal(container.state, 'running');
    assert.equal(startedEvents.count, 1);
    assert.equal(container.metrics().restarts, 2);
    await container.stop();
  });

  it('is given up after startTimeoutMs, saying why it did not work', async () => {
    const { container, factory, clock } = setup({ ...RESTARTS, startTimeoutMs: 2_500 });
    const error = broken();
    factory.createConsumer = () => {
      throw error;
    };
    const starting = rejection(container.start());
    for (const stepMs of [1_000, 1_000, 500]) {
      await until(() => clock.nextDueInMs === stepMs);
      clock.advance(stepMs);
    }
    const reason = (await starting) as KafkaError;
    assert.equal(reason.code, 'START_TIMED_OUT');
    assert.equal(reason.cause, error);
    assert.equal(container.state, 'failed');
    assert.equal(await rejection(container.finished), reason);
    assert.equal(clock.pendingTimers, 0);
  });
});

describe('MessageListenerContainer: authRetryIntervalMs', () => {
  const refused = (): KafkaError => broken('GROUP_AUTHORIZATION_FAILED');

  it('has a login or permission that is refused tried again so long after, and tells when it is granted', async () => {
    const bundle = await started({ authRetryIntervalMs: 7_000 });
    const { container, factory, events } = bundle;
    const [retried, recovered] = [events('auth:retried'), events('auth:recovered')];
    for (let failures = 1; failures <= 2; failures++) {
      const error = refused();
      factory.consumer.fail(error);
      await until(() => container.state === 'restarting');
      await afterBackOff(bundle, 7_000);
      await until(() => container.state === 'running');
      assert.deepEqual(retried.last, { error, failures, delayMs: 7_000 });
      assert.deepEqual(recovered.last, { failures });
    }
    const fatal = broken();
    factory.consumer.fail(fatal);
    assert.equal(await rejection(container.finished), fatal, 'all else is fatal as before');
  });

  it('looks at the error of the consumer only, not at what listeners fail with', async () => {
    const { container, listener, give } = await started({
      authRetryIntervalMs: 7_000,
      errorHandler: { decide: () => ({ action: 'stop' }) },
    });
    give(0, ...keyed('a'));
    (await listener.call('0/0')).fail(refused());
    assert.equal(codeOf(await rejection(container.finished)), 'LISTENER_FAILED');
  });

  it('is fatal without it, and one more reason to restart with onFatal', async () => {
    const { container, factory } = await started();
    const error = refused();
    factory.consumer.fail(error);
    assert.equal(await rejection(container.finished), error);
    const bundle = await started(RESTARTS);
    const recovered = bundle.events('auth:recovered');
    await restart(bundle, refused());
    assert.equal(recovered.count, 1);
    await bundle.container.stop();
  });
});

describe('MessageListenerContainer: missingTopicsFatal', () => {
  it('fails the start, naming every topic that is missing', async () => {
    const { container, factory } = setup({ topics: ['here', 'gone', 'away'], missingTopicsFatal: true });
    const create = factory.createConsumer.bind(factory);
    factory.createConsumer = (...args) => {
      const consumer = create(...args);
      const endOffsets = consumer.endOffsets.bind(consumer);
      consumer.endOffsets = (partitions) =>
        partitions[0]?.topic === 'here' ? endOffsets(partitions) : Promise.reject(broken('UNKNOWN_TOPIC_OR_PARTITION'));
      return consumer;
    };
    const error = (await rejection(container.start())) as KafkaError;
    assert.equal(error.code, 'MISSING_TOPICS');
    assert.match(error.message, /: gone, away$/);
    assert.equal(container.state, 'failed');
    assert.equal(factory.consumer.subscription, undefined);
  });

  it('is not kept waiting by a topic of which nobody leads the first partition', async () => {
    const { container, factory } = setup({ missingTopicsFatal: true });
    const create = factory.createConsumer.bind(factory);
    factory.createConsumer = (...args) =>
      Object.assign(create(...args), {
        partitionsFor: (topic: string) => Promise.resolve([{ topic, partition: 0, leader: undefined }]),
        endOffsets: () => new Promise(() => undefined),
      });
    await container.start();
    await container.stop();
  });

  it('names what brokers do not know, of a consumer that tells partitions', async () => {
    const { container, factory } = setup({ topics: ['here', 'gone'], missingTopicsFatal: true });
    const create = factory.createConsumer.bind(factory);
    factory.createConsumer = (...args) =>
      Object.assign(create(...args), {
        partitionsFor: (topic: string) =>
          topic === 'here' ? Promise.resolve([]) : Promise.reject(broken('UNKNOWN_TOPIC_OR_PARTITION')),
      });
    await assert.rejects(container.start(), { code: 'MISSING_TOPICS', message: /: gone$/ });
  });

  it('is content where all are there', async () => {
    const { container } = await started({ missingTopicsFatal: true });
    assert.equal(container.state, 'running');
    await container.stop();
  });
});
