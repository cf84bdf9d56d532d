import assert from 'node:assert/strict';
import type { ConsumerRecord } from '@hearken/core';
import { eventLoopTurn } from '@hearken/testing';
import {
  BatchListenerFailedError,
  DeadLetter,
  DefaultErrorHandler,
  FixedBackOff,
  type ListenerFailedError,
  RetryAfter,
  SkipRecord,
  type DefaultErrorHandlerOptions,
  type FailureDecision,
} from '../dist/index.js';
import { setupBatches, type BatchBundle, type BatchCall } from './batch-setup.js';
import { addsUp, distinct, tp, until } from './setup.js';

const RETRY_MS = 10;

interface Recovered {
  readonly offset: number;
  readonly error: unknown;
}

/** A container with one partition of so many records in one batch, an error handler that tries twice more, and a recoverer. */
async function withBatch(
  count: number,
  options: DefaultErrorHandlerOptions = {},
  hasRecoverer = true,
): Promise<BatchBundle & { first: BatchCall; recovered: Recovered[] }> {
  const recovered: Recovered[] = [];
  const recoverer = ({ offset }: ConsumerRecord, error: unknown): void => void recovered.push({ offset, error });
  const errorHandler = new DefaultErrorHandler({
    backOff: new FixedBackOff({ intervalMs: RETRY_MS, maxRetries: 2 }),
    ...(hasRecoverer ? { recoverer } : {}),
    ...options,
  });
  const bundle = setupBatches({ errorHandler }, { partitions: [tp(0)] });
  bundle.give(0, ...distinct(count));
  await bundle.container.start();
  return { ...bundle, recovered, first: await bundle.batches.call(0) };
}

/** Lets the back-off pass, and waits for the call that follows. */
async function after({ clock, batches, container }: BatchBundle, ms: number): Promise<BatchCall> {
  const index = batches.calls.items.length;
  await until(() => container.metrics().running === 0);
  clock.advance(ms - 1);
  await eventLoopTurn();
  assert.equal(batches.calls.items.length, index, 'it comes too early');
  clock.advance(1);
  return batches.call(index);
}

const attemptsOf = ({ records, context }: BatchCall): number[] => records.map((_, index) => context.attemptOf(index));

describe('MessageListenerContainer: batches that name what failed', () => {
  it('are done up to the failed record; it comes again with those behind, whose attempts stay', async () => {
    const bundle = await withBatch(5);
    const { first, container, events, committed, clock } = bundle;
    const retried = events('record:retried');
    first.fail(new BatchListenerFailedError(2, new Error('two')));
    const second = await after(bundle, RETRY_MS);
    assert.deepEqual(second.offsets, [2, 3, 4]);
    assert.deepEqual(attemptsOf(second), [2, 1, 1]);
    assert.equal(second.context.attempt, 2);
    assert.deepEqual(
      retried.items.map(({ record, attempt, delayMs }) => [record.offset, attempt, delayMs]),
      [[2, 1, RETRY_MS]],
    );
    assert.equal((retried.items[0]!.error as Error).message, 'two');
    clock.advance(100);
    await until(() => committed(0) === 2);
    second.end();
    await container.stop();
    assert.equal(committed(0), 5);
    assert.deepEqual([container.metrics().retried, container.metrics().failed], [1, 0]);
    assert.ok(addsUp(bundle));
  });

  it('may name the record itself', async () => {
    const bundle = await withBatch(3);
    bundle.first.fail(new BatchListenerFailedError(bundle.first.records[1]!));
    const second = await after(bundle, RETRY_MS);
    assert.deepEqual(second.offsets, [1, 2]);
    second.end();
    await bundle.container.stop();
  });

  it('go on behind a record that is recovered, at once, when its attempts are used up', async () => {
    const bundle = await withBatch(3);
    const { container, recovered, events, batches } = bundle;
    const failed = events('record:failed');
    let call = bundle.first;
    for (let attempt = 1; attempt <= 2; attempt++) {
      call.fail(new BatchListenerFailedError(call.offsets.indexOf(1), new Error('again')));
      call = await after(bundle, RETRY_MS);
      assert.deepEqual(call.offsets, [1, 2]);
    }
    call.fail(new BatchListenerFailedError(0, new Error('at last')));
    const tail = await batches.call(3);
    assert.deepEqual([tail.offsets, attemptsOf(tail)], [[2], [1]]);
    assert.deepEqual(
      recovered.map(({ offset, error }) => [offset, (error as Error).message]),
      [[1, 'at last']],
    );
    assert.deepEqual(
      failed.items.map(({ record, attempt }) => [record.offset, attempt]),
      [[1, 3]],
    );
    tail.end();
    await container.stop();
    assert.deepEqual([container.metrics().processed, container.metrics().recovered], [2, 1]);
    assert.ok(addsUp(bundle));
  });

  it('are classified by the cause, control flow included', async () => {
    const bundle = await withBatch(4);
    const { batches, container, recovered } = bundle;
    bundle.first.fail(new BatchListenerFailedError(0, new SkipRecord()));
    const second = await batches.call(1);
    assert.deepEqual(second.offsets, [1, 2, 3]);
    second.fail(new BatchListenerFailedError(0, new DeadLetter('no', new Error('why'))));
    const third = await batches.call(2);
    assert.equal((recovered[0]!.error as Error).message, 'why');
    third.fail(new BatchListenerFailedError(0, new RetryAfter(77)));
    const fourth = await after(bundle, 77);
    assert.deepEqual(fourth.offsets, [2, 3]);
    fourth.fail(new BatchListenerFailedError(1, new TypeError('hopeless')));
    await until(() => recovered.length === 2);
    await container.stop();
    const { processed, skipped, recovered: count } = container.metrics();
    assert.deepEqual([processed, skipped, count], [1, 1, 2]);
  });

  it('stop the container at a record that cannot be recovered: what is before it is committed, nothing behind it ran', async () => {
    const bundle = await withBatch(4, {}, false);
    const { first, container, batches, committed } = bundle;
    const cause = new TypeError('hopeless');
    first.fail(new BatchListenerFailedError(2, cause));
    await assert.rejects(container.finished, (error: ListenerFailedError) => {
      assert.deepEqual([error.code, error.record.offset, error.cause], ['LISTENER_FAILED', 2, cause]);
      return true;
    });
    assert.equal(committed(0), 2);
    assert.equal(batches.order.length, 1);
    assert.equal(container.metrics().abandoned, 2);
    assert.ok(addsUp(bundle));
  });
});

describe('MessageListenerContainer: batch results', () => {
  it('name exactly what failed: all others are done, those to be tried again come as one batch after the longest delay', async () => {
    const bundle = await withBatch(5);
    const { first, container, committed, recovered } = bundle;
    first.end({
      failed: [
        { index: 3, error: new RetryAfter(50) },
        { index: 0, error: new Error('short') },
        { index: 1, error: new TypeError('hopeless') },
      ],
    });
    const second = await after(bundle, 50);
    assert.deepEqual(
      [second.offsets, attemptsOf(second)],
      [
        [0, 3],
        [2, 2],
      ],
    );
    assert.deepEqual(
      recovered.map(({ offset }) => offset),
      [1],
    );
    assert.equal(container.metrics().processed, 2);
    second.end({ failed: [] });
    await container.stop();
    assert.equal(committed(0), 5);
    assert.ok(addsUp(bundle));
  });

  it('wait for a slow recoverer: nothing of the lane goes on before it has the record', async () => {
    let take = (): void => undefined;
    const taken = new Promise<void>((resolve) => (take = resolve));
    const bundle = await withBatch(3, { recoverer: () => taken });
    const { first, container, give, batches } = bundle;
    give(0, ...distinct(1));
    first.end({ failed: [{ index: 1, error: new TypeError('hopeless') }] });
    await until(() => container.metrics().queued === 1);
    await eventLoopTurn();
    assert.equal(batches.order.length, 1);
    take();
    (await batches.call(1)).end();
    await until(() => container.metrics().processed === 3);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('must be of the batch: a record of another names nothing, and nothing is tried again as a whole', async () => {
    const bundle = await withBatch(2);
    const failed = bundle.events('record:retried');
    bundle.first.fail(new BatchListenerFailedError({ ...bundle.first.records[0]!, offset: 9 }));
    for (const at of [1, 2]) (await bundle.batches.call(at)).end();
    await until(() => bundle.container.metrics().processed === 2);
    assert.match(String(failed.items[0]?.error), /the record is none of the batch/);
    assert.deepEqual(bundle.batches.order, ['0/0-1', '0/0', '0/1']);
    await bundle.container.stop();
  });

  it('are recovered in the order of their lane, one after the other', async () => {
    const order: string[] = [];
    const recoverer = async ({ offset }: ConsumerRecord): Promise<void> => {
      order.push(`${offset} in`);
      for (let turns = 4 - offset; turns > 0; turns--) await eventLoopTurn();
      order.push(`${offset} out`);
    };
    const bundle = await withBatch(4, { recoverer });
    const error = new TypeError('hopeless');
    bundle.first.end({ failed: [3, 0, 2].map((index) => ({ index, error })) });
    await until(() => bundle.container.metrics().recovered === 3);
    assert.deepEqual(order, ['0 in', '0 out', '2 in', '2 out', '3 in', '3 out']);
    await bundle.container.stop();
    assert.ok(addsUp(bundle));
  });

  it('that make no sense are mistakes of the program: nothing is taken for done, and each record gets a call', async () => {
    const wrong: unknown[] = [
      { failed: 'all' },
      { failed: [{ index: 3, error: 1 }] },
      { failed: [{ index: -1, error: 1 }] },
      { failed: [{ index: 0.5, error: 1 }] },
      { failed: [null] },
      {
        failed: [
          { index: 1, error: 1 },
          { index: 1, error: 2 },
        ],
      },
    ];
    for (const result of wrong) {
      const bundle = await withBatch(3);
      const { first, container, batches, events } = bundle;
      const retried = events('record:retried');
      first.end(result as never);
      await batches.calls.received(2);
      assert.equal((retried.items[0]!.error as { code?: string }).code, 'INVALID_BATCH_RESULT', JSON.stringify(result));
      assert.equal(container.metrics().processed, 0);
      for (let index = 1; index <= 3; index++) {
        const call = await batches.call(index);
        assert.deepEqual(call.offsets, [index - 1]);
        call.end();
      }
      await container.stop();
      assert.equal(container.metrics().processed, 3);
    }
  });

  it('that name nothing say nothing', async () => {
    for (const result of [undefined, null, 7, [1, 2], { inserted: 3 }]) {
      const bundle = await withBatch(3);
      bundle.first.end(result as never);
      await until(() => bundle.container.metrics().processed === 3);
      await bundle.container.stop();
    }
  });
});

describe('MessageListenerContainer: batches that fail without a name', () => {
  it('come again as a whole while the error handler grants attempts; then each record gets a call, and only those that fail in it are given up', async () => {
    const bundle = await withBatch(3);
    const { container, batches, recovered, events, committed } = bundle;
    const retried = events('record:retried');
    bundle.first.fail(new Error('one'));
    const second = await after(bundle, RETRY_MS);
    assert.deepEqual(attemptsOf(second), [2, 2, 2]);
    second.fail(new Error('two'));
    const third = await after(bundle, RETRY_MS);
    third.fail(new Error('three'));
    const alone = await batches.call(3);
    assert.deepEqual([alone.offsets, attemptsOf(alone)], [[0], [4]]);
    alone.end();
    (await batches.call(4)).fail(new Error('it is me'));
    (await batches.call(5)).end();
    await until(() => container.metrics().recovered === 1);
    assert.deepEqual(batches.order, ['0/0-2', '0/0-2', '0/0-2', '0/0', '0/1', '0/2']);
    assert.deepEqual(
      recovered.map(({ offset, error }) => [offset, (error as Error).message]),
      [[1, 'it is me']],
    );
    assert.deepEqual(
      retried.items.map(({ delayMs }) => delayMs),
      [10, 10, 10, 10, 10, 10, 0, 0, 0],
    );
    await container.stop();
    assert.equal(committed(0), 3);
    assert.ok(addsUp(bundle));
  });

  it('that cannot pass go to the calls of each record at once, and a failure in one of them is an ordinary one', async () => {
    const bundle = await withBatch(3);
    const { container, batches, recovered } = bundle;
    bundle.first.fail(new TypeError('hopeless'));
    (await batches.call(1)).fail(new Error('may pass')); // attempt 2 of 3
    const again = await after(bundle, RETRY_MS);
    assert.deepEqual([again.offsets, attemptsOf(again)], [[0], [3]]);
    again.end();
    (await batches.call(3)).end();
    (await batches.call(4)).end();
    await until(() => container.metrics().processed === 3);
    assert.deepEqual(recovered, []);
    await container.stop();
  });

  it('are told once to onRetry', async () => {
    const told: number[] = [];
    const bundle = await withBatch(3, { onRetry: ({ record, attempt }) => void told.push(record.offset, attempt) });
    bundle.first.fail(new Error('one'));
    (await after(bundle, RETRY_MS)).end();
    await bundle.container.stop();
    assert.deepEqual(told, [0, 1]);
  });

  it('stop the container only at the record whose own call failed', async () => {
    const bundle = await withBatch(3, {}, false);
    const { container, batches, committed } = bundle;
    bundle.first.fail(new TypeError('hopeless'));
    (await batches.call(1)).end();
    (await batches.call(2)).fail(new TypeError('me'));
    await assert.rejects(container.finished, { code: 'LISTENER_FAILED' });
    assert.equal(committed(0), 1);
    assert.deepEqual(batches.order, ['0/0-2', '0/0', '0/1']);
  });

  it('stop the container at once where the error handler says so', async () => {
    const errorHandler = { decide: () => ({ action: 'stop' }) as const };
    const bundle = setupBatches({ errorHandler }, { partitions: [tp(0)] });
    const { give, batches, container, events, committed } = bundle;
    const failed = events('record:failed');
    const error = new Error('no disk');
    give(0, ...distinct(3));
    await container.start();
    (await batches.call(0)).fail(error);
    await assert.rejects(container.finished, { code: 'LISTENER_FAILED', cause: error });
    assert.deepEqual([batches.order, committed(0)], [['0/0-2'], 0]);
    assert.deepEqual(
      failed.items.map(({ record, error: told }) => [record.offset, told]),
      [0, 1, 2].map((offset) => [offset, error]),
    );
    assert.ok(addsUp(bundle));
  });

  it('let nothing of their lane pass', async () => {
    const bundle = await withBatch(2);
    const { give, batches, container } = bundle;
    give(0, ...distinct(2));
    bundle.first.fail(new Error('one'));
    await until(() => container.metrics().queued === 2);
    const again = await after(bundle, RETRY_MS);
    assert.deepEqual(again.offsets, [0, 1]);
    again.end();
    assert.deepEqual((await batches.call(2)).offsets, [2, 3]);
    batches.calls.items[2]!.end();
    await container.stop();
  });

  it('are bounded: however the calls fail, there are at most as many as the attempts of all records', async () => {
    const bundle = await withBatch(4);
    const { container, clock, batches, recovered } = bundle;
    let ended = 0;
    await until(() => {
      for (const call of batches.calls.items.slice(ended)) {
        ended++;
        if (ended % 2 === 0) call.fail(new Error('unnamed'));
        else call.fail(new BatchListenerFailedError(call.records.length - 1, new Error('the last')));
      }
      clock.advance(RETRY_MS);
      return container.metrics().outstanding === 0;
    });
    assert.ok(ended <= 4 * (2 + 2), `${ended} calls`);
    assert.equal(container.metrics().processed + recovered.length, 4);
    await container.stop();
  });
});

describe('MessageListenerContainer: a batch whose partition the error handler pauses', () => {
  /** Records 0 to 2 came as one batch. */
  const begun = async (decision: FailureDecision = { action: 'pause' }) => {
    const bundle = setupBatches({ errorHandler: { decide: () => decision } }, { partitions: [tp(0)] });
    const paused = bundle.events('partition:paused');
    bundle.give(0, ...distinct(3));
    await bundle.container.start();
    return { ...bundle, paused, first: await bundle.batches.call(0) };
  };
  for (const [where, error, offsets, attempts] of [
    ['as it was, if it named no record', new Error('why'), [0, 1, 2], [2, 2, 2]],
    ['from the failed record on', new BatchListenerFailedError(1, new Error('why')), [1, 2], [2, 1]],
  ] as const) {
    it(`comes again when somebody resumes it, ${where}`, async () => {
      const { batches, container, paused, first } = await begun();
      first.fail(error);
      await paused.received(1);
      await eventLoopTurn();
      assert.equal(paused.items[0]!.record?.offset, offsets[0]);
      assert.equal(batches.order.length, 1);
      container.resume();
      const again = await batches.call(1);
      assert.deepEqual([again.offsets, attemptsOf(again)], [offsets, attempts]);
      again.end();
      await until(() => container.metrics().processed === 3);
      await container.stop();
    });
  }

  it('is paused at the record that failed in a call of its own, if that is how the error handler gives one up', async () => {
    const { batches, container, paused, first } = await begun({ action: 'pause', givenUp: true });
    first.fail(new Error('why'));
    (await batches.call(1)).end();
    (await batches.call(2)).fail(new Error('me'));
    await paused.received(1);
    assert.deepEqual([paused.items[0]!.record?.offset, batches.order], [1, ['0/0-2', '0/0', '0/1']]);
    container.resume();
    for (const at of [3, 4]) (await batches.call(at)).end();
    await until(() => container.metrics().processed === 3);
    await container.stop();
  });
});
