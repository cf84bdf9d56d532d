import assert from 'node:assert/strict';
import type { ConsumerRecord } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import { eventLoopTurn } from '@hearken/testing';
import {
  BatchListenerFailedError,
  DeadLetter,
  DefaultErrorHandler,
  FixedBackOff,
  NonRetriable,
  type ErrorHandler,
  type FailureDecision,
} from '../dist/index.js';
import { startedBatches } from './batch-setup.js';
import { addsUp, distinct, keyed, started, tp, type Bundle } from './setup.js';

const away = new Error('the database is away');
const one = { partitions: [tp(0)] };
const pausing: ErrorHandler = { decide: () => ({ action: 'pause' }) };

/** What was told of failures: of which record and attempt, with what; and what was logged of it. */
function toldBy(bundle: Bundle): { left: unknown[][]; logged: unknown[]; others: string[] } {
  const told = { left: [] as unknown[][], others: [] as string[] };
  bundle.container.on('record:leftBehind', ({ record, attempt, error }) => {
    told.left.push([record.offset, attempt, error]);
  });
  for (const name of ['record:retried', 'record:failed', 'partition:paused', 'listener:late'] as const)
    bundle.container.on(name, () => void told.others.push(name));
  return {
    ...told,
    get logged() {
      return bundle.logger.at('warn').map(({ details }) => details);
    },
  };
}

const place = (offset: number): object => ({ ...tp(0), offset });

describe('MessageListenerContainer: a failure while its partition is given up', () => {
  it('is told when the container stops: with its cause, and not as one that is tried again', async () => {
    const retried: unknown[] = [];
    const errorHandler = new DefaultErrorHandler({ onRetry: (failure) => void retried.push(failure) });
    const bundle = await started({ errorHandler, ordering: 'key' }, one);
    const { container, listener, give, committed } = bundle;
    const told = toldBy(bundle);
    give(0, ...keyed('a', 'b'));
    (await listener.call('0/1')).end();
    const call = await listener.call('0/0');
    const stopping = container.stop();
    call.fail(away);
    const report = await stopping;
    assert.deepEqual(told.left, [[0, 1, away]]);
    assert.deepEqual(told.logged, [{ ...place(0), error: away, attempt: 1 }]);
    assert.deepEqual([told.others, retried], [[], []]);
    const { leftBehind, abandoned, retried: again, failed } = container.metrics();
    assert.deepEqual({ leftBehind, abandoned, again, failed }, { leftBehind: 1, abandoned: 1, again: 0, failed: 0 });
    assert.deepEqual([report.drained, report.abandoned], [false, 1], 'what ended behind it comes twice');
    assert.deepEqual([committed(0), container.state], [0, 'stopped']);
    assert.ok(addsUp(bundle));
  });

  it('leaves a stop drained if nothing that ended comes twice for it', async () => {
    const { container, listener, give, committed } = await started({}, one);
    give(0, ...keyed('a', 'b'));
    (await listener.call('0/0')).end();
    const call = await listener.call('0/1');
    const stopping = container.stop();
    call.fail(away);
    const { drained, abandoned } = await stopping;
    assert.deepEqual([drained, abandoned, committed(0)], [true, 1, 1]);
    assert.equal(container.metrics().leftBehind, 1);
  });

  it('is told when the partition is revoked, whichever attempt it was; the next owner begins with the first', async () => {
    const errorHandler = new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 10 }) });
    const bundle = await started({ errorHandler }, one);
    const { listener, give, clock, events, factory, container, logger } = bundle;
    const retried = events('record:retried');
    give(0, ...keyed('a'));
    (await listener.call('0/0')).fail(new Error('busy'));
    await retried.received(1);
    clock.advance(10);
    const call = await listener.call('0/0', 2);
    const told = toldBy(bundle);
    const revoked = factory.consumer.rebalance({ revoke: [tp(0)] });
    await eventLoopTurn();
    call.fail(away);
    await revoked;
    assert.deepEqual([told.left, told.others], [[[0, 2, away]], []]);
    assert.deepEqual(logger.at('warn').at(-1)?.details, { ...place(0), error: away, attempt: 2 });
    await factory.consumer.rebalance({ assign: [tp(0)] });
    await listener.calls.received(3);
    const next = listener.calls.items[2]!;
    assert.equal(next.context.attempt, 1);
    next.end();
    await container.stop();
    assert.equal(container.metrics().leftBehind, 1);
    assert.ok(addsUp(bundle));
  });

  it('is told where the error handler would have paused the partition', async () => {
    const bundle = await started({ errorHandler: pausing }, one);
    const told = toldBy(bundle);
    bundle.give(0, ...keyed('a'));
    const call = await bundle.listener.call('0/0');
    const stopping = bundle.container.stop();
    call.fail(away);
    await stopping;
    assert.deepEqual(told.left, [[0, 1, away]]);
    assert.deepEqual(told.logged, [{ ...place(0), error: away, attempt: 1 }]);
    assert.deepEqual(told.others, []);
  });

  it('of a recoverer promises no other try', async () => {
    const { promise, reject } = deferred();
    const asked = deferred();
    const recoverer = (): Promise<void> => {
      asked.resolve();
      return promise;
    };
    const bundle = await started({ errorHandler: new DefaultErrorHandler({ recoverer }) }, one);
    const { container, listener, give, events, logger } = bundle;
    const failed = events('recovery:failed');
    give(0, ...keyed('a'));
    (await listener.call('0/0')).fail(new DeadLetter());
    await asked.promise;
    const stopping = container.stop();
    reject(away);
    const { abandoned } = await stopping;
    assert.deepEqual(
      failed.items.map(({ error, delayMs }) => [error, delayMs]),
      [[away, undefined]],
    );
    assert.deepEqual(
      logger.at('warn').map(({ details }) => details),
      [{ ...place(0), error: away, failures: 1, delayMs: undefined }],
    );
    assert.deepEqual([abandoned, container.state], [1, 'stopped']);
    await container.finished;
  });
});

describe('MessageListenerContainer: batches that fail while their partition is given up', () => {
  /** Has a batch of three fail so while the container stops. */
  async function failing(errorHandler: ErrorHandler, error: unknown): Promise<ReturnType<typeof toldBy>> {
    const bundle = await startedBatches({ errorHandler }, one);
    const told = toldBy(bundle);
    bundle.give(0, ...distinct(3));
    const call = await bundle.batches.call(0);
    assert.equal(call.records.length, 3);
    const stopping = bundle.container.stop();
    call.fail(error);
    await stopping;
    assert.equal(bundle.container.metrics().leftBehind, told.left.length);
    assert.ok(addsUp(bundle));
    return told;
  }

  const all = [0, 1, 2].map((offset) => [offset, 1, away]);
  const recoverer = (): void => undefined;
  const givingUp = new DefaultErrorHandler({ backOff: new FixedBackOff({ maxRetries: 0 }), recoverer });
  for (const [what, errorHandler] of [
    ['would be called again', new DefaultErrorHandler()],
    ['would be called one by one', givingUp],
    ['would have paused the partition', pausing],
  ] as const) {
    it(`are told record by record, and logged once, if they ${what}`, async () => {
      const told = await failing(errorHandler, away);
      assert.deepEqual(told.left, all);
      assert.deepEqual(told.logged, [{ ...place(0), error: away, attempt: 1 }]);
      assert.deepEqual(told.others, []);
    });
  }

  for (const [what, errorHandler] of [
    ['called', new DefaultErrorHandler()],
    ['paused', pausing],
  ] as const) {
    it(`tell of the record that failed and would be ${what}`, async () => {
      const told = await failing(errorHandler, new BatchListenerFailedError(1, away));
      assert.deepEqual(told.left, [[1, 1, away]]);
      assert.deepEqual(told.logged, [{ ...place(1), error: away, attempt: 1 }]);
      assert.deepEqual(told.others, []);
    });
  }

  /** The first is given to the recoverer, and the partition is to be paused for the others. */
  const decide = ({ record }: { readonly record: ConsumerRecord }): FailureDecision => ({
    action: record.offset === 0 ? 'recover' : 'pause',
  });
  const failed = [0, 1, 2].map((index) => ({ index, error: away }));

  it('tell of a pause that never came, as a recoverer was asked until the partition went', async () => {
    const [asked, taken] = [deferred(), deferred()];
    const errorHandler: ErrorHandler = {
      decide,
      recoverer: () => {
        asked.resolve();
        return taken.promise;
      },
    };
    const bundle = await startedBatches({ errorHandler }, one);
    const told = toldBy(bundle);
    bundle.give(0, ...distinct(3));
    (await bundle.batches.call(0)).end({ failed });
    await asked.promise;
    const stopping = bundle.container.stop();
    taken.resolve();
    await stopping;
    assert.deepEqual(told.left, all.slice(1));
    assert.deepEqual(told.others, ['record:failed']);
    assert.ok(addsUp(bundle));
  });

  it('tell of no other try while a neighbour is with the recoverer: the partition may go meanwhile', async () => {
    const [asked, taken] = [deferred(), deferred()];
    const errorHandler: ErrorHandler = {
      decide: ({ record }) => (record.offset === 0 ? { action: 'recover' } : { action: 'retry', delayMs: 1_000 }),
      recoverer: () => {
        asked.resolve();
        return taken.promise;
      },
    };
    const bundle = await startedBatches({ errorHandler }, one);
    const told = toldBy(bundle);
    bundle.give(0, ...distinct(3));
    (await bundle.batches.call(0)).end({ failed });
    await asked.promise;
    const stopping = bundle.container.stop();
    taken.resolve();
    await stopping;
    assert.deepEqual(told.left, all.slice(1));
    assert.deepEqual(told.others, ['record:failed']);
    assert.ok(addsUp(bundle));
  });

  it('give the recoverer nothing behind a record that it did not take before the partition went', async () => {
    const asked = deferred();
    const recovered: number[] = [];
    const errorHandler: ErrorHandler = {
      decide: () => ({ action: 'recover' }),
      recoverer: ({ offset }: ConsumerRecord) => {
        recovered.push(offset);
        asked.resolve();
        if (offset === 0) throw away;
      },
    };
    const bundle = await startedBatches({ errorHandler }, one);
    bundle.give(0, ...distinct(3));
    (await bundle.batches.call(0)).end({ failed });
    await asked.promise;
    await eventLoopTurn();
    await bundle.container.stop();
    assert.deepEqual(recovered, [0], 'their dead letters would be out of order');
    assert.ok(addsUp(bundle));
  });

  it('tell of a pause that never came, as another record stopped the container', async () => {
    const errorHandler: ErrorHandler = {
      decide,
      recoverer: () => {
        throw new NonRetriable('no such topic');
      },
    };
    const bundle = await startedBatches({ errorHandler }, one);
    const told = toldBy(bundle);
    bundle.give(0, ...distinct(3));
    (await bundle.batches.call(0)).end({ failed });
    await assert.rejects(bundle.container.finished, { code: 'LISTENER_FAILED' });
    assert.deepEqual(told.left, all.slice(1));
    assert.deepEqual(told.others, ['record:failed']);
    assert.ok(addsUp(bundle));
  });
});
