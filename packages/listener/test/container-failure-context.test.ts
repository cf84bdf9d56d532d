import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { FixedBackOff, type ErrorHandler, type MessageListenerContainer } from '../dist/index.js';
import { setupBatches } from './batch-setup.js';
import { distinct, keyed, setup, tp, until } from './setup.js';

const error = new Error('busy');

/** Who ran in which context, in order. */
function watched() {
  const context = new AsyncLocalStorage<string>();
  const told: string[] = [];
  const note = (who: string): void => void told.push(`${who} in ${context.getStore() ?? 'none'}`);
  const backOff = new FixedBackOff({ intervalMs: 10, maxRetries: 1 });
  let recoveries = 0;
  const errorHandler: ErrorHandler = {
    decide: ({ attempt, record }) => {
      note(`decide ${record.offset}`);
      return attempt === 1 ? { action: 'retry', delayMs: 10 } : { action: 'recover' };
    },
    onRetry: ({ record }) => note(`onRetry ${record.offset}`),
    recoverer: async ({ offset }) => {
      await Promise.resolve();
      note(`recoverer ${offset}`);
      if (recoveries++ === 0) throw new Error('down');
    },
    recoveryBackOff: backOff,
  };
  const watch = (container: MessageListenerContainer): void => {
    for (const name of ['record:retried', 'record:failed', 'recovery:failed', 'record:recovered'] as const)
      container.on(name, ({ record }) => note(`${name} ${record.offset}`));
  };
  return { context, told, note, errorHandler, watch };
}

describe('MessageListenerContainer: the async context of a failure', () => {
  for (const how of ['throws', 'rejects']) {
    it(`is the one that middleware made for the attempt whose listener ${how}`, async () => {
      const { context, told, note, errorHandler, watch } = watched();
      const fail = (): never => {
        throw error;
      };
      const bundle = setup(
        {
          errorHandler,
          middleware: [
            ({ offset }, { attempt }, next) => (offset === 0 ? context.run(`outer ${attempt}`, next) : next()),
            ({ offset }, { attempt }, next) => (offset === 0 ? context.run(`attempt ${attempt}`, next) : next()),
          ],
          listener: ({ offset }) => {
            if (offset === 1) {
              note('listener 1');
              return undefined;
            }
            return how === 'throws' ? fail() : Promise.resolve().then(fail);
          },
        },
        { partitions: [tp(0)] },
      );
      const { container, clock, events } = bundle;
      watch(container);
      const [retried, refused] = [events('record:retried'), events('recovery:failed')];
      await container.start();
      bundle.give(0, ...distinct(2));
      await retried.received(1);
      clock.advance(10);
      await refused.received(1);
      await until(() => clock.nextDueInMs !== undefined);
      clock.advance(10);
      await until(() => container.metrics().processed === 1);
      await container.stop();
      assert.deepEqual(told, [
        ...['decide 0', 'onRetry 0', 'record:retried 0'].map((who) => `${who} in attempt 1`),
        ...['decide 0', 'record:failed 0', 'recoverer 0', 'recovery:failed 0', 'recoverer 0', 'record:recovered 0'].map(
          (who) => `${who} in attempt 2`,
        ),
        'listener 1 in none',
      ]);
    });
  }

  it('is that of the middleware that failed, or of the last call of the listener where one calls it again', async () => {
    const { context, told, errorHandler } = watched();
    let calls = 0;
    const { container, give, clock, events } = setup(
      {
        errorHandler,
        middleware: [
          (_, __, next) => context.run('outer', next),
          async ({ offset }, _, next) => {
            if (offset === 1) throw error;
            for (const name of ['first', 'second']) {
              await context
                .run(`${name} call`, async () => next())
                .catch((reason: unknown) => {
                  if (name === 'second') throw reason;
                });
            }
          },
        ],
        listener: () => {
          if (++calls <= 2) throw error;
        },
      },
      { partitions: [tp(0)] },
    );
    const retried = events('record:retried');
    await container.start();
    give(0, ...distinct(2));
    await retried.received(1);
    clock.advance(10);
    await retried.received(2);
    assert.deepEqual(told, [
      ...['decide 0', 'onRetry 0'].map((who) => `${who} in second call`),
      ...['decide 1', 'onRetry 1'].map((who) => `${who} in outer`),
    ]);
    await container.stop();
  });

  for (const how of ['throws', 'rejects', 'names']) {
    it(`is that of the call of a batch listener, which ${how}${how === 'names' ? ' failures' : ''}`, async () => {
      const { context, told, errorHandler, watch } = watched();
      const fail = (): never => {
        throw error;
      };
      const named = { failed: [{ index: 0, error }] };
      const { container, give, clock, events } = setupBatches(
        {
          errorHandler,
          middleware: [(_, { attempt }, next) => context.run(`attempt ${attempt}`, next)],
          batchListener: () => (how === 'throws' ? fail() : how === 'rejects' ? Promise.resolve().then(fail) : named),
        },
        { partitions: [tp(0)] },
      );
      watch(container);
      const [retried, refused] = [events('record:retried'), events('recovery:failed')];
      give(0, ...keyed('a'));
      await container.start();
      await retried.received(1);
      clock.advance(10);
      await refused.received(1);
      await until(() => clock.nextDueInMs !== undefined);
      clock.advance(10);
      await until(() => container.metrics().recovered === 1);
      await container.stop();
      assert.deepEqual(told, [
        ...['decide 0', 'onRetry 0', 'record:retried 0'].map((who) => `${who} in attempt 1`),
        ...['decide 0', 'record:failed 0', 'recoverer 0', 'recovery:failed 0', 'recoverer 0', 'record:recovered 0'].map(
          (who) => `${who} in attempt 2`,
        ),
      ]);
    });
  }

  it('is that of its part where middleware gives a batch to its listener in parts', async () => {
    const { context, told, errorHandler } = watched();
    const { container, give, events } = setupBatches(
      {
        errorHandler,
        middleware: [
          async (records, _, next) => {
            for (const record of records) await context.run(`part ${record.offset}`, () => next([record]));
          },
        ],
        batchListener: () => ({ failed: [{ index: 0, error }] }),
      },
      { partitions: [tp(0)] },
    );
    const retried = events('record:retried');
    give(0, ...distinct(2));
    await container.start();
    await retried.received(2);
    await container.stop();
    assert.deepEqual(
      told,
      ['decide', 'onRetry'].flatMap((what) => [0, 1].map((at) => `${what} ${at} in part ${at}`)),
    );
  });
});
