import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import { eventLoopTurn, type RecordInit } from '@hearken/testing';
import { DefaultErrorHandler, FixedBackOff } from '../dist/index.js';
import { distinct, keyed, setup, started, addsUp, tp, until } from './setup.js';

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

  it('polls less than twice as far ahead, however many records a poll could bring', async () => {
    const bundle = await started({ ordering: 'key', concurrency: 100, windowRecords: 5 });
    const { container, listener, give, events } = bundle;
    const filled = events('window:filled');
    give(0, ...keyed('stuck'), ...distinct(3));
    const stuck = await listener.call('0/0');
    for (let offset = 1; offset <= 3; offset++) (await listener.call(`0/${offset}`)).end();
    await until(() => container.metrics().processed === 3);
    give(0, ...distinct(50));
    await filled.received(1);
    assert.deepEqual(filled.items, [{ ...tp(0), oldestOutstanding: 0, span: 9 }]);
    stuck.end();
    for (let offset = 4; offset <= 53; offset++) (await listener.call(`0/${offset}`)).end();
    await until(() => container.metrics().processed === 54);
    await container.stop();
  });
});

describe('MessageListenerContainer: buffer in bytes', () => {
  /** So many records of that many bytes each. */
  const large = (count: number, size: number): RecordInit[] =>
    Array.from({ length: count }, () => ({ key: null, value: Buffer.alloc(size) }));

  it('holds about as much as it may, however many records that is, and all arrives', async () => {
    const queued: number[] = [];
    const { container, give } = setup({
      bufferBytes: 1_000,
      maxPollRecords: 3,
      concurrency: 2,
      ordering: 'none',
      listener: async () => {
        queued.push(container.metrics().queuedBytes);
        await eventLoopTurn();
      },
    });
    await container.start();
    give(0, ...large(50, 100), ...large(50, 10), ...large(50, 300));
    await until(() => container.metrics().processed === 150);
    assert.ok(Math.max(...queued) <= 1_000 / 2 + 3 * 300, `${Math.max(...queued)} bytes`);
    assert.ok(Math.max(...queued.slice(0, 40)) > 1_000 / 2 - 100, 'it reads ahead');
    assert.deepEqual([container.metrics().queued, container.metrics().queuedBytes], [0, 0]);
    await container.stop();
  });

  it('asks for as many records as there is room for, once it knows how large they are', async () => {
    const { container, factory, give, listener } = await started({ bufferBytes: 1_000, concurrency: 1 });
    give(0, ...large(100, 100));
    (await listener.call('0/0')).end(); // the first poll knew nothing, and brought all
    const before = factory.consumer.polls.items.length;
    for (let offset = 1; offset < 100; offset++) (await listener.call(`0/${offset}`)).end();
    await until(() => container.metrics().processed === 100);
    await until(() => factory.consumer.isPolling);
    const asked = factory.consumer.polls.items.slice(before).map(({ maxRecords }) => maxRecords);
    assert.ok(
      asked.every((records) => records <= 10 + 1),
      asked.join(),
    );
    await container.stop();
  });

  it('reads a record that is larger than the buffer, and those behind it', async () => {
    const { container, give } = await started({
      bufferBytes: 10,
      maxPollRecords: 1,
      concurrency: 1,
      listener: () => undefined,
    });
    give(0, ...large(1, 1), ...large(3, 1_000), ...large(1, 0), ...large(1, 1));
    await until(() => container.metrics().processed === 6);
    await container.stop();
  });

  it('feeds other partitions while one that cannot go on holds much of it in a few large records', async () => {
    const bundle = await started({ concurrency: 4, bufferBytes: 1_000, maxPollRecords: 2 });
    const { container, listener, give, factory } = bundle;
    give(0, ...large(26, 400));
    await listener.call('0/0'); // never ends
    give(1, ...large(26, 40));
    for (let offset = 0; offset < 26; offset++) (await listener.call(`1/${offset}`)).end();
    await until(() => container.metrics().processed === 26);
    assert.deepEqual(factory.consumer.paused(), [tp(0)]);
    const { queuedBytes } = container.metrics();
    assert.ok(queuedBytes <= 500 + 2 * 400, `${queuedBytes} bytes queued with a buffer of 1000`);
    (await listener.call('0/0')).end();
    for (let offset = 1; offset < 26; offset++) (await listener.call(`0/${offset}`)).end();
    await until(() => container.metrics().processed === 52);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  const down = new Error('down');
  const byRecord = { ordering: 'none', concurrency: 2, bufferBytes: 20_000, maxPollRecords: 5 } as const;

  it('reads no more than it may hold of what fails and waits to be tried again, and goes on with it', async () => {
    let isDown = true;
    const bundle = setup({
      ...byRecord,
      errorHandler: retrying(),
      listener: () => {
        if (isDown) throw down;
      },
    });
    const { container, give, factory, clock } = bundle;
    await container.start();
    give(0, ...large(1_000, 100));
    give(1, ...large(1_000, 100));
    await until(() => factory.consumer.paused().length === 2);
    const { outstanding, queuedBytes } = container.metrics();
    assert.ok(outstanding * 1_000 <= 2 * 20_000, `${outstanding} records are held`);
    assert.ok(queuedBytes <= 20_000);
    isDown = false;
    await until(() => {
      clock.advance(1_000);
      return container.metrics().processed === 2_000;
    });
    assert.deepEqual(factory.consumer.paused(), []);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('reads no more than it may hold of what is with a slow recoverer', async () => {
    const { promise, resolve: recover } = deferred();
    const bundle = setup({
      ...byRecord,
      errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ maxRetries: 0 }), recoverer: () => promise }),
      listener: () => {
        throw down;
      },
    });
    const { container, give, factory } = bundle;
    await container.start();
    give(0, ...large(1_000, 100));
    give(1, ...large(1_000, 100));
    await until(() => factory.consumer.paused().length === 2);
    const { outstanding, heldBytes } = container.metrics();
    assert.ok(outstanding * 1_000 <= 2 * 20_000, `${outstanding} records are held`);
    assert.ok(heldBytes >= outstanding * 1_000, `${heldBytes}`);
    recover();
    await until(() => container.metrics().recovered === 2_000);
    assert.deepEqual([factory.consumer.paused(), container.metrics().heldBytes], [[], 0]);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('counts a whole batch as long as one of its records is with a recoverer', async () => {
    const { promise, resolve: recover } = deferred();
    const bundle = setup({
      ...byRecord,
      errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ maxRetries: 0 }), recoverer: () => promise }),
      listener: undefined,
      batchListener: (records: readonly unknown[]) => ({ failed: records.map((_, index) => ({ index, error: down })) }),
      batch: { maxRecords: 20 },
    } as never);
    const { container, give, factory } = bundle;
    await container.start();
    give(0, ...large(1_000, 100));
    give(1, ...large(1_000, 100));
    await until(() => factory.consumer.paused().length === 2);
    const { outstanding } = container.metrics();
    assert.ok(outstanding * 1_000 <= 4 * 20_000, `${outstanding} records are held`); // a batch more for each of two slots
    recover();
    await until(() => container.metrics().recovered === 2_000);
    assert.deepEqual([factory.consumer.paused(), container.metrics().heldBytes], [[], 0]);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('starts a batch that waits for more when there is no room for more', async () => {
    const batches: number[] = [];
    const { container, give } = setup({
      bufferBytes: 100,
      maxPollRecords: 1,
      listener: undefined,
      batchListener: (records: readonly unknown[]) => void batches.push(records.length),
      batch: { maxRecords: 50, lingerMs: 60_000 },
    } as never);
    await container.start();
    give(0, ...large(7, 30));
    await until(() => batches.length === 3);
    assert.deepEqual([batches, container.metrics().queued], [[2, 2, 2], 1]);
    await container.stop();
  });

  it('forgets what is given up, sought and tried again', async () => {
    const bundle = await started({ concurrency: 2, errorHandler: retrying() });
    const { container, listener, give, factory } = bundle;
    const bytes = (): readonly number[] => container.snapshot().partitions.map(({ queuedBytes }) => queuedBytes);
    give(0, ...large(4, 10));
    give(1, ...large(3, 100));
    const failing = await listener.call('0/0');
    const running = await listener.call('1/0');
    assert.deepEqual(bytes(), [30, 200]);
    failing.fail(new Error('busy')); // it waits to be tried again: that is its lane's, and no longer queued
    await until(() => container.metrics().retrying === 1);
    assert.deepEqual(bytes(), [30, 200]);
    await container.seek(tp(0), 3);
    await until(() => container.snapshot().partitions[0]?.position === 4);
    (await listener.call('0/3')).end();
    await until(() => container.metrics().processed === 1);
    assert.deepEqual(bytes(), [0, 200]);
    const revoked = factory.consumer.rebalance({ revoke: [tp(1)], assign: [] });
    running.end();
    await revoked;
    assert.deepEqual([bytes(), container.metrics().queuedBytes], [[0], 0]);
    await container.stop();
    assert.ok(addsUp(bundle));
  });
});

const retrying = (): DefaultErrorHandler =>
  new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 60_000 }) });

async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}

describe('MessageListenerContainer: lookahead', () => {
  it('holds few records ahead of a listener that takes all the time there is, and all it may before', async () => {
    const queued: number[] = [];
    const { container, give, clock } = setup({
      bufferRecords: 1_000,
      listener: () => {
        queued.push(container.metrics().queued);
        clock.advance(1);
      },
    });
    await container.start();
    give(0, ...distinct(3_000));
    await until(() => container.metrics().processed === 3_000);
    await container.stop();
    assert.ok(Math.max(...queued.slice(0, 500)) > 400, 'nothing was known of the listener');
    assert.ok(Math.max(...queued.slice(1_500)) <= 64 + 10, `${Math.max(...queued.slice(1_500))} were queued`);
  });

  it('leaves nothing over for the next turn where listeners are quick', async () => {
    const left: number[] = [];
    const { container, give, clock } = setup({ bufferRecords: 1_000, listener: () => clock.advance(0.002) });
    await container.start();
    give(0, ...distinct(20_000));
    while (container.metrics().processed < 20_000) {
      await eventLoopTurn();
      left.push(container.metrics().queued);
    }
    await container.stop();
    assert.ok(left.length > 10, `${left.length} turns`);
    assert.deepEqual(
      left.slice(-5).filter((queued) => queued > 0),
      [],
    );
  });

  it('holds all it may again when every slot was taken in a turn that was spent', async () => {
    const gate = deferred();
    const { container, give, clock } = setup({
      ordering: 'key',
      concurrency: 2,
      bufferRecords: 1_000,
      listener: async ({ offset }) => {
        if (offset > 0) return gate.promise;
        void microtasks(40).then(() => give(0, ...distinct(100))); // to the poll that is out then
        await microtasks(20);
        clock.advance(1);
      },
    });
    await container.start();
    give(0, ...distinct(1));
    await until(() => container.metrics().running === 2);
    give(0, ...distinct(300));
    await until(() => container.metrics().queued === 398);
    gate.resolve();
    await until(() => container.metrics().processed === 401);
    await container.stop();
  });

  it('takes records that cannot run for no reason to hold few', async () => {
    const bundle = setup({
      concurrency: 4,
      errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 60_000 }) }),
      listener: ({ partition }) => {
        clock.advance(5); // the turn is spent
        if (partition === 0) throw new Error('busy');
      },
    });
    const { container, give, clock } = bundle;
    await container.start();
    give(0, ...distinct(100)); // the first is tried again in a minute, the others wait for it
    await until(() => container.metrics().retried === 1);
    for (let count = 1; count <= 3; count++) {
      give(1, ...distinct(1));
      await until(() => container.metrics().processed === count);
    }
    await container.stop();
    assert.ok(addsUp(bundle));
  });
});
