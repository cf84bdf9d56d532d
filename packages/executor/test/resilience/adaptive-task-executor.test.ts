import assert from 'node:assert/strict';
import { KafkaConfigError, NOT_CALLED } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import {
  AdaptiveTaskExecutor,
  AsyncTaskExecutor,
  type AdaptiveTaskExecutorOptions,
  type LimitChange,
} from '@hearken/executor';
import { eventLoopTurn, ManualClock, ManualTask, RecordingLogger } from '@hearken/testing';

function setup(options: AdaptiveTaskExecutorOptions = {}, slots = 1_000) {
  const [clock, logger] = [new ManualClock(), new RecordingLogger()];
  const pool = new AsyncTaskExecutor({ concurrency: slots });
  const executor = new AdaptiveTaskExecutor(pool, options, { clock, logger });
  const changes: LimitChange[] = [];
  executor.on('limit:changed', (change) => changes.push(change));
  return { clock, logger, pool, executor, changes };
}

/** A server that works on `knee` calls at once, in 50 ms each, and on more of them slower; and who always has more for it. */
class Load {
  running = 0;
  ended = 0;
  knee: number;
  readonly #bundle: ReturnType<typeof setup>;

  constructor(bundle: ReturnType<typeof setup>, knee: number) {
    this.#bundle = bundle;
    this.knee = knee;
  }

  /** Until so many more calls have ended. @returns how many did in a second */
  async play(calls: number): Promise<number> {
    const { clock, executor } = this.#bundle;
    const [from, startedAt] = [this.ended, clock.monotonic()];
    while (this.ended < from + calls) {
      while (executor.available > 0) void executor.execute(() => this.#serve()).then(() => this.ended++);
      clock.advance(clock.nextDueInMs ?? 0);
      await eventLoopTurn();
    }
    return (calls * 1_000) / (clock.monotonic() - startedAt);
  }

  #serve(): Promise<void> {
    const latencyMs = 50 * Math.max(1, ++this.running / this.knee);
    return new Promise((resolve) => {
      this.#bundle.clock.setTimer(() => {
        this.running--;
        resolve();
      }, latencyMs);
    });
  }
}

describe('AdaptiveTaskExecutor', () => {
  it('finds how many calls a server takes, within 5 % of what it can do, and falls back when it can do less', async () => {
    const bundle = setup();
    const load = new Load(bundle, 60);
    await load.play(20_000);
    const { limit } = bundle.executor;
    assert.ok(limit >= 60 && limit <= 72, `${limit}`);
    assert.ok((await load.play(10_000)) >= 0.95 * 1_200);
    load.knee = 20;
    await load.play(5_000);
    const less = bundle.executor.limit;
    assert.ok(less >= 20 && less <= 30, `${less}`);
    assert.equal(bundle.clock.pendingTimers, load.running, 'it has no timer of its own');
  });

  it('measures nothing of a task that called nothing', async () => {
    const { executor, changes } = setup({ initialLimit: 4 });
    for (let round = 0; round < 100; round++) {
      await Promise.all(Array.from({ length: 4 }, () => executor.execute(() => NOT_CALLED)));
    }
    assert.deepEqual([changes, executor.limit, executor.available], [[], 4, 4]);
  });

  it('does not take slots for used that tasks had which called nothing', async () => {
    const { executor, clock, changes } = setup({ initialLimit: 4 });
    for (let round = 0; round < 200; round++) {
      const { promise, resolve } = deferred();
      const call = executor.execute(() => promise);
      while (executor.available > 0) void executor.execute(() => NOT_CALLED);
      await Promise.resolve();
      clock.advance(10);
      resolve();
      await call;
    }
    assert.deepEqual([changes, executor.limit], [[], 4]);
  });

  it('tells of its changes, and has as many slots as it says', async () => {
    const bundle = setup({ initialLimit: 4 });
    const { executor, changes } = bundle;
    assert.deepEqual([executor.limit, executor.concurrency, executor.available], [4, 4, 4]);
    await new Load(bundle, 100).play(64);
    const { latencyMs, unloadedMs, ...first } = changes[0]!;
    assert.deepEqual([first, executor.limit], [{ previous: 4, next: 5 }, changes.at(-1)?.next]);
    for (const ms of [latencyMs, unloadedMs]) assert.ok(Math.abs(ms - 50) < 1e-9, `${ms}`);
    assert.equal(executor.concurrency, executor.limit);
  });

  it('has no more slots than the executor behind it, and does not grow where that keeps it small', async () => {
    const bundle = setup({}, 5);
    assert.equal(bundle.executor.limit, 5);
    await new Load(bundle, 100).play(2_000);
    assert.ok([5, 6].includes(bundle.executor.limit), `${bundle.executor.limit}`);
    bundle.pool.concurrency = 2;
    assert.equal(bundle.executor.concurrency, 2);
  });

  it('does not take failures at once for a quick server', async () => {
    const { executor, clock } = setup({ initialLimit: 4 });
    for (let i = 0; i < 400; i++)
      await assert.rejects(
        executor.execute(() => Promise.reject(new Error('refused'))),
        /refused/,
      );
    const tasks = Array.from({ length: 4 }, () => new ManualTask());
    const ends = tasks.map((task) => executor.execute(task.run));
    clock.advance(50);
    for (const task of tasks) task.resolve();
    await Promise.all(ends);
    assert.equal(executor.limit, 4);
  });

  it('is not steered by who observes it', async () => {
    const bundle = setup({ initialLimit: 2 });
    bundle.executor.on('limit:changed', () => {
      throw new Error('thrown by an observer');
    });
    await new Load(bundle, 10).play(100);
    assert.ok(bundle.changes.length > 0);
    assert.equal(bundle.logger.entries.items.filter(({ level }) => level === 'error').length, bundle.changes.length);
    assert.throws(() => bundle.executor.on('changed' as 'limit:changed', () => undefined), KafkaConfigError);
  });

  it('begins with 20, or with as many slots as there are', () => {
    assert.deepEqual(
      [setup().executor.limit, setup({}, 3).executor.limit, setup({ minLimit: 30 }).executor.limit],
      [20, 3, 30],
    );
  });

  it('names every problem of its options at once', () => {
    const problems = (options: AdaptiveTaskExecutorOptions): string[] => {
      try {
        setup(options);
        return [];
      } catch (error) {
        return (error as KafkaConfigError).problems.map(({ path }) => path).sort();
      }
    };
    assert.deepEqual(problems({ minLimit: 0, maxLimit: 1.5, smoothing: 0 }), ['maxLimit', 'minLimit', 'smoothing']);
    assert.deepEqual(problems({ minLimit: 10, maxLimit: 5 }), ['maxLimit']);
    assert.deepEqual(problems({ maxLimit: 10, initialLimit: 11 }), ['initialLimit']);
    assert.deepEqual(problems({ minimumLimit: 1 } as never), ['minimumLimit']);
  });
});
