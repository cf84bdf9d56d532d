import { deferred } from '@hearken/core/internal';
import type { ConsumerRecord } from '@hearken/core';
import { aRecord, eventLoopTurn } from '@hearken/testing';
import fc from 'fast-check';
import assert from 'node:assert/strict';
import {
  BatchListenerFailedError,
  deduplicate,
  InMemoryIdStore,
  type AckMode,
  type BatchListenerContext,
  type BatchResult,
  type Deduplicate,
  type IdStore,
  type ListenerContext,
} from '../../dist/index.js';

const [no] = [new Error('no')];

/** Records with these keys, which are their ids; null has none. */
const keyed = (...keys: readonly (string | null)[]): ConsumerRecord[] =>
  keys.map((key, offset) => aRecord({ key, offset }));

const byKey = ({ key }: ConsumerRecord<unknown, unknown>): string | undefined => (key as Buffer | null)?.toString();

class Acknowledging {
  isAcknowledged = false;
  readonly ackMode: AckMode;

  constructor(ackMode: AckMode) {
    this.ackMode = ackMode;
  }

  get acknowledgment(): this {
    if (this.ackMode !== 'manual') throw new Error('NO_ACKNOWLEDGMENT');
    return this;
  }

  acknowledge(): void {
    this.isAcknowledged = true;
  }
}

const context = (ackMode: AckMode = 'batch') =>
  new Acknowledging(ackMode) as unknown as Acknowledging & ListenerContext & BatchListenerContext;

/** Whether the listener was called. */
async function isProcessed(
  dedupe: Deduplicate,
  record: ConsumerRecord,
  next: () => unknown = () => undefined,
  told = context(),
): Promise<boolean> {
  let called = false;
  await dedupe(record, told, () => {
    called = true;
    return next();
  });
  return called;
}

describe('deduplicate', () => {
  const [a, b] = keyed('a', 'b') as [ConsumerRecord, ConsumerRecord];

  it('keeps a record from the listener whose id was processed', async () => {
    const dedupe = deduplicate({ id: byKey });
    const processed = [];
    for (const record of [a, b, a, b, b]) processed.push(await isProcessed(dedupe, record));
    assert.deepEqual(processed, [true, true, false, false, false]);
    assert.equal(dedupe.duplicates, 3);
  });

  it('processes a record without an id each time', async () => {
    const dedupe = deduplicate({ id: () => undefined });
    assert.deepEqual([await isProcessed(dedupe, a), await isProcessed(dedupe, a)], [true, true]);
    assert.equal(dedupe.duplicates, 0);
  });

  it('counts an id as processed once its listener has ended well', async () => {
    const dedupe = deduplicate({ id: byKey });
    for (const failing of [() => assert.fail(no), () => Promise.reject(no)])
      await assert.rejects(isProcessed(dedupe, a, failing), no);
    assert.equal(await isProcessed(dedupe, a), true);
    assert.equal(await isProcessed(dedupe, a), false);
  });

  for (const firstFails of [false, true]) {
    it(`lets the second of two at once wait, and ${firstFails ? 'have its turn' : 'be a duplicate'}`, async () => {
      const dedupe = deduplicate({ id: byKey });
      const { promise, resolve, reject } = deferred();
      const first = isProcessed(dedupe, a, () => promise);
      let isRunning = false;
      const second = isProcessed(dedupe, a, () => (isRunning = true));
      const third = isProcessed(dedupe, a);
      assert.equal(await isProcessed(dedupe, b), true, 'another id does not wait');
      await eventLoopTurn();
      assert.equal(isRunning, false);
      if (firstFails) reject(no);
      else resolve();
      await (firstFails ? assert.rejects(first, no) : first);
      assert.deepEqual([await second, await third], [firstFails, false]);
    });
  }

  it('processes each id exactly once, whatever fails and comes at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ id: fc.nat(3), fails: fc.boolean(), turns: fc.nat(3) }), { maxLength: 20 }),
        async (deliveries) => {
          const dedupe = deduplicate({ id: byKey });
          const ended = new Map<number, number>();
          let running = 0;
          const deliver = (id: number, fails: boolean, turns: number): Promise<boolean> =>
            isProcessed(dedupe, aRecord({ key: `${id}` }), async () => {
              running++;
              for (let i = 0; i < turns; i++) await eventLoopTurn();
              running--;
              if (fails) throw no;
              ended.set(id, (ended.get(id) ?? 0) + 1);
            });
          const ends = await Promise.allSettled(deliveries.map(({ id, fails, turns }) => deliver(id, fails, turns)));
          const processed = ends.filter((end) => end.status === 'fulfilled' && end.value).length;
          const dropped = ends.filter((end) => end.status === 'fulfilled' && !end.value).length;
          assert.equal(running, 0);
          assert.equal(dedupe.duplicates, dropped);
          assert.equal(processed, ended.size);
          for (const [, times] of ended) assert.equal(times, 1);
          const oneEndsWell = new Set(deliveries.filter(({ fails }) => !fails).map(({ id }) => id));
          assert.deepEqual([...ended.keys()].sort(), [...oneEndsWell].sort());
        },
      ),
    );
  });

  it('fails the record if the store does, before the listener or after it', async () => {
    const failing = (method: keyof IdStore): IdStore => ({
      has: () => false,
      add: () => undefined,
      [method]: () => Promise.reject(no),
    });
    await assert.rejects(
      isProcessed(deduplicate({ id: byKey, store: failing('has') }), a, () => assert.fail()),
      no,
    );
    let calls = 0;
    const dedupe = deduplicate({ id: byKey, store: failing('add') });
    for (let i = 0; i < 2; i++)
      await assert.rejects(
        isProcessed(dedupe, a, () => calls++),
        no,
      );
    assert.equal(calls, 2, 'at least once');
  });

  it('refuses an id that is no text', async () => {
    const dedupe = deduplicate({ id: () => 1 as never });
    await assert.rejects(isProcessed(dedupe, a), TypeError);
  });

  it('names every problem of its options', () => {
    assert.throws(() => deduplicate({ store: {} } as never), /id: is required[^]*store: must have the methods/);
  });

  describe('under a manual ackMode', () => {
    it('acknowledges duplicates at once', async () => {
      const dedupe = deduplicate({ id: byKey });
      const [first, second] = [context('manual'), context('manual')];
      await isProcessed(dedupe, a, () => first.acknowledge(), first);
      assert.equal(await isProcessed(dedupe, a, undefined, second), false);
      assert.ok(second.isAcknowledged);
    });

    it('does not count an id as processed that its listener gave back or keeps for later', async () => {
      const dedupe = deduplicate({ id: byKey });
      for (let i = 0; i < 2; i++) {
        const told = context('manual');
        assert.equal(await isProcessed(dedupe, a, undefined, told), true);
        assert.equal(told.isAcknowledged, false);
      }
    });
  });

  describe('of batches', () => {
    /** What the listener got, call by call; it fails these offsets the first time it gets them. */
    function listening(dedupe: Deduplicate, ...failing: number[]) {
      const calls: number[][] = [];
      const next = (records: readonly ConsumerRecord[]): BatchResult | undefined => {
        if (records.length === 0) return undefined; // as the container does: nothing is left for the listener
        calls.push(records.map(({ offset }) => offset));
        const failed = records.flatMap(({ offset }, index) => {
          const at = failing.indexOf(offset);
          if (at >= 0) failing.splice(at, 1);
          return at >= 0 ? [{ index, error: no }] : [];
        });
        return failed.length === 0 ? undefined : { failed };
      };
      const deliver = (records: readonly ConsumerRecord[], told = context()) =>
        dedupe(records, told, (some = records) => next(some));
      return { calls, deliver };
    }

    it('leaves duplicates out, of earlier batches and of the same', async () => {
      const dedupe = deduplicate({ id: byKey });
      const { calls, deliver } = listening(dedupe);
      await deliver(keyed('a', 'b', 'a', null, null));
      await deliver(keyed('b', 'c'));
      await deliver(keyed('a', 'b'));
      assert.deepEqual(calls, [[0, 1, 3, 4], [1]]);
      assert.equal(dedupe.duplicates, 4);
    });

    it('gives a record its turn whose twin in the batch failed', async () => {
      const { calls, deliver } = listening(deduplicate({ id: byKey }), 0);
      await deliver(keyed('a', 'b', 'a', 'a'));
      assert.deepEqual(calls, [[0, 1], [2]]);
      await deliver(keyed('a', 'b'));
      assert.equal(calls.length, 2);
    });

    it('remembers what a listener got done before it failed', async () => {
      const dedupe = deduplicate({ id: byKey });
      const records = keyed('a', 'b', 'c');
      for (const error of [new BatchListenerFailedError(1), new BatchListenerFailedError(records[1]!)]) {
        await assert.rejects(
          dedupe(records, context(), () => Promise.reject(error)),
          error,
        );
      }
      const { calls, deliver } = listening(dedupe);
      await deliver(records);
      assert.deepEqual(calls, [[1, 2]]);
    });

    it('remembers nothing of a batch that failed without a name', async () => {
      const dedupe = deduplicate({ id: byKey });
      await assert.rejects(
        dedupe(keyed('a'), context(), () => assert.fail(no)),
        no,
      );
      const { calls, deliver } = listening(dedupe);
      await deliver(keyed('a'));
      assert.deepEqual(calls, [[0]]);
    });

    it('never waits in a circle', async () => {
      const dedupe = deduplicate({ id: byKey });
      const { calls, deliver } = listening(dedupe);
      await Promise.all([deliver(keyed('a', 'b')), deliver(keyed('b', 'a')), deliver(keyed('b', 'c', 'a'))]);
      assert.deepEqual(calls, [[0, 1], [1]]);
    });

    it('leaves all of a batch out that is nothing but duplicates', async () => {
      const dedupe = deduplicate({ id: byKey });
      const nexts: number[] = [];
      for (let i = 0; i < 2; i++) await dedupe(keyed('a', 'b'), context(), (some = []) => void nexts.push(some.length));
      assert.deepEqual(nexts, [2, 0]);
    });

    it('believes a listener that names failures', async () => {
      const dedupe = deduplicate({ id: byKey });
      const { calls, deliver } = listening(dedupe, 1);
      const told = context('manual');
      await deliver(keyed('a', 'b'), told);
      assert.equal(told.isAcknowledged, false, 'the listener said it all');
      await deliver(keyed('a', 'b'), context('manual'));
      assert.deepEqual(calls, [[0, 1], [1]]);
    });
  });
});

describe('InMemoryIdStore', () => {
  it('remembers the ids used last, and no more', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.tuple(fc.constantFrom('has', 'add'), fc.nat(6))),
        (size, uses) => {
          const store = new InMemoryIdStore({ size });
          let model: string[] = [];
          for (const [use, number] of uses) {
            const id = `${number}`;
            const isKnown = model.includes(id);
            if (use === 'has') assert.equal(store.has(id), isKnown);
            else store.add(id);
            if (isKnown || use === 'add') model = [...model.filter((one) => one !== id), id].slice(-size);
          }
        },
      ),
    );
  });

  it('remembers at least one', () => {
    assert.throws(() => new InMemoryIdStore({ size: 0 }), { code: 'INVALID_CONFIG' });
  });
});
