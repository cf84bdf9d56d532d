import assert from 'node:assert/strict';
import { DeserializationError, type Serde, type TaskExecutor } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import { eventLoopTurn } from '@hearken/testing';
import { AsyncTaskExecutor } from '@hearken/executor';
import {
  BatchListenerFailedError,
  DefaultErrorHandler,
  FixedBackOff,
  type BatchContainerProperties,
} from '../dist/index.js';
import { setupBatches, startedBatches } from './batch-setup.js';
import { addsUp, distinct, tp, until } from './setup.js';

const one = { partitions: [tp(0)] };

describe('MessageListenerContainer: batches whose partition goes', () => {
  it('revoked: are waited for, and committed', async () => {
    const bundle = await startedBatches({}, one);
    const { give, batches, factory, committed, container } = bundle;
    give(0, ...distinct(3));
    const call = await batches.call(0);
    const revoked = factory.consumer.rebalance({ revoke: [tp(0)] });
    await eventLoopTurn();
    call.end();
    await revoked;
    assert.equal(committed(0), 3);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('revoked for too long: see their signal abort; what was acknowledged counts, the rest comes again', async () => {
    const bundle = await startedBatches({ ackMode: 'manual', revokeDrainTimeoutMs: 50 }, one);
    const { give, batches, factory, committed, container, clock, events } = bundle;
    const late = events('listener:late');
    give(0, ...distinct(4));
    const call = await batches.call(0);
    const { signal, acknowledgment } = call.context;
    acknowledgment.acknowledge(1);
    const revoked = factory.consumer.rebalance({ revoke: [tp(0)] });
    await until(() => clock.nextDueInMs === 50);
    clock.advance(50);
    await revoked;
    assert.equal(signal.aborted, true);
    assert.equal(committed(0), 2);
    await factory.consumer.rebalance({ assign: [tp(0)] });
    await eventLoopTurn();
    assert.equal(batches.order.length, 1, 'the lane is closed while its listener of before runs');
    call.fail(new Error('aborted'));
    const again = await batches.call(1);
    assert.deepEqual([again.offsets, again.context.epoch, again.context.attempt], [[2, 3], 2, 1]);
    assert.deepEqual(late.items[0]?.records?.length, 4);
    assert.equal(container.metrics().lateResults, 1);
    again.context.acknowledgment.acknowledge();
    again.end();
    await container.stop();
    assert.equal(committed(0), 4);
    assert.ok(addsUp(bundle));
  });

  it('revoked while they wait for another attempt: come again elsewhere', async () => {
    const bundle = await startedBatches({}, one);
    const { give, batches, factory, committed, container } = bundle;
    give(0, ...distinct(3));
    (await batches.call(0)).fail(new BatchListenerFailedError(1, new Error('one')));
    await until(() => container.metrics().retried === 1);
    await factory.consumer.rebalance({ revoke: [tp(0)] });
    assert.equal(committed(0), 1);
    await container.stop();
    assert.equal(container.metrics().abandoned, 2);
    assert.ok(addsUp(bundle));
  });

  it('sought: end late, and reading goes on there when they have', async () => {
    const bundle = await startedBatches({}, one);
    const { give, batches, committed, container } = bundle;
    give(0, ...distinct(4));
    const call = await batches.call(0);
    await container.seek(tp(0), 1);
    call.end();
    const again = await batches.call(1);
    assert.deepEqual([again.offsets, again.context.epoch], [[1, 2, 3], 2]);
    again.end();
    await until(() => container.metrics().processed === 3);
    await container.stop();
    assert.equal(committed(0), 4);
    assert.equal(container.metrics().lateResults, 1);
    assert.ok(addsUp(bundle));
  });

  it('stopped: are waited for, and no other starts', async () => {
    const bundle = setupBatches({ batch: { maxRecords: 2 } }, one);
    const { give, batches, committed, container } = bundle;
    give(0, ...distinct(4));
    await container.start();
    const call = await batches.call(0);
    const stopping = container.stop();
    call.end();
    const { drained, abandoned } = await stopping;
    assert.deepEqual([drained, abandoned, committed(0)], [true, 2, 2]);
    assert.equal(batches.order.length, 1);
  });

  it('stopped between the calls of one by one: what had its call is committed', async () => {
    const bundle = await startedBatches({}, one);
    const { give, batches, committed, container } = bundle;
    give(0, ...distinct(3));
    (await batches.call(0)).fail(new TypeError('hopeless'));
    const alone = await batches.call(1);
    const stopping = container.stop();
    alone.end();
    const { drained, abandoned } = await stopping;
    assert.deepEqual([drained, abandoned, committed(0)], [true, 2, 1]);
    assert.ok(addsUp(bundle));
  });

  it('may stop their own container, which does not wait for them', async () => {
    const bundle = await startedBatches({}, one);
    const { give, batches, container } = bundle;
    give(0, ...distinct(2));
    const call = await batches.call(0);
    const { drained } = await call.context.container.stop();
    assert.equal(drained, true);
    call.end();
    await container.finished;
    assert.equal(container.metrics().abandoned, 2);
  });

  it('start when a pause ends, and not before', async () => {
    const bundle = setupBatches({}, one);
    const { give, batches, container } = bundle;
    container.pause([tp(0)]);
    await container.start();
    give(0, ...distinct(2));
    await eventLoopTurn();
    assert.equal(batches.order.length, 0);
    container.resume();
    (await batches.call(0)).end();
    await until(() => container.metrics().processed === 2);
    await container.stop();
  });
});

/** Numbers in text; anything else cannot be decoded. */
const numbers: Serde<number> = {
  serialize: (value) => Buffer.from(String(value)),
  deserialize: (bytes) => {
    const value = Number(bytes?.toString());
    if (Number.isNaN(value)) throw new Error('no number');
    return value;
  },
};
const slowNumbers: Serde<number> = {
  serialize: numbers.serialize.bind(numbers),
  deserialize: async (bytes, record) => {
    await Promise.resolve();
    return numbers.deserialize(bytes, record);
  },
};

describe('MessageListenerContainer: decoding batches', () => {
  for (const [name, valueSerde] of [
    ['synchronous', numbers],
    ['asynchronous', slowNumbers],
  ] as const) {
    it(`cuts a batch at what cannot be decoded, which fails by itself (${name} serde)`, async () => {
      const recovered: [number, unknown][] = [];
      const errorHandler = new DefaultErrorHandler({
        recoverer: ({ offset }, error) => void recovered.push([offset, error]),
      });
      const bundle = setupBatches({ valueSerde, errorHandler } as unknown as Partial<BatchContainerProperties>, one);
      const { give, batches, container } = bundle;
      give(0, ...['0', '1', 'x', 'y', '4'].map((value) => ({ value })));
      await container.start();
      const before = await batches.call(0);
      assert.deepEqual(
        before.records.map(({ value }) => value as unknown),
        [0, 1],
      );
      assert.equal(recovered.length, 0, 'those before it do not wait for what becomes of it');
      before.end();
      const behind = await batches.call(1);
      assert.deepEqual(
        behind.records.map(({ value }) => value as unknown),
        [4],
      );
      assert.deepEqual(
        recovered.map(([offset]) => offset),
        [2, 3],
      );
      assert.ok(recovered[0]![1] instanceof DeserializationError);
      behind.end();
      await until(() => container.metrics().processed === 3);
      await container.stop();
      assert.equal(container.metrics().recovered, 2);
      assert.ok(addsUp(bundle));
    });
  }

  it('makes no promise where serdes make none', async () => {
    let inOneTurn = false;
    const bundle = setupBatches(
      {
        valueSerde: numbers,
        batchListener: () => {
          inOneTurn = true;
        },
      } as unknown as Partial<BatchContainerProperties>,
      one,
    );
    bundle.give(0, { value: '1' });
    await bundle.container.start();
    await until(() => bundle.container.metrics().processed === 1);
    assert.ok(inOneTurn);
    await bundle.container.stop();
  });
});

describe('MessageListenerContainer: filtering batches', () => {
  const even: Partial<BatchContainerProperties> = { filter: ({ offset }) => offset % 2 === 0 };

  it('gives the listener what is kept; what is not is done, and counted as filtered', async () => {
    const bundle = setupBatches({ ...even, ackMode: 'manual' }, one);
    const { give, batches, container, committed } = bundle;
    give(0, ...distinct(5));
    await container.start();
    const call = await batches.call(0);
    assert.deepEqual(call.offsets, [0, 2, 4]);
    call.context.acknowledgment.acknowledge(1);
    call.end();
    await container.stop();
    assert.equal(committed(0), 4);
    const { filtered, processed, abandoned } = container.metrics();
    assert.deepEqual([filtered, processed, abandoned], [2, 2, 1]);
    assert.ok(addsUp(bundle));
  });

  it('calls nobody for a batch of which nothing is kept', async () => {
    const bundle = setupBatches({ filter: () => false }, one);
    const { give, batches, container, committed } = bundle;
    give(0, ...distinct(5));
    await container.start();
    await until(() => container.metrics().filtered === 5);
    await container.stop();
    assert.deepEqual(batches.order, []);
    assert.equal(committed(0), 5);
  });

  it('counts indexes among what is kept', async () => {
    const bundle = setupBatches(even, one);
    const { give, batches, container, clock } = bundle;
    give(0, ...distinct(6));
    await container.start();
    (await batches.call(0)).fail(new BatchListenerFailedError(1, new Error('offset 2')));
    await until(() => container.metrics().retried === 1);
    clock.advance(60_000);
    const again = await batches.call(1);
    assert.deepEqual([again.offsets, again.context.attemptOf(0), again.context.attemptOf(1)], [[2, 4], 2, 1]);
    again.end();
    await until(() => container.metrics().processed === 3);
    assert.equal(container.metrics().filtered, 3);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('cuts a batch at a record on which the filter fails', async () => {
    const filter = ({ offset }: { offset: number }): boolean => {
      if (offset === 2) throw new TypeError('hopeless');
      return true;
    };
    const errorHandler = new DefaultErrorHandler({ recoverer: () => undefined });
    const bundle = setupBatches({ filter, errorHandler }, one);
    const { give, batches, container } = bundle;
    give(0, ...distinct(4));
    await container.start();
    (await batches.call(0)).end();
    (await batches.call(1)).end();
    await until(() => container.metrics().processed === 3);
    assert.deepEqual(batches.order, ['0/0-1', '0/3']);
    assert.equal(container.metrics().recovered, 1);
    await container.stop();
  });
});

describe('MessageListenerContainer: records whose partition goes while they are decoded', () => {
  for (const kind of ['records', 'batches'] as const) {
    it(`do not come to a listener of ${kind} any more`, async () => {
      const { promise: registry, resolve } = deferred();
      const valueSerde = { ...numbers, deserialize: () => registry.then(() => 1) } as never;
      let calls = 0;
      const listening =
        kind === 'records'
          ? { listener: () => calls++, batchListener: undefined }
          : { batchListener: () => void (calls += 1) };
      const bundle = await startedBatches({ valueSerde, ...listening } as never, one);
      const { give, factory, container } = bundle;
      give(0, ...distinct(1));
      await until(() => container.metrics().running === 1);
      await factory.consumer.rebalance({ lost: [tp(0)] });
      resolve();
      await until(() => container.metrics().lateResults === 1);
      assert.equal(calls, 0);
      await container.stop();
      assert.ok(addsUp(bundle));
    });
  }
});

describe('MessageListenerContainer: batches of an executor', () => {
  it('that are refused count as a failure of each record, and are tried again', async () => {
    const executor = new AsyncTaskExecutor({ concurrency: 1 });
    let refusals = 1;
    const taskExecutor: TaskExecutor = {
      concurrency: 1,
      get available() {
        return executor.available;
      },
      execute: (task) => (refusals-- > 0 ? Promise.reject(new Error('no')) : executor.execute(task)),
      onAvailable: (wake) => executor.onAvailable(wake),
      drain: () => executor.drain(),
      cancel: (reason) => executor.cancel(reason),
    };
    const errorHandler = new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 10 }) });
    const bundle = setupBatches({ taskExecutor, errorHandler }, one);
    const { give, batches, container, clock } = bundle;
    give(0, ...distinct(2));
    await container.start();
    await until(() => container.metrics().retried === 2);
    clock.advance(10);
    const call = await batches.call(0);
    assert.deepEqual([call.offsets, call.context.attempt], [[0, 1], 2]);
    call.end();
    await until(() => container.metrics().processed === 2);
    await container.stop();
  });
});
