import assert from 'node:assert/strict';
import type { TaskExecutor } from '@hearken/core';
import { AsyncTaskExecutor } from '@hearken/executor';
import { eventLoopTurn, exerciseTaskExecutor } from '@hearken/testing';

type Execute = TaskExecutor['execute'];

interface Resizable extends TaskExecutor {
  resize(slots: number): void;
}

/** A correct executor of two slots, with something broken. */
function broken(breakIt: (good: AsyncTaskExecutor) => Partial<Resizable>): Resizable {
  const good = new AsyncTaskExecutor({ concurrency: 2 });
  const bound: Resizable = {
    get concurrency() {
      return good.concurrency;
    },
    get available() {
      return good.available;
    },
    execute: (task) => good.execute(task),
    onAvailable: (wake) => good.onAvailable(wake),
    drain: () => good.drain(),
    cancel: (reason) => good.cancel(reason),
    resize: (slots) => void (good.concurrency = slots),
  };
  return Object.defineProperties(bound, Object.getOwnPropertyDescriptors(breakIt(good)));
}

const runAtOnce: Execute = async (task) => task(new AbortController().signal);

const MUTANTS: Readonly<Record<string, () => Resizable>> = {
  'ignores its limit': () => broken(() => ({ execute: runAtOnce })),
  'says one slot too many': () => broken((good) => ({ get available() { return good.available + 1; } })), // prettier-ignore
  'never says that it is full': () => broken(() => ({ available: 2 })),
  'throws to its caller': () =>
    broken((good) => ({
      execute: (task) => {
        if (typeof task !== 'function') throw new TypeError('no task');
        return good.execute(task);
      },
    })),
  'swallows failures': () =>
    broken((good) => ({ execute: (task) => good.execute(task).catch(() => undefined as never) })),
  'wraps what was thrown': () =>
    broken((good) => ({
      execute: (task) => good.execute(task).catch((e: unknown) => Promise.reject(new Error('x', { cause: e }))),
    })),
  'never tells of free slots': () => broken(() => ({ onAvailable: () => () => undefined })),
  'goes on telling': () =>
    broken((good) => ({
      onAvailable: (wake) => {
        good.onAvailable(wake);
        return () => undefined;
      },
    })),
  'tells one subscriber only': () => {
    let taken = false;
    return broken((good) => ({
      onAvailable: (wake) => {
        if (taken) return () => undefined;
        taken = true;
        return good.onAvailable(wake);
      },
    }));
  },
  'drains at once': () => broken(() => ({ drain: () => Promise.resolve() })),
  'never drains': () => broken(() => ({ drain: () => new Promise(() => undefined) })),
  'does not cancel': () => broken(() => ({ cancel: () => undefined })),
  'aborts without the reason': () => broken((good) => ({ cancel: () => good.cancel(new Error('another')) })),
  'keeps its signal after a cancel': () => {
    const controller = new AbortController();
    return broken((good) => ({
      execute: (task) => good.execute(() => task(controller.signal)),
      cancel: (reason) => {
        controller.abort(reason);
        good.cancel(reason);
      },
    }));
  },
  'loses the slots of tasks that fail': () =>
    broken((good) => ({
      execute: (task) =>
        good.execute(task).catch((error: unknown) => {
          void good.execute(() => new Promise(() => undefined));
          throw error;
        }),
    })),
  'takes no slots from its owner': () => broken(() => ({ resize: () => undefined })),
  'gives no slot back to its owner': () =>
    broken((good) => ({ resize: (slots) => void (good.concurrency = Math.max(slots, good.concurrency)) })),
  'aborts what runs when slots are taken away': () =>
    broken((good) => ({
      resize: (slots) => {
        good.concurrency = slots;
        good.cancel(new Error('resized'));
      },
    })),
  'starts the newest first': () => {
    const waiting: (() => void)[] = [];
    return broken((good) => {
      good.onAvailable(() => waiting.pop()?.());
      return {
        execute: (task) => {
          if (good.available > 0) return good.execute(task);
          return new Promise((resolve) => waiting.push(() => resolve(good.execute(task))));
        },
      };
    });
  },
};

/** What of the suite fails; a test that is not over after so many turns counts as hanging. */
async function failuresOf(make: () => Resizable): Promise<string[]> {
  const tests: { readonly name: string; readonly body: () => void | Promise<void> }[] = [];
  const runner = {
    describe: (_name: string, body: () => void) => body(),
    it: (name: string, body: () => void | Promise<void>) => tests.push({ name, body }),
  };
  exerciseTaskExecutor(make, { concurrencies: [2], runner, resize: (executor, slots) => executor.resize(slots) });
  const failures: string[] = [];
  for (const { name, body } of tests) {
    const passed = Promise.resolve()
      .then(body)
      .then(
        () => true,
        () => false,
      );
    if (!(await Promise.race([passed, hangs()]))) failures.push(name);
  }
  return failures;
}

async function hangs(): Promise<false> {
  for (let turn = 0; turn < 50; turn++) await eventLoopTurn();
  return false;
}

describe('exerciseTaskExecutor', () => {
  it('passes an executor that keeps its promises', async () => {
    assert.deepEqual(await failuresOf(() => broken(() => ({}))), []);
  });

  for (const [what, make] of Object.entries(MUTANTS)) {
    it(`catches one that ${what}`, async () => {
      const handlers = process.listeners('unhandledRejection');
      process.removeAllListeners('unhandledRejection');
      process.on('unhandledRejection', () => undefined); // a broken executor leaves some behind
      const failures = await failuresOf(make);
      await eventLoopTurn();
      process.removeAllListeners('unhandledRejection');
      for (const handler of handlers) process.on('unhandledRejection', handler);
      assert.notDeepEqual(failures, []);
    });
  }
});
