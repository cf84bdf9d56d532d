import { KafkaError, codeOf, type ConsumerRecord } from '@hearken/core';
import { eventLoopTurn, RecordingLogger, someRecords } from '@hearken/testing';
import fc from 'fast-check';
import assert from 'node:assert/strict';
import type { BatchListenerContext, BatchListenerFunction, BatchResult } from '../../dist/batch-listener.js';
import type { BatchMiddleware } from '../../dist/middleware/middleware.js';
import { composeBatch } from '../../dist/middleware/compose-batch.js';

type Layer = BatchMiddleware<unknown, unknown>;
type Records = readonly ConsumerRecord<unknown, unknown>[];

const context = { logger: new RecordingLogger() } as unknown as BatchListenerContext;
const five = someRecords(5);
const [no, never] = [new Error('no'), new Error('never')];

/** A listener that fails the records at these offsets, and what it was given. */
function failing(...offsets: readonly number[]) {
  const seen: number[][] = [];
  const listener: BatchListenerFunction<unknown, unknown> = (records) => {
    seen.push(records.map(({ offset }) => offset));
    const failed = records.flatMap(({ offset }, index) => (offsets.includes(offset) ? [{ index, error: offset }] : []));
    return failed.length === 0 ? undefined : { failed };
  };
  return { seen, listener };
}

const call = async (
  layers: readonly Layer[],
  listener: BatchListenerFunction<unknown, unknown>,
  records: Records = five,
) => await composeBatch(layers, listener)(records, context);

const keeping =
  (keep: (record: ConsumerRecord<unknown, unknown>) => boolean): Layer =>
  async (records, _, next) => {
    await next(records.filter(keep));
  };

describe('composeBatch', () => {
  it('is the listener itself without middleware', () => {
    const { listener } = failing();
    assert.equal(composeBatch([], listener), listener);
  });

  it('takes the result from the listener, whatever middleware does with it', async () => {
    const { listener } = failing(2);
    const careless: Layer[] = [
      async (_, __, next) => {
        await next();
      },
      (_, __, next) => void next(),
      async (_, __, next) => (await next(), { failed: [] }),
      async (_, __, next) => (await next(), { failed: [{ index: 4, error: 'made up' }] }),
    ];
    for (const layer of careless)
      assert.deepEqual(await call([layer, layer], listener), { failed: [{ index: 2, error: 2 }] });
  });

  it('makes no promise where nobody does', () => {
    const { listener } = failing(1);
    const layer: Layer = (_, __, next) => void next();
    assert.deepEqual(composeBatch([layer, layer], listener)(five, context), { failed: [{ index: 1, error: 1 }] });
  });

  it('names nothing if the listener named nothing, or was not called', async () => {
    assert.equal(await call([(_, __, next) => next()], failing().listener), undefined);
    assert.equal(await call([() => ({ failed: [{ index: 0, error: no }] })], failing(0).listener), undefined);
    assert.deepEqual(await call([(_, __, next) => next()], () => ({ failed: [] })), { failed: [] });
  });

  it('brings the indexes of fewer records back to those of the batch, at each layer to what it passed on', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(9), { maxLength: 4 }), { maxLength: 3 }),
        fc.uniqueArray(fc.nat(9)),
        async (drops, fails) => {
          const batch = someRecords(10);
          const told: BatchResult[] = [];
          const layers = drops.map((dropped): Layer => async (records, _, next) => {
            const kept = records.filter(({ offset }) => !dropped.includes(offset));
            const result = await next(kept);
            for (const { index, error } of result?.failed ?? []) assert.equal(kept[index]?.offset, error);
            if (result !== undefined) told.push(result);
          });
          const { listener, seen } = failing(...fails);
          const result = await call(layers, listener, batch);
          const left = batch.map(({ offset }) => offset).filter((offset) => !drops.flat().includes(offset));
          assert.deepEqual(seen, [left]);
          const failed = left.filter((offset) => fails.includes(offset));
          assert.deepEqual(
            (result as BatchResult | undefined)?.failed,
            failed.length === 0 ? undefined : failed.map((offset) => ({ index: offset, error: offset })),
          );
          assert.equal(told.length, failed.length === 0 ? 0 : drops.length);
        },
      ),
    );
  });

  it('adds up what the listener said of parts', async () => {
    const { listener, seen } = failing(0, 3);
    const inParts: Layer = async (records, _, next) => {
      await next(records.slice(0, 2));
      await next(records.slice(2));
    };
    assert.deepEqual(await call([inParts], listener), {
      failed: [
        { index: 0, error: 0 },
        { index: 3, error: 3 },
      ],
    });
    assert.deepEqual(seen, [
      [0, 1],
      [2, 3, 4],
    ]);
  });

  it('takes the second end of what was tried again', async () => {
    let calls = 0;
    const again: Layer = async (records, _, next) => {
      const { failed } = (await next()) ?? { failed: [] };
      await next(failed.map(({ index }) => records[index]!));
    };
    const listener: BatchListenerFunction<unknown, unknown> = (records) =>
      ++calls === 1
        ? { failed: [1, 3].map((index) => ({ index, error: no })) }
        : { failed: [{ index: 1, error: records[1]?.offset }] };
    assert.deepEqual(await call([again], listener), { failed: [{ index: 3, error: 3 }] });
  });

  it('lets an error with a name through, but not that of a part: it says nothing of the others', async () => {
    const named = new KafkaError('at 1', { code: 'BATCH_LISTENER_FAILED', cause: no });
    const listener: BatchListenerFunction<unknown, unknown> = async (records) => {
      await eventLoopTurn();
      if (records.some(({ offset }) => offset === 4)) throw named;
      return { failed: [{ index: 0, error: never }] };
    };
    await assert.rejects(call([keeping(() => true)], listener), named);
    const inParts: Layer = async (records, _, next) => {
      await next(records.slice(0, 2));
      await next(records.slice(2));
    };
    await assert.rejects(call([inParts], listener), (error: Error) => {
      assert.notEqual(codeOf(error), 'BATCH_LISTENER_FAILED');
      assert.equal(error.cause, named);
      return true;
    });
  });

  it('refuses records that are not of the batch, and their order', async () => {
    for (const wrong of [[...five, ...someRecords(1, { offset: 9 })], [...five].reverse(), [five[0]!, five[0]!]]) {
      const layer: Layer = (_, __, next) => next(wrong);
      await assert.rejects(
        call([layer], () => assert.fail('called')),
        TypeError,
      );
    }
  });

  it('refuses a result that names what the listener did not get', async () => {
    await assert.rejects(
      call([keeping(({ offset }) => offset < 2)], () => ({ failed: [{ index: 2, error: no }] })),
      { code: 'INVALID_BATCH_RESULT' },
    );
    await assert.rejects(
      call([keeping(() => true)], () => ({ failed: 1 }) as never),
      { code: 'INVALID_BATCH_RESULT' },
    );
  });
});
