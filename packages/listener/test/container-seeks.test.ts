import assert from 'node:assert/strict';
import { KafkaError } from '@hearken/core';
import { eventLoopTurn, Signal, type FakeConsumer } from '@hearken/testing';
import { addsUp, distinct, keyed, setup, started, stopNow, tp, until, type Bundle } from './setup.js';

describe('MessageListenerContainer: seek', () => {
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

  it('takes a function of the position', async () => {
    const { container, listener, give } = await started({}, { partitions: [tp(0)] });
    give(0, ...keyed('a', 'b', 'c'));
    for (const at of ['0/0', '0/1', '0/2']) (await listener.call(at)).end();
    await until(() => container.metrics().processed === 3);
    await container.seek(tp(0), (position) => position - 1);
    (await listener.calls.first(({ at, context }) => at === '0/2' && context.epoch > 1)).end();
    await assert.rejects(
      container.seek(tp(0), (position) => position - 9),
      { code: 'INVALID_CONFIG' },
    );
    const error = new Error('of the user');
    const throwing = container.seek(tp(0), () => {
      throw error;
    });
    await assert.rejects(throwing, error);
    await assert.rejects(container.seek(tp(0), 1.5), { code: 'INVALID_CONFIG' });
    await assert.rejects(container.seek('t' as never, 1), { code: 'INVALID_CONFIG' });
    await container.stop();
  });

  it('commits where it went, also with nothing to read there, so that lag reaches 0', async () => {
    const bundle = await started({}, { partitions: [tp(0)] });
    const { container, give, clock, committed } = bundle;
    container.pause();
    give(0, ...keyed('a', 'b', 'c'));
    assert.deepEqual(await container.seekToEnd(), [{ ...tp(0), offset: 3 }]);
    clock.advance(100);
    await until(() => committed(0) === 3);
    assert.equal(container.snapshot().partitions[0]?.lag, 0);
    await container.stop();
  });

  for (const [how, back] of [
    ['by a seek', ({ container }: Bundle) => container.seek(tp(0), 1)],
    ['by itself', ({ factory }: Bundle) => factory.consumer.seek(tp(0), 1)],
  ] as const)
    it(`writes the offset it went back to, ${how}, though it is the committed one, where a commit was in flight`, async () => {
      const bundle = await started({ commitIntervalMs: 0 }, { partitions: [tp(0)] });
      const { container, listener, give, clock, factory, committed } = bundle;
      give(0, ...keyed('a', 'b'));
      (await listener.call('0/0')).end();
      await until(() => committed(0) === 1 || (clock.advance(0), false));
      const letGo = factory.consumer.holdCommits();
      (await listener.call('0/1')).end();
      const calls = factory.consumer.commitCalls.count;
      await until(() => factory.consumer.commitCalls.count > calls || (clock.advance(0), false));
      await back(bundle);
      const again = await listener.calls.first(({ at, context }) => at === '0/1' && context.epoch > 1);
      letGo();
      await until(() => committed(0) === 2);
      await until(() => committed(0) === 1 || (clock.advance(0), false)); // a process that dies now comes back to where it went
      again.end();
      await container.stop();
      assert.deepEqual(
        factory.consumer.commits.items.flat().map(({ offset }) => offset),
        [0, 1, 2, 1, 2],
      );
    });

  it('goes to the beginning, the end and a point in time, of everything, topics and partitions', async () => {
    const partitions = [tp(0), tp(1), tp(0, 'u')];
    const { container, log } = await started({}, { partitions });
    container.pause();
    for (const at of partitions)
      log.append(at.topic, at.partition, { offset: 5, timestamp: 50 }, { timestamp: 60 }, { timestamp: 70 });
    const positions = (): readonly (number | undefined)[] =>
      container.snapshot().partitions.map(({ position }) => position);
    await container.seekToEnd(['t']);
    assert.deepEqual(positions(), [8, 8, 0]);
    await container.seekToBeginning([tp(1), 'u']);
    assert.deepEqual(positions(), [8, 5, 5]);
    assert.equal((await container.seekToTimestamp(51)).length, 3);
    assert.deepEqual(positions(), [6, 6, 6]);
    await container.seekToTimestamp(71, [tp(0), tp(0)]);
    assert.deepEqual(positions(), [8, 6, 6], 'no such record: the end');
    assert.deepEqual(await container.seekToEnd(['nowhere']), []);
    await assert.rejects(container.seekToEnd([tp(1), tp(7)]), { code: 'NOT_ASSIGNED' });
    assert.deepEqual(positions(), [8, 6, 6], 'nothing of a call that is refused');
    for (const timestamp of [-1, 0.5, '3', new Date()])
      await assert.rejects(container.seekToTimestamp(timestamp as number), { code: 'INVALID_CONFIG' });
    await container.stop();
  });

  it('asks for the end before it asks for the time: a record that comes in between is not passed over', async () => {
    const { container, listener, give, factory } = await started({}, { partitions: [tp(0)] });
    const offsetsForTimes = factory.consumer.offsetsForTimes.bind(factory.consumer);
    factory.consumer.offsetsForTimes = async (times) => {
      const found = await offsetsForTimes(times);
      give(0, { timestamp: 100 });
      return found;
    };
    await container.seekToTimestamp(50);
    (await listener.call('0/0')).end();
    await container.stop();
  });

  it('lets the later of two seeks win, whichever offset is found first', async () => {
    const bundle = await started({}, { partitions: [tp(0), tp(1)] });
    const { container, give, factory } = bundle;
    container.pause();
    give(0, ...distinct(9));
    give(1, ...distinct(9));
    const ends = holdLookUp(factory.consumer, 'endOffsets');
    const toEnd = container.seekToEnd();
    await container.seek(tp(0), 4);
    ends.fire();
    assert.deepEqual(await toEnd, [{ ...tp(1), offset: 9 }]);
    assert.deepEqual(
      container.snapshot().partitions.map(({ position }) => position),
      [4, 9],
    );
    const beginnings = holdLookUp(factory.consumer, 'beginningOffsets');
    const [first, second] = [container.seekToBeginning(), container.seekToEnd()];
    assert.equal((await second).length, 2);
    beginnings.fire();
    assert.deepEqual(await first, []);
    const later = holdLookUp(factory.consumer, 'endOffsets');
    const [beginning, end] = [container.seekToBeginning(), container.seekToEnd()];
    assert.equal((await beginning).length, 2);
    later.fire();
    assert.equal((await end).length, 2, 'what is found in the order it was asked for is all done');
    await container.stop();
  });

  it('leaves alone what was given up before its offset was found, also if it is back', async () => {
    const { container, give, factory } = await started({}, { partitions: [tp(0), tp(1)] });
    container.pause();
    for (const partition of [0, 1]) give(partition, ...distinct(9));
    const ends = holdLookUp(factory.consumer, 'endOffsets');
    const seeking = container.seekToEnd();
    await factory.consumer.rebalance({ revoke: [tp(0), tp(1)] });
    await factory.consumer.rebalance({ assign: [tp(1)] });
    ends.fire();
    assert.deepEqual(await seeking, []);
    assert.deepEqual(
      container.snapshot().partitions.map(({ position }) => position),
      [0],
    );
    await container.stop();
  });

  it('rejects with what the look-up failed with, and stays', async () => {
    const { container, factory } = await started();
    const error = new KafkaError('no leader', { code: 'LEADER_NOT_AVAILABLE', retriable: true });
    factory.consumer.endOffsets = () => Promise.reject(error);
    await assert.rejects(container.seekToEnd(), error);
    assert.deepEqual(
      container.snapshot().partitions.map(({ epoch }) => epoch),
      [1, 2],
    );
    await container.stop();
    await assert.rejects(container.seekToEnd(), { code: 'CONTAINER_NOT_RUNNING' });
    await assert.rejects(setup().container.seek(tp(0), 0), { code: 'CONTAINER_NOT_RUNNING' });
  });

  it('is asked for by a listener, for the partition of its record, as long as that is the same ownership', async () => {
    const bundle = await started({ ordering: 'key' }, { partitions: [tp(0)] });
    const { container, listener, give, factory } = bundle;
    give(0, ...keyed('a', 'b', 'c'));
    const [a, b, c] = [await listener.call('0/0'), await listener.call('0/1'), await listener.call('0/2')];
    await assert.rejects(a.context.seek(-1), { code: 'INVALID_CONFIG' });
    assert.equal(await b.context.seek(1), true);
    assert.equal(await c.context.seek(0), false, 'the partition was sought since its record was polled');
    for (const call of [a, b, c]) call.end();
    for (const offset of [1, 2]) {
      (await listener.calls.first(({ at, context }) => at === `0/${offset}` && context.epoch > 1)).end();
    }
    await until(() => container.metrics().processed === 2);
    const last = listener.calls.last!;
    await factory.consumer.rebalance({ lost: [tp(0)] });
    assert.equal(await last.context.seek(0), false);
    await container.stop();
    assert.equal(await last.context.seek(0), false);
    assert.ok(addsUp(bundle));
  });
});

/** The next call of it does not answer until the signal fires. */
function holdLookUp(consumer: FakeConsumer, name: 'endOffsets' | 'beginningOffsets'): Signal {
  const lookUp = consumer[name].bind(consumer);
  const signal = new Signal();
  consumer[name] = async (partitions) => {
    consumer[name] = lookUp;
    const found = await lookUp(partitions);
    await signal.wait();
    return found;
  };
  return signal;
}
