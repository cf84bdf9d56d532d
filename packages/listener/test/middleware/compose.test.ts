import { deferred } from '@hearken/core/internal';
import { eventLoopTurn, RecordingLogger } from '@hearken/testing';
import fc from 'fast-check';
import assert from 'node:assert/strict';
import { compose, type Next } from '../../dist/middleware/compose.js';

interface Context {
  readonly logger: RecordingLogger;
}
type Layer = (input: string, context: Context, next: Next<string, void>) => unknown;
type Listener = (input: string, context: Context) => unknown;

const context = (): Context => ({ logger: new RecordingLogger() });
const composed = (layers: readonly Layer[], listener: Listener) =>
  compose(
    layers,
    listener,
    () => undefined,
    (other) => other,
  );

describe('compose', () => {
  it('is the listener itself without middleware', () => {
    const listener = () => undefined;
    assert.equal(composed([], listener), listener);
  });

  it('goes in by order, out by the reverse, with any mixture of synchronous and asynchronous layers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 8 }), fc.boolean(), async (areAsync, listenerIsAsync) => {
        const path: string[] = [];
        const layers = areAsync.map((isAsync, i): Layer =>
          isAsync
            ? async (_, __, next) => {
                path.push(`in ${i}`);
                await next();
                path.push(`out ${i}`);
              }
            : (_, __, next) => {
                path.push(`in ${i}`);
                const end = next();
                return end instanceof Promise ? end.then(() => path.push(`out ${i}`)) : path.push(`out ${i}`);
              },
        );
        const end = composed(layers, () => {
          path.push('listener');
          return listenerIsAsync ? eventLoopTurn() : 1;
        })('in', context());
        assert.equal(end instanceof Promise, listenerIsAsync || areAsync.includes(true));
        await end;
        const order = areAsync.map((_, i) => i);
        assert.deepEqual(path, [...order.map((i) => `in ${i}`), 'listener', ...order.reverse().map((i) => `out ${i}`)]);
      }),
    );
  });

  it('gives a replacement to inner layers only, and what came in where there is none', () => {
    const seen: string[] = [];
    const note = (input: string, _: Context, next: Next<string, void>): void => {
      seen.push(input);
      void next();
    };
    composed([note, (input, _, next) => next(`${input}!`), note], (input) => seen.push(input))('a', context());
    assert.deepEqual(seen, ['a', 'a!', 'a!']);
  });

  it('calls neither inner layers nor the listener if next is not called', () => {
    const unreached = () => assert.fail('reached');
    assert.equal(composed([() => 'done', unreached], unreached)('a', context()), undefined);
  });

  it('lets errors go outwards, where any layer may catch them', async () => {
    const failure = new Error('no');
    const seen: unknown[] = [];
    const noting: Layer = async (_, __, next) => {
      try {
        await next();
      } catch (error) {
        seen.push(error);
        throw error;
      }
    };
    for (const listener of [() => assert.fail(failure), () => Promise.reject(failure)]) {
      await assert.rejects(Promise.resolve(composed([noting, noting], listener)('a', context())), failure);
      assert.deepEqual(seen.splice(0), [failure, failure]);
      await composed([(_, __, next) => Promise.resolve(next()).catch(() => 1), noting], async () => {
        await eventLoopTurn();
        throw failure;
      })('a', context());
      assert.deepEqual(seen.splice(0), [failure]);
    }
    assert.throws(() => composed([(_, __, next) => next()], () => assert.fail(failure))('a', context()), failure);
  });

  it('may call the listener again after a failure', async () => {
    let calls = 0;
    const again: Layer = async (_, __, next) => {
      try {
        await next();
      } catch {
        await next();
      }
    };
    await composed([again], () => (++calls === 1 ? Promise.reject(new Error('no')) : eventLoopTurn()))('a', context());
    assert.equal(calls, 2);
  });

  it('drops what layers return: only the listener ends a record', () => {
    const results: unknown[] = [];
    const noting: Layer = (_, __, next) => {
      results.push(next());
      return 'of the layer';
    };
    composed([noting, noting], () => 'of the listener')('a', context());
    assert.deepEqual(results, [undefined, undefined]);
  });

  describe('with a next() that is not awaited', () => {
    const forgetful: [how: string, layer: Layer][] = [
      ['by a synchronous layer', (_, __, next) => void next()],
      // eslint-disable-next-line @typescript-eslint/require-await -- what is forgotten
      ['by an asynchronous layer', async (_, __, next) => void next()],
      ['by one that goes on for a while', (_, __, next) => (void next(), eventLoopTurn())],
    ];
    for (const [how, layer] of forgetful) {
      it(`waits for the listener all the same, forgotten ${how}`, async () => {
        const { promise, resolve } = deferred();
        let ended = false;
        const end = Promise.resolve(composed([layer], () => promise)('a', context())).then(() => (ended = true));
        await eventLoopTurn();
        await eventLoopTurn();
        assert.equal(ended, false);
        resolve();
        await end;
      });

      for (const when of ['at once', 'later'] as const) {
        it(`fails as the listener did, ${when}, forgotten ${how}`, async () => {
          const failure = new Error('no');
          const listener = async () => {
            if (when === 'later') for (let i = 0; i < 5; i++) await eventLoopTurn();
            throw failure;
          };
          await assert.rejects(Promise.resolve(composed([layer], listener)('a', context())), failure);
          await assert.rejects(Promise.resolve(composed([(_, __, next) => next(), layer], listener)('a', context())));
        });
      }
    }

    it('fails with the error of the layer if that failed too, and logs the other', async () => {
      const { logger } = context();
      const [own, other] = [new Error('own'), new Error('other')];
      const { promise, reject } = deferred();
      const layer: Layer = (_, __, next) => {
        void next();
        throw own;
      };
      const end = Promise.resolve(composed([layer], () => promise)('a', { logger }));
      reject(other);
      await assert.rejects(end, own);
      assert.deepEqual(
        logger.at('warn').map(({ details }) => details),
        [{ error: other }],
      );
    });

    it('waits for the listener when the layer gave up waiting for it', async () => {
      const { promise, resolve } = deferred();
      const late = new Error('too late');
      let rejected = false;
      const layer: Layer = (_, __, next) => Promise.race([next(), Promise.reject(late)]);
      const end = Promise.resolve(composed([layer], () => promise)('a', context())).catch((error: unknown) => {
        rejected = true;
        throw error;
      });
      await eventLoopTurn();
      assert.equal(rejected, false);
      resolve();
      await assert.rejects(end, late);
    });
  });

  it('refuses a next() that comes when the layer has ended', async () => {
    const kept: Next<string, void>[] = [];
    const keep: Layer = (_, __, next) => void kept.push(next);
    const throwing: Layer = (_, __, next) => {
      kept.push(next);
      throw new Error('no');
    };
    composed([keep], () => assert.fail('reached'))('a', context());
    assert.throws(() => composed([throwing], () => assert.fail('reached'))('a', context()));
    await composed([(_, __, next) => (kept.push(next), eventLoopTurn())], () => 1)('a', context());
    assert.equal(kept.length, 3);
    for (const next of kept) assert.throws(() => next(), { code: 'MIDDLEWARE_ENDED' });
  });
});
