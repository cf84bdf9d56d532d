import assert from 'node:assert/strict';
import type { TopicPartition } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import { eventLoopTurn, Recorder, Signal } from '@hearken/testing';
import type { ContainerProperties, ListenerContainer, RebalanceListener } from '../dist/index.js';
import { keyed, setup, started, tp, until } from './setup.js';

/** Writes down what it is told. */
class Diary implements RebalanceListener {
  readonly entries = new Recorder<string>();
  onAssigned: (partitions: readonly TopicPartition[], container: ListenerContainer) => unknown = () => undefined;
  onRevoked: () => unknown = () => undefined;

  onPartitionsAssigned(partitions: readonly TopicPartition[], container: ListenerContainer): unknown {
    this.#write('assigned', partitions);
    return this.onAssigned(partitions, container);
  }

  onPartitionsRevoked(partitions: readonly TopicPartition[]): unknown {
    this.#write('revoked', partitions);
    return this.onRevoked();
  }

  onPartitionsLost(partitions: readonly TopicPartition[]): void {
    this.#write('lost', partitions);
  }

  #write(what: string, partitions: readonly TopicPartition[]): void {
    this.entries.record(`${what} ${partitions.map(({ partition }) => partition).join()}`);
  }
}

describe('MessageListenerContainer: rebalanceListener', () => {
  it('is told of partitions that come and go, also when the container stops, and of none it is not', async () => {
    const diary = new Diary();
    const { container, factory } = await started({ rebalanceListener: diary });
    await factory.consumer.rebalance({ revoke: [tp(0)], assign: [tp(2)] });
    await factory.consumer.rebalance({ lost: [tp(2)] });
    await factory.consumer.rebalance({ assign: [] });
    await container.stop();
    assert.deepEqual(diary.entries.items, ['assigned 0,1', 'revoked 0', 'assigned 2', 'lost 2', 'revoked 1']);
  });

  it('is awaited before the first record, and before start ends', async () => {
    const diary = new Diary();
    const loaded = new Signal();
    diary.onAssigned = () => loaded.wait();
    const { container, listener, give } = setup({ rebalanceListener: diary });
    give(0, ...keyed('a'));
    let hasStarted = false;
    const starting = container.start().then(() => (hasStarted = true));
    await diary.entries.received(1);
    await until(() => container.assignment().length === 2);
    for (let turns = 0; turns < 10; turns++) await eventLoopTurn();
    assert.deepEqual([hasStarted, listener.calls.count], [false, 0]);
    loaded.fire();
    await starting;
    (await listener.call('0/0')).end();
    await container.stop();
  });

  it('is told of a revoke when the partition is drained and committed, which is its when it has ended', async () => {
    const diary = new Diary();
    const bundle = await started({ rebalanceListener: diary });
    const { container, listener, give, factory, committed } = bundle;
    const saved = new Signal();
    let atRevoke: number | undefined;
    diary.onRevoked = () => {
      atRevoke ??= committed(0);
      return saved.wait();
    };
    give(0, ...keyed('a'));
    const call = await listener.call('0/0');
    let isGone = false;
    const revoked = factory.consumer.rebalance({ revoke: [tp(0)] }).then(() => (isGone = true));
    call.end();
    await diary.entries.received(2);
    for (let turns = 0; turns < 10; turns++) await eventLoopTurn();
    assert.deepEqual([atRevoke, isGone], [1, false]);
    saved.fire();
    await revoked;
    await container.stop();
  });

  for (const [how, source] of [
    ['of a group', {}],
    ['that were given', { topicPartitions: [tp(0)] }],
  ] as const satisfies readonly (readonly [string, Partial<ContainerProperties>])[]) {
    it(`may seek partitions ${how}, before their first record`, async () => {
      const diary = new Diary();
      diary.onAssigned = (_, container) => container.seek(tp(0), 1);
      const { container, listener, give } = setup({ ...source, rebalanceListener: diary }, { partitions: [tp(0)] });
      give(0, ...keyed('a', 'b'));
      await container.start();
      (await listener.call('0/1')).end();
      await container.stop();
      assert.deepEqual(listener.order, ['0/1']);
      assert.deepEqual(diary.entries.items, ['assigned 0', 'revoked 0']);
    });
  }

  it('that hangs does not keep a container that stops from leaving its group', async () => {
    const diary = new Diary();
    diary.onRevoked = () => new Promise(() => undefined);
    const { container, clock, factory } = await started({ rebalanceListener: diary });
    const stopping = container.stop({ timeoutMs: 3_000 });
    await until(() => diary.entries.count === 2 && clock.nextDueInMs === 3_500);
    clock.advance(3_500);
    await stopping; // half a second before the consumer's own time is over, which it has to leave
    assert.ok(factory.consumer.closed.fired);
  });

  it('holds up a stop no longer than a second, also for partitions that were given', async () => {
    const diary = new Diary();
    diary.onRevoked = () => new Promise(() => undefined);
    const { container, clock } = await started({ topicPartitions: [tp(0)], rebalanceListener: diary });
    const stopping = container.stop({ timeoutMs: 3_000 });
    await until(() => diary.entries.count === 2 && clock.nextDueInMs === 4_000);
    clock.advance(4_000);
    await stopping;
    assert.equal(container.state, 'stopped');
  });

  it('seeks to what has to be looked up, too, and while a poll is outstanding', async () => {
    const diary = new Diary();
    const { container, listener, give, factory } = await started({ rebalanceListener: diary }, { partitions: [tp(0)] });
    give(1, ...keyed('a', 'b'));
    diary.onAssigned = (partitions, inside) => inside.seekToEnd(partitions);
    await until(() => factory.consumer.isPolling);
    await factory.consumer.rebalance({ assign: [tp(1)] });
    give(1, ...keyed('c'));
    (await listener.call('1/2')).end();
    await container.stop();
    assert.deepEqual(listener.order, ['1/2']);
  });

  it('is told once that a partition went, also when its member is thrown out meanwhile', async () => {
    const diary = new Diary();
    const { container, factory } = await started({ rebalanceListener: diary });
    const saved = new Signal();
    diary.onRevoked = () => saved.wait();
    const revoked = factory.consumer.rebalance({ revoke: [tp(0)], assign: [] });
    await diary.entries.received(2);
    const evicted = factory.consumer.evict();
    for (let turns = 0; turns < 10; turns++) await eventLoopTurn();
    assert.deepEqual(diary.entries.items, ['assigned 0,1', 'revoked 0'], 'one call at a time');
    saved.fire();
    await Promise.all([revoked, evicted]);
    assert.deepEqual(diary.entries.items, ['assigned 0,1', 'revoked 0', 'lost 1']);
    await container.stop();
    assert.equal(diary.entries.count, 3);
  });

  it('fails the container when it fails for partitions that come', async () => {
    const diary = new Diary();
    const error = new Error('the state could not be loaded');
    diary.onAssigned = () => Promise.reject(error);
    const { container, listener, give } = setup({ rebalanceListener: diary });
    give(0, ...keyed('a'));
    await assert.rejects(container.start(), { code: 'REBALANCE_LISTENER_FAILED', cause: error });
    await assert.rejects(container.finished, { code: 'REBALANCE_LISTENER_FAILED' });
    assert.equal(listener.calls.count, 0);
  });

  it('fails it also when that takes too long', async () => {
    const diary = new Diary();
    diary.onAssigned = () => deferred().promise;
    const { container, clock } = setup({ rebalanceListener: diary, revokeDrainTimeoutMs: 500 });
    const starting = container.start();
    starting.catch(() => undefined);
    await diary.entries.received(1);
    await until(() => clock.nextDueInMs === 500);
    clock.advance(500);
    await assert.rejects(starting, { code: 'REBALANCE_LISTENER_TIMED_OUT' });
  });

  for (const [how, onRevoked, code] of [
    ['throws', () => assert.fail('of the user'), 'REBALANCE_LISTENER_FAILED'],
    ['never ends', () => deferred().promise, 'REBALANCE_LISTENER_TIMED_OUT'],
  ] as const) {
    it(`lets partitions go, and says so, when it ${how}`, async () => {
      const diary = new Diary();
      const bundle = await started({ rebalanceListener: diary, revokeDrainTimeoutMs: 500 });
      const { container, factory, clock, events, logger } = bundle;
      const failed = events('rebalance-listener:failed');
      diary.onRevoked = onRevoked;
      const revoked = factory.consumer.rebalance({ revoke: [tp(0)], assign: [] });
      await diary.entries.received(2);
      await until(() => failed.count > 0 || (clock.advance(10), false));
      await revoked;
      const { error, ...told } = failed.last!;
      assert.deepEqual(told, { callback: 'onPartitionsRevoked', partitions: [tp(0)] });
      assert.equal((error as { code?: unknown }).code, code);
      assert.equal(logger.at('error').length, 1);
      assert.deepEqual(container.assignment(), [tp(1)]);
      diary.onRevoked = () => undefined;
      await container.stop();
    });
  }

  it('is refused without a method it could be told by', () => {
    for (const wrong of [{}, 3, { onPartitionsRevoked: 1 }, { onRevoked: () => undefined }])
      assert.throws(() => setup({ rebalanceListener: wrong as never }), {
        code: 'INVALID_CONFIG',
        message: /rebalanceListener/,
      });
  });
});
