import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { json, type Bytes } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import { eventLoopTurn } from '@hearken/testing';
import {
  BatchListenerFailedError,
  deduplicate,
  DefaultErrorHandler,
  FixedBackOff,
  type BatchMiddleware,
  type RecordContainerProperties,
  type RecordMiddleware,
} from '../dist/index.js';
import { setupBatches, startedBatches } from './batch-setup.js';
import { addsUp, distinct, keyed, setup, started, until, type Bundle } from './setup.js';

const processed = ({ container }: Bundle, count: number): Promise<void> =>
  until(() => container.metrics().processed === count);

describe('MessageListenerContainer: middleware', () => {
  it('goes around the listener in order, with what use adds innermost', async () => {
    const path: string[] = [];
    const layer =
      (name: string): RecordMiddleware =>
      async (_, __, next) => {
        path.push(`${name} in`);
        await next();
        path.push(`${name} out`);
      };
    const bundle = setup({ middleware: [layer('a'), layer('b')], listener: () => path.push('listener') });
    bundle.container.use(layer('c')).use(layer('d'));
    await bundle.container.start();
    bundle.give(0, ...distinct(1));
    await processed(bundle, 1);
    assert.deepEqual(path, [
      ...['a', 'b', 'c', 'd'].map((name) => `${name} in`),
      'listener',
      ...['d', 'c', 'b', 'a'].map((name) => `${name} out`),
    ]);
    await bundle.container.stop();
  });

  it('is added before the start, and is a function', async () => {
    const { container } = setup();
    assert.throws(() => container.use({} as never), { code: 'INVALID_CONFIG' });
    await container.start();
    assert.throws(() => container.use((_, __, next) => next()), { code: 'ILLEGAL_STATE' });
    await container.stop();
    assert.throws(() => setup({ middleware: [1] as never }), /middleware: must be a list of functions/);
  });

  it('comes after the filter, and sees what is decoded', async () => {
    const seen: unknown[] = [];
    const properties: Partial<RecordContainerProperties<Bytes, number>> = {
      valueSerde: json<number>(),
      filter: ({ value }) => value > 1,
      middleware: [
        (record, _, next) => {
          seen.push(record.value);
          return next({ ...record, value: record.value * 10 });
        },
      ],
      listener: ({ value, headers }) => seen.push(value, headers.string('h')),
    };
    const bundle = await started(properties as unknown as Partial<RecordContainerProperties>);
    const returned = bundle.events('listener:returned');
    bundle.give(0, { value: '1' }, { value: '2', headers: { h: 'two' } });
    await processed(bundle, 1);
    assert.deepEqual(seen, [2, 20, 'two'], 'a copy has the headers of its record');
    assert.equal(returned.last?.record.value, 20, 'as the listener got it');
    await bundle.container.stop();
    assert.equal(bundle.committed(0), 2);
  });

  it('ends a record as processed that it keeps from the listener', async () => {
    const bundle = await started({ middleware: [({ offset }, _, next) => offset !== 1 && next()] });
    bundle.give(0, ...distinct(3));
    for (const at of ['0/0', '0/2']) (await bundle.listener.call(at)).end();
    await processed(bundle, 3);
    assert.ok(addsUp(bundle));
    await bundle.container.stop();
    assert.equal(bundle.committed(0), 3);
  });

  it('leaves it unacknowledged under a manual ackMode, unless it does that', async () => {
    const bundle = await started({
      ackMode: 'manual',
      middleware: [
        ({ offset }, { ackMode, acknowledgment }) => {
          assert.equal(ackMode, 'manual');
          if (offset === 0) acknowledgment.acknowledge();
          assert.equal(acknowledgment.isAcknowledged, offset === 0);
        },
      ],
    });
    bundle.give(0, ...distinct(2));
    await processed(bundle, 1);
    await bundle.container.stop();
    assert.equal(bundle.committed(0), 1);
  });

  it('fails the record with what it throws, and may catch what the listener throws', async () => {
    const bundle = await started({
      errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 1 }) }),
      middleware: [
        async ({ offset }, { attempt }, next) => {
          if (offset === 0 && attempt === 1) throw new Error('not yet');
          if (offset === 0) return next();
          await Promise.resolve(next()).catch(() => undefined);
        },
      ],
    });
    const retried = bundle.events('record:retried');
    bundle.give(0, ...distinct(2));
    await retried.received(1);
    bundle.clock.advance(1);
    (await bundle.listener.call('0/0', 2)).end();
    (await bundle.listener.call('0/1')).fail(new Error('caught'));
    await processed(bundle, 2);
    assert.ok(addsUp(bundle));
    await bundle.container.stop();
  });

  it('does not settle a record whose listener it forgot to await, nor lose its failure', async () => {
    const bundle = await started({
      middleware: [(_, __, next) => void next()],
      errorHandler: { decide: () => ({ action: 'skip' }) },
    });
    const skipped = bundle.events('record:skipped');
    bundle.give(0, ...distinct(2));
    const call = await bundle.listener.call('0/0');
    await eventLoopTurn();
    assert.equal(bundle.container.metrics().running, 1);
    assert.deepEqual(bundle.listener.order, ['0/0'], 'its lane is closed');
    const error = new Error('no');
    call.fail(error);
    await skipped.received(1);
    assert.equal(skipped.last?.error, error);
    (await bundle.listener.call('0/1')).end();
    await processed(bundle, 1);
    assert.ok(addsUp(bundle));
    await bundle.container.stop();
  });

  it('lets a listener behind it stop the container without waiting for itself', async () => {
    let stopping: Promise<unknown> | undefined;
    const bundle = setup({
      middleware: [
        async (_, __, next) => {
          await eventLoopTurn();
          await next();
        },
      ],
      listener: async () => {
        stopping = bundle.container.stop();
        await stopping;
      },
    });
    await bundle.container.start();
    bundle.give(0, ...distinct(1));
    await until(() => stopping !== undefined);
    await stopping;
  });

  it('runs the listener in the async context that it opens, and no other', async () => {
    const storage = new AsyncLocalStorage<number>();
    const seen: [number, unknown][] = [];
    const see = (offset: number): unknown => seen.push([offset, storage.getStore()]);
    const bundle = await started({
      ordering: 'none',
      middleware: [({ offset }, _, next) => (offset === 3 ? next() : storage.run(offset, next))],
      listener: ({ offset }) => {
        see(offset);
        if (offset === 1) return undefined;
        return eventLoopTurn().then(() => see(offset));
      },
    });
    bundle.container.on('listener:returned', ({ record }) => seen.push([record.offset, storage.getStore()]));
    bundle.give(0, ...distinct(4));
    await processed(bundle, 4);
    const by = (offset: number): unknown[] => seen.filter(([at]) => at === offset).map(([, store]) => store);
    assert.deepEqual([0, 1, 2, 3].map(by), [
      [0, 0, undefined],
      [1, undefined],
      [2, 2, undefined],
      [undefined, undefined, undefined],
    ]);
    await bundle.container.stop();
  });

  it('does not lend the async context of whoever calls the container to listeners that start then', async () => {
    const storage = new AsyncLocalStorage<number>();
    const seen: unknown[] = [];
    const bundle = await started({
      concurrency: 1,
      ordering: 'none',
      listener: async () => {
        seen.push(storage.getStore());
        await eventLoopTurn();
        await eventLoopTurn();
      },
    });
    const { container } = bundle;
    bundle.give(0, ...distinct(6));
    await until(() => seen.length === 1);
    container.pause();
    await processed(bundle, 1);
    storage.run(1, () => container.resume());
    assert.equal(seen.length, 2);
    storage.run(2, () => (container.concurrency = 3));
    assert.equal(seen.length, 4);
    await processed(bundle, 6);
    assert.deepEqual(new Set(seen), new Set([undefined]));
    await container.stop();
  });

  it('deduplicates: duplicates are done, also those that are acknowledged by nobody else', async () => {
    for (const ackMode of ['batch', 'manual'] as const) {
      const dedupe = deduplicate({ id: ({ key }) => (key as Buffer | null)?.toString() });
      const bundle = await started({ ackMode, ordering: 'none', middleware: [dedupe] });
      bundle.give(0, ...keyed('a', 'b', 'a'));
      for (const at of ['0/0', '0/1']) {
        const { context, end } = await bundle.listener.call(at);
        if (ackMode === 'manual') context.acknowledgment.acknowledge();
        end();
      }
      await processed(bundle, 3);
      await bundle.container.stop();
      assert.equal(bundle.committed(0), 3);
      assert.deepEqual([bundle.listener.order, dedupe.duplicates], [['0/0', '0/1'], 1]);
      assert.ok(addsUp(bundle));
    }
  });
});

describe('MessageListenerContainer: middleware of batches', () => {
  it('goes around the batch listener, in order', async () => {
    const path: string[] = [];
    const layer =
      (name: string): BatchMiddleware =>
      async (records, { partition }, next) => {
        path.push(`${name} ${partition}/${records.length}`);
        await next();
        path.push(`${name} out`);
      };
    const bundle = setupBatches({ middleware: [layer('a')] });
    bundle.container.use(layer('b'));
    await bundle.container.start();
    bundle.give(0, ...distinct(2));
    (await bundle.batches.call(0)).end();
    await processed(bundle, 2);
    assert.deepEqual(path, ['a 0/2', 'b 0/2', 'b out', 'a out']);
    await bundle.container.stop();
  });

  it('cannot lose the result of the listener by not returning it', async () => {
    const recovered: number[] = [];
    const forgetful: BatchMiddleware = async (_, __, next) => {
      await next();
    };
    const bundle = await startedBatches({
      middleware: [forgetful, forgetful],
      errorHandler: new DefaultErrorHandler({
        backOff: new FixedBackOff({ maxRetries: 0 }),
        recoverer: ({ offset }) => recovered.push(offset),
      }),
    });
    bundle.give(0, ...distinct(3));
    (await bundle.batches.call(0)).end({ failed: [{ index: 1, error: new Error('no') }] });
    await processed(bundle, 2);
    await until(() => bundle.container.metrics().recovered === 1);
    assert.deepEqual(recovered, [1]);
    assert.ok(addsUp(bundle));
    await bundle.container.stop();
  });

  it('leaves duplicates out, with the indexes of failures still right', async () => {
    const dedupe = deduplicate({ id: ({ key }) => (key as Buffer | null)?.toString() });
    const bundle = await startedBatches({
      middleware: [dedupe],
      errorHandler: { decide: () => ({ action: 'skip' }) },
    });
    const skipped = bundle.events('record:skipped');
    bundle.give(0, ...keyed('a', 'a', 'b', 'c', 'c', 'd'));
    const call = await bundle.batches.call(0);
    assert.deepEqual(call.offsets, [0, 2, 3, 5]);
    const error = new Error('no');
    call.end({ failed: [{ index: 2, error }] });
    const twin = await bundle.batches.call(1);
    assert.deepEqual(twin.offsets, [4]);
    twin.end();
    await processed(bundle, 5);
    assert.deepEqual([skipped.last?.record.offset, skipped.last?.error, dedupe.duplicates], [3, error, 1]);
    await bundle.container.stop();
    assert.equal(bundle.committed(0), 6);
    assert.ok(addsUp(bundle));
  });

  it('ends what it leaves out when the call is over, also where the listener acknowledges later', async () => {
    const dedupe = deduplicate({ id: ({ key }) => (key as Buffer | null)?.toString() });
    const bundle = await startedBatches({ ackMode: 'manual', middleware: [dedupe] });
    bundle.give(0, ...keyed('a', 'a', 'b', 'b', 'c'));
    const { context, end, offsets } = await bundle.batches.call(0);
    assert.deepEqual(offsets, [0, 2, 4]);
    context.acknowledgment.acknowledge(1);
    assert.equal(bundle.container.metrics().processed, 2);
    context.acknowledgment.acknowledge();
    assert.equal(context.acknowledgment.isAcknowledged, true);
    end();
    bundle.give(0, ...keyed('a', 'b'));
    await processed(bundle, 7);
    await bundle.container.stop();
    assert.equal(bundle.committed(0), 7);
    assert.equal(bundle.batches.order.length, 1);
  });

  describe('that gives them to the listener in parts', () => {
    const inPairs: BatchMiddleware = async (records, _, next) => {
      for (let at = 0; at < records.length; at += 2) await next(records.slice(at, at + 2));
    };
    const once = new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 0, maxRetries: 1 }) });

    it('acknowledges with each part what the listener got, and nothing that it has not seen', async () => {
      for (const index of [undefined, 1]) {
        const bundle = await startedBatches({ ackMode: 'manual', middleware: [inPairs], errorHandler: once });
        const { batches, give, clock, container, committed } = bundle;
        give(0, ...distinct(4));
        const first = await batches.call(0);
        first.context.acknowledgment.acknowledge(index);
        assert.equal(first.context.acknowledgment.isAcknowledged, true);
        first.end();
        (await batches.call(1)).fail(new Error('once'));
        await until(() => container.metrics().retried === 2);
        clock.advance(0);
        const again = await batches.call(2);
        assert.deepEqual(again.offsets, [2, 3], 'they were taken for done');
        again.context.acknowledgment.acknowledge();
        again.end();
        await container.stop();
        assert.equal(committed(0), 4);
        assert.ok(addsUp(bundle));
      }
    });

    it('counts in the list of the part, also when it is acknowledged after all parts', async () => {
      const bundle = await startedBatches({ ackMode: 'manual', middleware: [inPairs] });
      const { batches, give, container, committed } = bundle;
      give(0, ...distinct(4));
      const first = await batches.call(0);
      assert.throws(() => first.context.acknowledgment.acknowledge(2), RangeError);
      first.end();
      const second = await batches.call(1);
      second.context.acknowledgment.acknowledge(0);
      second.end();
      await until(() => container.metrics().running === 0);
      first.context.acknowledgment.acknowledge(0);
      first.context.acknowledgment.acknowledge(1);
      await container.stop();
      assert.deepEqual([committed(0), container.metrics().abandoned], [3, 1]);
    });

    it('takes what one part says of its records for no word of others: they are not done, and come again', async () => {
      for (const named of [0, 1]) {
        const bundle = await startedBatches({ ackMode: 'manual', middleware: [inPairs], errorHandler: once });
        const { batches, give, clock, container, committed } = bundle;
        give(0, ...distinct(4));
        for (const part of [0, 1]) {
          const call = await batches.call(part);
          call.end(part === named ? { failed: [{ index: 0, error: new Error('no') }] } : undefined);
        }
        await until(() => container.metrics().retried === 1);
        clock.advance(0);
        const first = named === 0 ? [0, 2] : [0, 1];
        for (const [i, offsets] of [first, [named === 0 ? 3 : 2]].entries()) {
          const call = await batches.call(i + 2);
          assert.deepEqual(call.offsets, offsets);
          call.context.acknowledgment.acknowledge();
          call.end();
        }
        await container.stop();
        assert.equal(committed(0), 4);
        assert.ok(addsUp(bundle));
      }
    });

    it('takes the index of an error for one of its part, also in middleware around all parts', async () => {
      const dedupe = deduplicate({ id: ({ key }) => (key as Buffer | null)?.toString() });
      const bundle = await startedBatches({ middleware: [dedupe, inPairs], errorHandler: once });
      const { batches, give, clock, container } = bundle;
      give(0, ...distinct(4));
      (await batches.call(0)).end({ failed: [{ index: 0, error: new Error('no') }] });
      (await batches.call(1)).fail(new BatchListenerFailedError(1));
      await until(() => container.metrics().retried > 0);
      clock.advance(0);
      assert.equal((await batches.call(2)).offsets[0], 0, 'it was taken for a duplicate');
      for (const at of [2, 3]) (await batches.call(at)).end();
      await processed(bundle, 4);
      await container.stop();
    });

    it('calls it for no part behind one that was given back', async () => {
      const bundle = await startedBatches({ ackMode: 'manual', middleware: [inPairs] });
      const { batches, give, clock, container, committed } = bundle;
      give(0, ...distinct(4));
      const first = await batches.call(0);
      first.context.acknowledgment.nack(1, 10);
      first.end();
      await until(() => container.metrics().nacked === 3);
      clock.advance(10);
      for (const [i, offsets] of [[1, 2], [3]].entries()) {
        const call = await batches.call(i + 1);
        assert.deepEqual(call.offsets, offsets);
        call.context.acknowledgment.acknowledge();
        call.end();
      }
      await container.stop();
      assert.equal(committed(0), 4);
      assert.ok(addsUp(bundle));
    });
  });

  it('that leaves all of it out calls no listener, in any ackMode', async () => {
    for (const ackMode of ['batch', 'manual'] as const) {
      const unreached: BatchMiddleware = (records) => assert.notEqual(records.length, 0);
      const bundle = await startedBatches({ ackMode, middleware: [(_, __, next) => next([]), unreached] });
      bundle.give(0, ...distinct(3));
      await processed(bundle, 3);
      await bundle.container.stop();
      assert.deepEqual([bundle.batches.order, bundle.committed(0)], [[], 3]);
    }
  });

  it('may give copies of records to the listener, headers and all', async () => {
    const seen: unknown[] = [];
    const bundle = await startedBatches({
      valueSerde: json<number>() as never,
      middleware: [(records, _, next) => next(records.map((record) => ({ ...record })))],
      batchListener: (records) => void seen.push(...records.map(({ headers }) => headers.string('h'))),
    });
    bundle.give(0, { value: '1', headers: { h: 'one' } });
    await processed(bundle, 1);
    assert.deepEqual(seen, ['one']);
    await bundle.container.stop();
  });

  it('waits for a listener that it forgot to await', async () => {
    const forgetful: BatchMiddleware = (_, __, next) => void next();
    const bundle = await startedBatches({ middleware: [forgetful] });
    bundle.give(0, ...distinct(2));
    const call = await bundle.batches.call(0);
    await deferredTurns();
    assert.equal(bundle.container.metrics().processed, 0);
    call.end();
    await processed(bundle, 2);
    await bundle.container.stop();
  });
});

async function deferredTurns(): Promise<void> {
  const { promise, resolve } = deferred();
  setImmediate(resolve);
  await promise;
}
