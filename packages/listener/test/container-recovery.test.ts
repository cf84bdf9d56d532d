import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import { eventLoopTurn, Recorder } from '@hearken/testing';
import { KafkaError, type ConsumerRecord } from '@hearken/core';
import {
  DeadLetter,
  DefaultErrorHandler,
  type ErrorHandler,
  type Recoverer,
  FixedBackOff,
  NonRetriable,
  SkipRecord,
  type RecoveryContext,
} from '../dist/index.js';
import { addsUp, keyed, started, stopNow, tp, until } from './setup.js';

interface Recovery {
  readonly record: ConsumerRecord;
  readonly error: unknown;
  readonly context: RecoveryContext;
  readonly end: () => void;
  readonly fail: (error: unknown) => void;
}

/** A recoverer whose calls end when the test says so. */
class ManualRecoverer {
  readonly calls = new Recorder<Recovery>();

  readonly recover = (record: ConsumerRecord, error: unknown, context: RecoveryContext): Promise<void> => {
    const { promise, resolve, reject } = deferred();
    this.calls.record({ record, error, context, end: resolve, fail: reject });
    return promise;
  };

  async call(number: number): Promise<Recovery> {
    await this.calls.received(number);
    return this.calls.items[number - 1]!;
  }
}

const once = new FixedBackOff({ maxRetries: 0 });

async function recovering(properties: Parameters<typeof started>[0] = {}) {
  const recoverer = new ManualRecoverer();
  const recoveryBackOff = new FixedBackOff({ intervalMs: 100, maxRetries: 1 });
  const errorHandler = new DefaultErrorHandler({ backOff: once, recoverer, recoveryBackOff });
  return { recoverer, ...(await started({ errorHandler, ...properties })) };
}

describe('MessageListenerContainer: records that are given up', () => {
  it('recovers a record whose last attempt failed, and only its lane waits', async () => {
    const bundle = await recovering();
    const { container, recoverer, listener, give, committed, events } = bundle;
    const recovered = events('record:recovered');
    give(0, ...keyed('a', 'b'));
    give(1, ...keyed('c'));
    const error = new Error('no such customer');
    (await listener.call('0/0')).fail(error);
    const { record, context, end, ...told } = await recoverer.call(1);
    assert.equal(record.offset, 0);
    assert.equal(told.error, error);
    assert.deepEqual([context.attempt, context.groupId], [1, 'g']);
    (await listener.call('1/0')).end();
    await until(() => container.metrics().processed === 1);
    assert.deepEqual(listener.order, ['0/0', '1/0'], 'what is behind it waits');
    end();
    (await listener.call('0/1')).end();
    await recovered.received(1);
    assert.deepEqual(recovered.last, { record, error, attempt: 1 });
    await container.stop();
    assert.equal(committed(0), 2);
    const { failed, processed } = container.metrics();
    assert.deepEqual([failed, container.metrics().recovered, processed], [1, 1, 2]);
    assert.ok(addsUp(bundle));
  });

  it('skips what a listener says is to be skipped, and goes on', async () => {
    const bundle = await recovering({ ackMode: 'manual' });
    const { container, listener, give, committed, events } = bundle;
    const skipped = events('record:skipped');
    give(0, ...keyed('a', 'b'));
    const error = new SkipRecord('seen before');
    (await listener.call('0/0')).fail(error);
    const second = await listener.call('0/1');
    second.context.acknowledgment.acknowledge();
    second.end();
    await container.stop();
    assert.equal(skipped.last?.error, error);
    assert.equal(committed(0), 2, 'without an acknowledgment, as it is over');
    assert.equal(container.metrics().skipped, 1);
    assert.ok(addsUp(bundle));
  });

  it('asks a recoverer that failed again, and holds the commits until it is done', async () => {
    const bundle = await recovering({ ordering: 'key' });
    const { container, recoverer, listener, give, clock, committed, events } = bundle;
    const failed = events('recovery:failed');
    give(0, ...keyed('a', 'b'));
    (await listener.call('0/1')).end();
    (await listener.call('0/0')).fail(new DeadLetter());
    const away = new Error('the dead-letter topic is away');
    (await recoverer.call(1)).fail(away);
    await failed.received(1);
    assert.deepEqual([failed.last?.error, failed.last?.delayMs], [away, 100]);
    clock.advance(100);
    assert.equal(committed(0), 0);
    (await recoverer.call(2)).end();
    await until(() => container.metrics().recovered === 1);
    await container.stop();
    assert.equal(committed(0), 2);
    assert.equal(container.metrics().recoveryFailures, 1);
  });

  for (const hopeless of [
    new KafkaError('from a dead-letter topic into itself', { code: 'DEAD_LETTER_LOOP' }),
    new NonRetriable('the dead-letter topic does not take it'),
    new TypeError('topic is not a function'),
  ]) {
    it(`does not ask a recoverer again that failed with a ${hopeless.name}`, async () => {
      const { container, recoverer, listener, give, committed } = await recovering();
      give(0, ...keyed('a'));
      (await listener.call('0/0')).fail(new DeadLetter());
      (await recoverer.call(1)).fail(hopeless);
      await assert.rejects(container.finished, ({ cause }: Error) => (cause as Error).cause === hopeless);
      assert.equal(container.metrics().recoveryFailures, 1);
      assert.equal(committed(0), 0);
    });
  }

  it('stops loudly when the recoverer has failed too often, and loses nothing', async () => {
    const bundle = await recovering();
    const { container, recoverer, listener, give, clock, committed, events } = bundle;
    const failed = events('recovery:failed');
    give(0, ...keyed('a', 'b'));
    const reason = new Error('no such customer');
    (await listener.call('0/0')).fail(reason);
    (await recoverer.call(1)).fail(new Error('away'));
    await failed.received(1);
    clock.advance(100);
    const away = new Error('still away');
    (await recoverer.call(2)).fail(away);
    const error = await container.finished.catch((fatal: unknown) => fatal as Error & { code: string });
    assert.equal(error?.code, 'LISTENER_FAILED');
    const cause = error.cause as Error & { code: string; reason: unknown };
    assert.deepEqual([cause.code, cause.reason, cause.cause], ['RECOVERY_FAILED', reason, away]);
    assert.equal(failed.last?.delayMs, undefined);
    assert.equal(committed(0), 0);
    assert.deepEqual(listener.order, ['0/0']);
    assert.ok(addsUp(bundle));
  });

  it('waits for a recovery when it stops, but not for its back-off', async () => {
    const bundle = await recovering();
    const { container, recoverer, listener, give, committed, events } = bundle;
    const failed = events('recovery:failed');
    give(0, ...keyed('a'));
    give(1, ...keyed('b'));
    (await listener.call('0/0')).fail(new DeadLetter());
    (await listener.call('1/0')).fail(new DeadLetter());
    const [first, second] = [await recoverer.call(1), await recoverer.call(2)];
    second.fail(new Error('away'));
    await failed.received(1);
    const stopping = container.stop();
    await eventLoopTurn();
    assert.equal(container.state, 'stopping');
    first.end();
    const { drained, abandoned } = await stopping;
    assert.deepEqual({ drained, abandoned }, { drained: true, abandoned: 1 });
    assert.deepEqual([committed(0), committed(1)], [1, 0]);
    assert.ok(addsUp(bundle));
  });

  it('waits for a recovery that begins while it stops, or while its partition goes', async () => {
    for (const leave of ['stop', 'revoke'] as const) {
      const bundle = await recovering();
      const { container, recoverer, listener, give, committed, factory } = bundle;
      give(0, ...keyed('a'));
      const running = await listener.call('0/0');
      const left = leave === 'stop' ? container.stop() : factory.consumer.rebalance({ revoke: [tp(0)] });
      for (let turns = 0; turns < 5; turns++) await eventLoopTurn(); // it waits for the listener
      running.fail(new DeadLetter());
      const { end } = await recoverer.call(1);
      for (let turns = 0; turns < 5; turns++) await eventLoopTurn();
      end();
      await left;
      assert.equal(committed(0), 1, leave);
      assert.deepEqual([container.metrics().recovered, container.metrics().abandoned], [1, 0]);
      await container.stop();
      assert.ok(addsUp(bundle));
    }
  });

  it('counts a recovery as late that outlasts its ownership', async () => {
    const bundle = await recovering({ shutdownTimeoutMs: 50 });
    const { container, recoverer, listener, give } = bundle;
    give(0, ...keyed('a'));
    (await listener.call('0/0')).fail(new DeadLetter());
    const { end } = await recoverer.call(1);
    await stopNow(bundle);
    end();
    await until(() => container.metrics().lateResults === 1);
    assert.equal(container.metrics().recovered, 0);
    assert.ok(addsUp(bundle));
  });

  it('pauses a partition whose error handler says so, and goes on with the same record', async () => {
    const bundle = await started({ errorHandler: { decide: () => ({ action: 'pause' }) } });
    const { container, listener, give, events } = bundle;
    const paused = events('partition:paused');
    give(0, ...keyed('a', 'b'));
    give(1, ...keyed('c'));
    const error = new Error('the database is away');
    (await listener.call('0/0')).fail(error);
    await paused.received(1);
    const { record, ...told } = paused.last!;
    assert.deepEqual([record?.offset, told], [0, { ...tp(0), owner: 'failure', error }]);
    (await listener.call('1/0')).end();
    await until(() => container.metrics().processed === 1);
    assert.deepEqual(listener.order, ['0/0', '1/0']);
    container.resume([tp(0)]);
    (await listener.call('0/0', 2)).end();
    (await listener.call('0/1')).end();
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('pauses nothing for a partition that goes', async () => {
    const bundle = await started({ errorHandler: { decide: () => ({ action: 'pause' }) } });
    const { container, listener, give, factory, events } = bundle;
    const failed = events('record:failed');
    const paused = events('partition:paused');
    give(0, ...keyed('a'));
    const running = await listener.call('0/0');
    const revoked = factory.consumer.rebalance({ revoke: [tp(0)] });
    await eventLoopTurn();
    running.fail(new Error('the database is away'));
    await revoked;
    assert.deepEqual([failed.count, paused.count], [0, 0]);
    await factory.consumer.rebalance({ assign: [tp(0)] });
    await listener.calls.received(2);
    listener.calls.items[1]!.end();
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('asks nobody again about a record that was acknowledged meanwhile, and never stops for it', async () => {
    const backOff = new FixedBackOff({ intervalMs: 100, maxRetries: 1 });
    const recoverer = new ManualRecoverer();
    const errorHandler = new DefaultErrorHandler({ backOff, recoverer, recoveryBackOff: once });
    const bundle = await started({ ackMode: 'manual', errorHandler });
    const { container, listener, give, clock, committed, events, logger } = bundle;
    const retried = events('record:retried');
    give(0, ...keyed('a', 'b', 'c'));
    const first = await listener.call('0/0');
    first.fail(new Error('busy'));
    await retried.received(1);
    first.context.acknowledgment.acknowledge();
    clock.advance(100);
    const second = await listener.call('0/1');
    assert.deepEqual(listener.order, ['0/0', '0/1']);
    second.fail(new DeadLetter());
    const { fail } = await recoverer.call(1);
    second.context.acknowledgment.acknowledge();
    fail(new Error('away'));
    const third = await listener.call('0/2');
    third.context.acknowledgment.acknowledge();
    third.end();
    await container.stop();
    assert.equal(committed(0), 3);
    assert.equal(logger.at('warn').length > 0, true);
    assert.ok(addsUp(bundle));
  });

  it('asks the recoverer that there is by then', async () => {
    const taken: number[] = [];
    const late: ErrorHandler & { recoverer?: Recoverer } = {
      decide: () => {
        late.recoverer = ({ offset }) => taken.push(offset);
        return { action: 'recover' };
      },
      recoveryBackOff: once,
    };
    const { container, listener, give } = await started({ errorHandler: late });
    give(0, ...keyed('a'));
    (await listener.call('0/0')).fail(new Error('no'));
    await until(() => container.metrics().recovered === 1);
    assert.deepEqual(taken, [0]);
    await container.stop();
  });

  it('tells onRetry, and survives what it throws', async () => {
    const told: unknown[] = [];
    const errorHandler = new DefaultErrorHandler({
      backOff: new FixedBackOff({ intervalMs: 10, maxRetries: 1 }),
      onRetry: ({ attempt, delayMs }) => {
        told.push([attempt, delayMs]);
        throw new Error('the alert is away');
      },
    });
    const { container, listener, give, clock, events, logger } = await started({ errorHandler });
    const retried = events('record:retried');
    give(0, ...keyed('a'));
    (await listener.call('0/0')).fail(new Error('busy'));
    await retried.received(1);
    clock.advance(10);
    (await listener.call('0/0', 2)).end();
    await container.stop();
    assert.deepEqual(told, [[1, 10]]);
    assert.equal(logger.at('error').length, 1);
  });
});
