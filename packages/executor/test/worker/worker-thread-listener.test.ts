import assert from 'node:assert/strict';
import { isKafkaError } from '@hearken/core';
import { aRecord } from '@hearken/testing';
import { contextOf, decoded, failureOf, someThreads, type SomeThreads } from './threads.js';

describe('workerThreadListener', function () {
  this.timeout(60_000); // threads start, on a busy machine too
  let some: SomeThreads;
  const using = (options?: Parameters<typeof someThreads>[0]): SomeThreads => (some = someThreads(options));
  afterEach(() => some.close());

  it('gives a thread the record and its context, and resolves with what the listener returned', async () => {
    const { threads } = using();
    const record = aRecord({
      ...{ topic: 'orders', partition: 3, offset: 2 ** 40, timestamp: 12, timestampType: 'log-append-time' },
      ...{ key: 'k', value: '{}', headers: { h: ['1', null, '2'] }, leaderEpoch: 4 },
    });
    assert.deepEqual(await threads.onMessage(record, { ...contextOf(), attempt: 3, epoch: 2 }), {
      ...{ ...record, headers: [...record.headers] },
      ...{ attempt: 3, epoch: 2, isBuffer: [true, true, true], aborted: false },
    });
    assert.deepEqual(record.value, Buffer.from('{}'), 'the container has its bytes still');
  });

  it('gives it what serdes made', async () => {
    const value = { id: 1n, at: new Date(0), tags: new Map([['a', Buffer.from('x')]]) };
    const seen = await using().threads.onMessage(decoded('k', value), contextOf());
    assert.deepEqual((seen as { key: unknown }).key, 'k');
    assert.deepEqual((seen as { value: unknown }).value, value);
  });

  it('brings no result back unless asked to', async () => {
    assert.equal(await using({ returnsResult: false }).act('function'), undefined);
  });

  it('fails a record whose result or value cannot cross', async () => {
    const { act, threads } = using();
    assert.equal((await failureOf(act('function'))).code, 'NOT_CLONEABLE');
    const unsent = failureOf(threads.onMessage(decoded(null, { now: () => 1 }), contextOf()));
    assert.equal((await unsent).code, 'NOT_CLONEABLE');
    assert.equal(threads.metrics().crashed, 0);
    assert.equal(await act('thread'), await act('thread'), 'the thread is the same');
  });

  it('fails with what the listener threw', async () => {
    const { act } = using();
    const declined = await failureOf(act('decline'));
    assert.equal(declined.constructor.name, 'CardDeclined');
    assert.deepEqual(Object.assign({}, declined), { code: 'CARD_DECLINED', limits: new Map([['a', 1n]]) });
    assert.match(declined.stack ?? '', /acting-listener/);
    const { cause } = declined;
    assert.ok(cause instanceof TypeError);
    assert.equal(cause.cause, 'text');
    const later = await failureOf(act('kafka'));
    assert.ok(isKafkaError(later));
    assert.deepEqual([later.code, later.retriable], ['LATER', true]);
    const mistake = await failureOf(act('mistake'));
    assert.ok(mistake instanceof TypeError);
  });

  it('runs as many records as there are threads, and starts the others in the order they came', async () => {
    const { act, threads, said, go } = using({ threads: 2 });
    const held = [act('hold'), act('hold')];
    const waiting = [act('thread'), act('thread')];
    await said.received(2);
    assert.equal(new Set(said.items.map(({ threadId }) => threadId)).size, 2);
    const { running, waiting: queued } = threads.metrics();
    assert.deepEqual([running, queued], [2, 2]);
    go();
    await Promise.all([...held, ...waiting]);
    assert.deepEqual(threads.metrics(), {
      ...{ threads: 2, running: 0, waiting: 0, completed: 4, failed: 0, crashed: 0, terminated: 0 },
    });
  });

  describe('a thread that crashes', () => {
    for (const [action, why] of [
      ['exit', /exited with code: 3/],
      ['uncaught', /nobody catches this/],
    ] as const)
      it(`fails its record only, and another takes its place: ${action}`, async () => {
        const { act, threads, said, go } = using({ threads: 2 });
        const held = act('hold');
        await said.received(1);
        const error = await failureOf(act(action));
        assert.ok(isKafkaError(error));
        assert.deepEqual([error.code, error.retriable], ['WORKER_CRASHED', true]);
        assert.match(String(error.cause), why);
        assert.equal(typeof (await act('thread')), 'number');
        go();
        await held;
        const { completed, failed, crashed } = threads.metrics();
        assert.deepEqual({ completed, failed, crashed }, { completed: 2, failed: 1, crashed: 1 });
      });

    it('may have run out of memory', async () => {
      const { act } = using({ resourceLimits: { maxOldGenerationSizeMb: 32 } });
      const error = await failureOf(act('oom'));
      assert.equal(error.code, 'WORKER_CRASHED');
      assert.equal((error.cause as { code?: unknown }).code, 'ERR_WORKER_OUT_OF_MEMORY');
      assert.equal(typeof (await act('thread')), 'number');
    });

    it('between two records is told of, and costs none', async () => {
      const { act, threads, logger, clock } = using();
      await act('crash-later');
      const told = await logger.entries.first(({ level }) => level === 'error');
      assert.match(told.message, /crashed while no record ran in it/);
      assert.equal(typeof (await act('thread')), 'number');
      assert.equal(threads.metrics().crashed, 1);
      assert.equal(clock.pendingTimers, 0);
    });

    it('fails all that waits when none comes up any more', async () => {
      const { threads } = using({ resourceLimits: { maxOldGenerationSizeMb: 1, maxYoungGenerationSizeMb: 1 } });
      const error = await failureOf(threads.onMessage(aRecord({ value: Buffer.alloc(4 << 20) }), contextOf()));
      assert.equal(error.code, 'WORKER_CRASHED');
    });
  });
});
