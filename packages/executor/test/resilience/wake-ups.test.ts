import assert from 'node:assert/strict';
import type { TaskExecutor } from '@hearken/core';
import {
  AdaptiveTaskExecutor,
  AsyncTaskExecutor,
  BulkheadTaskExecutor,
  CircuitBreakerTaskExecutor,
  RateLimitedTaskExecutor,
  TimeoutTaskExecutor,
} from '@hearken/executor';
import { ManualClock, ManualTask } from '@hearken/testing';
import fc from 'fast-check';

type Wrapper = 'rate' | 'breaker' | 'timeout' | 'bulkhead' | 'adaptive';

type Step =
  | { readonly do: 'end'; readonly which: number; readonly well: boolean }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'resize'; readonly slots: number }
  | { readonly do: 'give' }
  | { readonly do: 'cancel' };

const stack: fc.Arbitrary<readonly Wrapper[]> = fc.array(
  fc.constantFrom<Wrapper>('rate', 'breaker', 'timeout', 'bulkhead', 'adaptive'),
  { minLength: 1, maxLength: 4 },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('end'), which: fc.nat(20), well: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.constantFrom(1, 10, 50, 1_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resize'), slots: fc.integer({ min: 0, max: 5 }) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'give' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'cancel' as const }) },
);

/** Two users of one pool, each through a stack of executors, who take every slot that they are told of. */
class World {
  readonly #clock = new ManualClock();
  readonly #pool = new AsyncTaskExecutor({ concurrency: 3 });
  readonly #users: readonly TaskExecutor[];
  readonly #running = new Set<ManualTask>();
  #given = 0;
  #settled = 0;
  #isOver = false;

  constructor(wrappers: readonly Wrapper[]) {
    const shares = BulkheadTaskExecutor.divide(this.#pool, { a: { guaranteed: 1 }, b: { guaranteed: 1 } });
    this.#users = [shares.a, shares.b].map((share) => wrappers.reduce<TaskExecutor>((inner, how) => this.#wrap(inner, how), share)); // prettier-ignore
    for (const user of this.#users) user.onAvailable(() => this.#takeAll(user));
    for (const user of this.#users) this.#takeAll(user);
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (const one of steps) {
      this.#take(one);
      await settled();
      for (const user of this.#users)
        assert.equal(user.available, 0, 'a slot is free, somebody would take it, and was not told');
      assert.ok(this.#running.size <= 5);
    }
    await this.#end();
  }

  #take(one: Step): void {
    if (one.do === 'pass') this.#clock.advance(one.ms);
    else if (one.do === 'resize') this.#pool.concurrency = one.slots;
    else if (one.do === 'give') this.#give(this.#users[0]!);
    else if (one.do === 'cancel') this.#users[0]!.cancel(new Error('cancelled'));
    else {
      const running = [...this.#running];
      const task = running[one.which % running.length];
      if (one.well) task?.resolve();
      else task?.reject(new Error('scripted'));
    }
  }

  /** Everything that was given settles, and nothing is left: no task, no slot, no timer. */
  async #end(): Promise<void> {
    this.#isOver = true;
    this.#pool.concurrency = 5;
    const drained = Promise.all(this.#users.map((user) => user.drain()));
    for (let turns = 0; this.#settled < this.#given; turns++) {
      assert.ok(turns < 1_000, 'a task that was given never settles');
      for (const task of this.#running) task.resolve();
      this.#clock.advance(1_000);
      await settled();
    }
    await drained;
    this.#clock.advance(10_000);
    await settled();
    assert.deepEqual([this.#pool.available, this.#clock.pendingTimers], [5, 0]);
  }

  #takeAll(user: TaskExecutor): void {
    while (!this.#isOver && user.available > 0) this.#give(user);
  }

  #give(user: TaskExecutor): void {
    const task = new ManualTask();
    const settle = (): number => this.#settled++;
    this.#given++;
    user
      .execute((signal) => {
        this.#running.add(task);
        return task.run(signal).finally(() => this.#running.delete(task));
      })
      .then(settle, settle);
  }

  #wrap(inner: TaskExecutor, how: Wrapper): TaskExecutor {
    const dependencies = { clock: this.#clock };
    const breaker = { slidingWindowSize: 3, waitDurationInOpenStateMs: 70 };
    switch (how) {
      case 'rate':
        return new RateLimitedTaskExecutor(inner, { limitForPeriod: 20, burst: 2 }, dependencies);
      case 'breaker':
        return new CircuitBreakerTaskExecutor(inner, breaker, dependencies);
      case 'timeout':
        return new TimeoutTaskExecutor(inner, { timeoutMs: 30 }, dependencies);
      case 'adaptive':
        return new AdaptiveTaskExecutor(inner, { initialLimit: 2, smoothing: 1 }, dependencies);
      case 'bulkhead':
        return BulkheadTaskExecutor.divide(inner, { all: { guaranteed: 0 } }).all;
    }
  }
}

/** Enough turns of the microtask queue for an end to reach the top of the highest stack. */
async function settled(): Promise<void> {
  for (let i = 0; i < 40; i++) await Promise.resolve();
}

describe('executors around executors, in any stack and after any schedule', () => {
  it('tell whoever waits of every slot that is free, settle each task, and keep no timer', async () => {
    await fc.assert(
      fc.asyncProperty(stack, fc.array(step, { maxLength: 50 }), (wrappers, steps) => new World(wrappers).play(steps)),
      { numRuns: 300 },
    );
  });
});
