import assert from 'node:assert/strict';
import { codeOf } from '@hearken/core';
import { AsyncTaskExecutor, PooledTaskExecutor, SyncTaskExecutor } from '@hearken/executor';
import { ManualTask } from '@hearken/testing';
import fc from 'fast-check';

type Executor = AsyncTaskExecutor | PooledTaskExecutor | SyncTaskExecutor;

type Step =
  | { readonly do: 'submit'; readonly as: 'manual' | 'returns' | 'throws' }
  | { readonly do: 'end'; readonly which: number; readonly well: boolean }
  | { readonly do: 'cancel' }
  | { readonly do: 'resize'; readonly slots: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('submit'), as: fc.constantFrom('manual', 'returns', 'throws') }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('end'), which: fc.nat(20), well: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resize'), slots: fc.integer({ min: 0, max: 5 }) }) },
);

/** What must hold is checked where a task starts and after every step. */
class Schedule {
  readonly #executor: Executor;
  readonly #running: ManualTask[] = [];
  readonly #startOrder: number[] = [];
  submitted = 0;
  settled = 0;
  #limit: number;

  constructor(executor: Executor) {
    this.#executor = executor;
    this.#limit = executor.concurrency;
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const one of steps) {
      this.#take(one);
      await flushMicrotasks();
      assert.ok(this.#executor.available <= Math.max(0, this.#limit - this.#running.length));
    }
    this.#resize(1);
    const drained = this.#executor.drain();
    while (this.#running.length > 0) {
      this.#running.shift()?.resolve();
      await flushMicrotasks();
    }
    await drained;
    await flushMicrotasks();
    assert.equal(this.settled, this.submitted);
    assert.equal(this.#executor.available, this.#executor.concurrency);
    assert.deepEqual(
      this.#startOrder,
      this.#startOrder.toSorted((a, b) => a - b),
    );
  }

  #take(one: Step): void {
    if (one.do === 'submit') this.#submit(one.as);
    else if (one.do === 'cancel') this.#executor.cancel(new Error('cancelled'));
    else if (one.do === 'resize') this.#resize(one.slots);
    else this.#end(one.which, one.well);
  }

  #submit(as: 'manual' | 'returns' | 'throws'): void {
    const id = this.submitted++;
    const task = new ManualTask();
    const free = this.#executor.available > 0;
    let started = false;
    const work = (signal: AbortSignal): Promise<void> | undefined => {
      assert.ok(this.#running.length < this.#limit, 'more tasks than slots');
      started = true;
      this.#startOrder.push(id);
      if (as === 'throws') throw new Error('scripted');
      if (as === 'returns') return undefined;
      this.#running.push(task);
      return task.run(signal);
    };
    const count = (): unknown => this.settled++;
    this.#executor.execute<unknown>(work).then(count, count);
    assert.equal(started, free, '`available` was not exact');
  }

  #end(which: number, well: boolean): void {
    const [task] = this.#running.splice(which % Math.max(1, this.#running.length), 1);
    if (well) task?.resolve();
    else task?.reject(new Error('scripted'));
  }

  #resize(slots: number): void {
    if (this.#executor instanceof SyncTaskExecutor) return;
    this.#limit = slots;
    this.#executor.concurrency = slots;
  }
}

/** Enough turns of the microtask queue for a settled task to reach whoever waits for it, and for the next to start. */
async function flushMicrotasks(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

const makers: Readonly<Record<string, () => Executor>> = {
  SyncTaskExecutor: () => new SyncTaskExecutor(),
  AsyncTaskExecutor: () => new AsyncTaskExecutor({ concurrency: 3 }),
  'PooledTaskExecutor, abort': () => new PooledTaskExecutor({ concurrency: 2, queueCapacity: 2 }),
  'PooledTaskExecutor, discard-oldest': () =>
    new PooledTaskExecutor({ concurrency: 2, queueCapacity: 2, rejection: 'discard-oldest' }),
};

describe('any schedule of tasks, ends, cancels and resizing', () => {
  for (const [name, make] of Object.entries(makers)) {
    it(`holds the limit, keeps the order and settles each task once: ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), (steps) => new Schedule(make()).run(steps)),
        { numRuns: 200 },
      );
    });
  }

  it('settles rejected tasks too', async () => {
    const executor = new PooledTaskExecutor({ concurrency: 1, queueCapacity: 0 });
    const task = new ManualTask();
    void executor.execute(task.run);
    assert.equal(await executor.execute(() => 1).catch(codeOf), 'TASK_REJECTED');
    task.resolve();
    await executor.drain();
  });
});
