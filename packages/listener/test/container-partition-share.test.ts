import assert from 'node:assert/strict';
import { eventLoopTurn, type RecordInit } from '@hearken/testing';
import { addsUp, distinct, started, stopNow, tp, until, type Bundle } from './setup.js';

/** Lets everything happen that waits for nothing. */
async function rest(): Promise<void> {
  for (let turns = 0; turns < 4; turns++) await eventLoopTurn();
}

/** One slot, taken by partition 0, which has read much of its backlog ahead. */
async function crowded(properties: Parameters<typeof started>[0]): Promise<Bundle> {
  const bundle = await started({ ordering: 'key', concurrency: 1, bufferRecords: 20, ...properties });
  bundle.give(0, ...distinct(100));
  await bundle.listener.call('0/0');
  await rest();
  return bundle;
}

const pausesOf = (bundle: Bundle) => {
  const recorder = bundle.events('partition:paused');
  return () => recorder.items.map(({ partition, owner }) => [partition, owner]);
};

describe('MessageListenerContainer: maxPartitionBufferShare', () => {
  it('reads a record of another partition at once while one with a backlog fills the buffer', async () => {
    const bundle = await crowded({});
    const { listener, give, clock, factory, container } = bundle;
    give(1, ...distinct(1));
    clock.advance(50); // an answer about backlogs is good for so long
    (await listener.call('0/0')).end();
    await rest();
    assert.deepEqual(factory.consumer.paused(), [tp(0)]);
    assert.deepEqual(container.snapshot().partitions[0]?.pausedBy, ['back-pressure']);
    for (let ended = 1; !listener.order.includes('1/0'); ended++) {
      await listener.calls.received(ended + 1);
      listener.calls.items[ended]!.end();
      await rest();
    }
    assert.ok(listener.order.indexOf('1/0') <= 3, listener.order.join());
    await stopNow(bundle);
  });

  it('goes on with the partition once it is down to half of its share', async () => {
    const bundle = await crowded({});
    const { listener, give, clock, factory, container } = bundle;
    give(1, ...distinct(1));
    clock.advance(50);
    (await listener.call('0/0')).end();
    await rest();
    assert.deepEqual(factory.consumer.paused(), [tp(0)]);
    const queued: number[] = [];
    for (let ended = 1; ended < 101; ended++) {
      const running = await listener.calls.received(ended + 1).then(() => listener.calls.items[ended]!);
      const [first] = container.snapshot().partitions;
      if (first?.pausedBy.length === 0) queued.push(first.queued);
      running.end();
      await rest();
    }
    assert.ok(Math.max(...queued) <= 20, `${Math.max(...queued)} records`);
    assert.ok(queued[0]! >= 5, `paused until only ${queued[0]} were left`);
    await until(() => container.metrics().processed === 101);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('binds no partition while the others have nothing, are paused, or are not there', async () => {
    for (const how of ['nothing', 'paused', 'alone'] as const) {
      const bundle = await started(
        { ordering: 'key', concurrency: 1, bufferRecords: 20 },
        { partitions: how === 'alone' ? [tp(0)] : [tp(0), tp(1)] },
      );
      const paused = pausesOf(bundle);
      if (how === 'paused') bundle.container.pause([tp(1)]);
      if (how === 'paused') bundle.give(1, ...distinct(10));
      bundle.give(0, ...distinct(100));
      for (let offset = 0; offset < 100; offset++) {
        (await bundle.listener.call(`0/${offset}`)).end();
        bundle.clock.advance(10);
      }
      assert.deepEqual(
        paused().filter(([, owner]) => owner === 'back-pressure'),
        [],
        how,
      );
      await until(() => bundle.container.metrics().processed === 100);
      await bundle.container.stop();
    }
  });

  it('is one of bytes as well, and may be all of the buffer', async () => {
    const large: RecordInit[] = Array.from({ length: 100 }, (_, i) => ({ key: `${i}`, value: Buffer.alloc(100) }));
    for (const [maxPartitionBufferShare, isPaused] of [
      [0.75, true],
      [1, false],
    ] as const) {
      const bundle = await started({
        ...{ ordering: 'key', concurrency: 1, bufferBytes: 1_000, maxPollRecords: 10, maxPartitionBufferShare },
      });
      const { give, listener, clock, factory } = bundle;
      give(0, ...large);
      await listener.call('0/0');
      await rest();
      give(1, ...distinct(1));
      clock.advance(50);
      (await listener.call('0/0')).end();
      await rest();
      assert.deepEqual(factory.consumer.paused(), isPaused ? [tp(0)] : []);
      await stopNow(bundle);
    }
  });
});
