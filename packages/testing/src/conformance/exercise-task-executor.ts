import assert from 'node:assert/strict';
import { codeOf, type TaskExecutor } from '@hearken/core';
import { ManualTask, manualTasks } from '../manual-task.js';
import { eventLoopTurn, Signal } from '../signal.js';
import { globalRunner, type TestRunner } from './test-runner.js';

export interface TaskExecutorPromises<Executor extends TaskExecutor = TaskExecutor> {
  /** Numbers of slots to try. @default [1, 3] */
  readonly concurrencies?: readonly number[];
  /** Whether tasks that wait start in the order they were given. @default true */
  readonly startsInOrder?: boolean;
  /** Changes how many slots there are, of an executor that lets its owner do so. */
  readonly resize?: (executor: Executor, slots: number) => void;
  /** @default the global one */
  readonly runner?: TestRunner;
}

/** What every {@link TaskExecutor} promises. `make` returns a fresh one with so many slots. */
// Long because an interface is one list of promises; each stands alone, as a test of its own.
export function exerciseTaskExecutor<Executor extends TaskExecutor>(
  make: (concurrency: number) => Executor,
  {
    concurrencies = [1, 3],
    startsInOrder = true,
    resize,
    runner = globalRunner(),
  }: TaskExecutorPromises<Executor> = {},
): void {
  for (const slots of concurrencies) {
    runner.describe(`as a TaskExecutor with ${slots === 1 ? 'one slot' : `${slots} slots`}`, () => {
      const suite = { make: () => make(slots), slots, it: runner.it };
      exerciseResults(suite);
      exerciseLimit(suite);
      if (startsInOrder) exerciseOrder(suite);
      exerciseWaking(suite);
      exerciseDrain(suite);
      exerciseCancel(suite);
      if (resize !== undefined) exerciseResize({ make: suite.make, slots, it: runner.it, resize });
    });
  }
}

interface Suite {
  readonly make: () => TaskExecutor;
  readonly slots: number;
  readonly it: TestRunner['it'];
}

function exerciseResults({ make, slots, it }: Suite): void {
  it('says how many slots it has and that all are free', () => {
    const executor = make();
    assert.equal(executor.concurrency, slots);
    assert.equal(executor.available, slots);
    assert.ok([undefined, 'record', 'run'].includes(executor.unit));
  });

  it('settles as a synchronous task ends', async () => {
    const executor = make();
    const failure = new Error('thrown');
    assert.equal(await executor.execute(() => 7), 7);
    assert.equal(await executor.execute(() => null), null);
    await assert.rejects(
      executor.execute(() => fail(failure)),
      failure,
    );
    assert.equal(executor.available, slots);
  });

  it('settles as an asynchronous task ends', async () => {
    const executor = make();
    const failure = new Error('rejected');
    assert.equal(await executor.execute(() => Promise.resolve('done')), 'done');
    await assert.rejects(
      executor.execute(() => Promise.reject(failure)),
      failure,
    );
    await assert.rejects(
      executor.execute(() => eventLoopTurn().then(() => fail(failure))),
      failure,
    );
    assert.equal(executor.available, slots);
  });

  it('hands on what was thrown, whatever it is', async () => {
    const executor = make();
    for (const thrown of ['text', undefined, null, 0]) {
      const [result] = await Promise.allSettled([executor.execute(() => fail(thrown))]);
      assert.deepEqual(result, { status: 'rejected', reason: thrown });
    }
    assert.equal(executor.available, slots);
  });

  it('never throws to its caller', async () => {
    const executor = make();
    const notATask = undefined as unknown as () => void;
    await assert.rejects(executor.execute(notATask), TypeError);
    assert.equal(executor.available, slots);
  });

  it('gives each task a signal that has not aborted', async () => {
    const signal = await make().execute((given) => given);
    assert.ok(signal instanceof AbortSignal);
    assert.equal(signal.aborted, false);
  });
}

function exerciseLimit({ make, slots, it }: Suite): void {
  it('starts as many tasks as it says are available, and says exactly', async () => {
    const executor = make();
    const tasks = manualTasks(slots);
    for (const [i, task] of tasks.entries()) {
      assert.equal(executor.available, slots - i);
      void executor.execute(task.run);
    }
    await Promise.all(tasks.map(({ started }) => started.wait()));
    assert.equal(executor.available, 0);
    for (const task of tasks) task.resolve();
    await executor.drain();
    assert.equal(executor.available, slots);
  });

  it('starts no more than that; the next one waits for a slot or is rejected', async () => {
    const executor = make();
    const { tasks, results } = await fill(executor, slots);
    const extra = new ManualTask();
    const end = executor.execute(extra.run).catch(codeOf);
    await eventLoopTurn();
    assert.equal(extra.started.fired, false);
    assert.equal(executor.available, 0);
    tasks[0]?.resolve();
    const outcome = await Promise.race([end, extra.started.wait().then(() => 'started')]);
    assert.ok(outcome === 'started' || outcome === 'TASK_REJECTED');
    for (const task of [...tasks, extra]) task.resolve();
    await Promise.all([...results, end]);
  });

  it('loses no slot to failures', async () => {
    const executor = make();
    const failures = Array.from({ length: slots * 3 }, (_, i) =>
      executor.execute(() => (i % 2 === 0 ? fail(new Error('thrown')) : Promise.reject(new Error('rejected')))),
    );
    assert.ok((await Promise.allSettled(failures)).every(({ status }) => status === 'rejected'));
    assert.equal(executor.available, slots);
  });

  it('keeps the slot of a task that never ends, and only that', async () => {
    const executor = make();
    const stuck = new ManualTask();
    void executor.execute(stuck.run);
    await stuck.started.wait();
    if (slots > 1) assert.equal(await executor.execute(() => 'other'), 'other');
    await eventLoopTurn();
    assert.equal(executor.available, slots - 1);
  });

  it('holds the limit over many tasks that end in all ways, and settles each once', async () => {
    const executor = make();
    let running = 0;
    let most = 0;
    const work = async (i: number): Promise<number> => {
      most = Math.max(most, ++running);
      for (let turn = 0; turn < i % 3; turn++) await eventLoopTurn();
      running--;
      return i % 5 === 0 ? fail(new Error('scripted')) : i;
    };
    const results = Array.from({ length: 50 }, (_, i) => executor.execute(() => work(i)));
    const settled = await Promise.allSettled(results);
    assert.ok(most <= slots, `${most} tasks ran at once`);
    for (const [i, result] of settled.entries()) {
      if (result.status === 'fulfilled') assert.equal(result.value, i);
      else assert.ok(i % 5 === 0 || codeOf(result.reason) === 'TASK_REJECTED');
    }
    assert.equal(running, 0);
    assert.equal(executor.available, slots);
  });
}

function exerciseOrder({ make, slots, it }: Suite): void {
  it('starts waiting tasks in the order they came', async () => {
    const executor = make();
    const { tasks, results } = await fill(executor, slots);
    const started: number[] = [];
    const waiting = Array.from({ length: 100 }, (_, i) => executor.execute(() => void started.push(i)));
    for (const task of tasks) task.resolve();
    await Promise.all([...results, ...waiting]);
    assert.deepEqual(started, Array.from(started.keys()));
    assert.equal(started.length, 100);
  });

  it('lets a task that a running one gives go behind those that wait', async () => {
    const executor = make();
    const { tasks, results } = await fill(executor, slots);
    const started: string[] = [];
    let last: Promise<unknown> | undefined;
    const first = executor.execute(() => {
      started.push('first');
      last = executor.execute(() => started.push('last'));
    });
    const second = executor.execute(() => started.push('second'));
    for (const task of tasks) task.resolve();
    await Promise.all([...results, first, second]);
    await last;
    assert.deepEqual(started, ['first', 'second', 'last']);
  });
}

function exerciseWaking({ make, slots, it }: Suite): void {
  it('tells every subscriber when a slot came free', async () => {
    const executor = make();
    const { tasks, results } = await fill(executor, slots);
    const woken = [new Signal<number>(), new Signal<number>()];
    for (const signal of woken) executor.onAvailable(() => signal.fire(executor.available));
    tasks[0]?.resolve();
    assert.deepEqual(await Promise.all(woken.map((signal) => signal.wait())), [1, 1]);
    for (const task of tasks) task.resolve();
    await Promise.all(results);
  });

  it('tells of a slot that a synchronous task gave back', async () => {
    const executor = make();
    let wakes = 0;
    executor.onAvailable(() => wakes++);
    await executor.execute(() => undefined);
    assert.ok(wakes > 0);
  });

  it('tells of a slot that a failed task gave back', async () => {
    const executor = make();
    const { tasks, results } = await fill(executor, slots);
    const woken = new Signal();
    executor.onAvailable(() => woken.fire());
    tasks[0]?.reject(new Error('scripted'));
    await woken.wait();
    for (const task of tasks) task.resolve();
    await Promise.allSettled(results);
  });

  it('stops telling once the subscription ended, also when it ends in the call', async () => {
    const executor = make();
    let ended = 0;
    let once = 0;
    let always = 0;
    executor.onAvailable(() => ended++)();
    const stop = executor.onAvailable(() => {
      once++;
      stop();
    });
    executor.onAvailable(() => always++);
    for (let i = 0; i < 3; i++) await executor.execute(() => eventLoopTurn());
    stop();
    assert.equal(ended, 0);
    assert.equal(once, 1);
    assert.ok(always >= 3);
  });

  it('lets no subscriber starve behind one that takes every slot', async () => {
    const executor = make();
    const total = 20 * slots;
    const ended = [0, 0];
    const allEnded = new Signal();
    let given = 0;
    const pumps = [0, 1].map((user) => () => {
      while (executor.available > 0 && given < total) {
        given++;
        void executor.execute(eventLoopTurn).then(() => {
          ended[user] = (ended[user] ?? 0) + 1;
          if ((ended[0] ?? 0) + (ended[1] ?? 0) === total) allEnded.fire();
        });
      }
    });
    for (const pump of pumps) executor.onAvailable(pump);
    for (const pump of pumps) pump();
    await allEnded.wait();
    for (const share of ended) assert.ok(share >= total / 4, `shares of ${ended.join(' and ')}`);
  });

  const kinds = { synchronous: (): void => undefined, asynchronous: (): Promise<void> => Promise.resolve() };
  for (const [kind, task] of Object.entries<() => void | Promise<void>>(kinds)) {
    it(`takes ${kind} tasks from the call that tells, however many`, async () => {
      const executor = make();
      const total = 20_000;
      const allEnded = new Signal();
      let given = 0;
      let ended = 0;
      let most = 0;
      const count = (): void => {
        if (++ended === total) allEnded.fire();
      };
      const pump = (): void => {
        while (given < total && executor.available > 0) {
          given++;
          void executor.execute(task).then(count);
          most = Math.max(most, executor.concurrency - executor.available);
        }
      };
      executor.onAvailable(pump);
      pump();
      await allEnded.wait();
      assert.equal(given, total);
      assert.ok(most <= slots);
      assert.equal(executor.available, slots);
    });
  }
}

function exerciseDrain({ make, slots, it }: Suite): void {
  it('drains at once when nothing runs', async () => {
    const executor = make();
    await executor.drain();
    await executor.execute(() => 1);
    await executor.drain();
  });

  it('drains when the last task that runs or waits has ended, however it ended', async () => {
    const executor = make();
    const { tasks, results } = await fill(executor, slots);
    const waiting = new ManualTask();
    const end = executor.execute(waiting.run).catch(codeOf);
    let drained = 0;
    const drains = [executor.drain(), executor.drain()].map((drain) => drain.then(() => drained++));
    for (const task of tasks) task.reject(new Error('scripted'));
    await Promise.allSettled(results);
    if ((await Promise.race([end, waiting.started.wait()])) !== 'TASK_REJECTED') {
      await eventLoopTurn();
      assert.equal(drained, 0);
    }
    waiting.resolve();
    await Promise.all([...drains, end]);
  });
}

function exerciseCancel({ make, slots, it }: Suite): void {
  const reason = new Error('cancelled by the test');

  it('aborts the signals of running tasks with the reason', async () => {
    const executor = make();
    const { tasks, results } = await fill(executor, slots);
    executor.cancel(reason);
    for (const { started } of tasks) {
      const signal = await started.wait();
      assert.equal(signal.aborted, true);
      assert.equal(signal.reason, reason);
    }
    for (const task of tasks) task.resolve();
    await Promise.all(results);
    assert.equal(executor.available, slots);
  });

  it('rejects waiting tasks with the reason and never runs them', async () => {
    const executor = make();
    const { tasks, results } = await fill(executor, slots);
    const waiting = manualTasks(5);
    const ends = Promise.allSettled(waiting.map((task) => executor.execute(task.run)));
    executor.cancel(reason);
    for (const end of await ends) {
      assert.equal(end.status, 'rejected');
      assert.ok(end.reason === reason || codeOf(end.reason) === 'TASK_REJECTED');
    }
    for (const task of tasks) task.resolve();
    await Promise.all(results);
    await executor.drain();
    assert.ok(waiting.every(({ started }) => !started.fired));
  });

  it('counts a task that ignores its signal until it ends', async () => {
    const executor = make();
    const { tasks, results } = await fill(executor, slots);
    executor.cancel(reason);
    await eventLoopTurn();
    assert.equal(executor.available, 0);
    for (const task of tasks) task.resolve();
    await Promise.all(results);
    assert.equal(executor.available, slots);
  });

  it('runs later tasks as before, with a signal of their own', async () => {
    const executor = make();
    executor.cancel(reason);
    const stuck = new ManualTask();
    const end = executor.execute(stuck.run);
    await stuck.started.wait();
    executor.cancel(reason);
    stuck.resolve();
    await end;
    assert.equal(await executor.execute((signal) => signal.aborted), false);
    assert.equal(executor.available, slots);
  });

  it('leaves no rejection unhandled', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    const executor = make();
    const { tasks, results } = await fill(executor, slots);
    const all = [...results, executor.execute(() => 1), executor.execute(() => fail(new Error('never runs')))];
    const settled = Promise.allSettled(all);
    executor.cancel(reason);
    for (const task of tasks) task.reject(new Error('scripted'));
    await settled;
    await eventLoopTurn();
    process.off('unhandledRejection', note);
    assert.deepEqual(unhandled, []);
  });
}

interface ResizeSuite<Executor> {
  readonly make: () => Executor;
  readonly slots: number;
  readonly it: TestRunner['it'];
  readonly resize: (executor: Executor, slots: number) => void;
}

function exerciseResize<Executor extends TaskExecutor>({ make, slots, it, resize }: ResizeSuite<Executor>): void {
  it('tells of slots that it was given, at once', async () => {
    const executor = make();
    const { tasks, results } = await fill(executor, slots);
    const woken = new Signal();
    executor.onAvailable(woken.fire);
    resize(executor, slots + 2);
    await woken.wait();
    assert.deepEqual([executor.concurrency, executor.available], [slots + 2, 2]);
    for (const task of tasks) task.resolve();
    await Promise.all(results);
    assert.equal(executor.available, slots + 2);
  });

  it('lets running tasks end when slots are taken away, and starts none until there is one again', async () => {
    const executor = make();
    resize(executor, slots + 1);
    const { tasks, results } = await fill(executor, slots + 1);
    resize(executor, slots);
    const signals = await Promise.all(tasks.map(({ started }) => started.wait()));
    assert.deepEqual([executor.concurrency, executor.available], [slots, 0]);
    tasks[0]?.resolve();
    await results[0];
    assert.equal(executor.available, 0);
    assert.ok(signals.every(({ aborted }) => !aborted));
    tasks[1]?.resolve();
    await results[1];
    assert.equal(executor.available, 1);
    for (const task of tasks) task.resolve();
    await Promise.all(results);
  });
}

/** Takes every slot. */
async function fill(
  executor: TaskExecutor,
  slots: number,
): Promise<{ readonly tasks: readonly ManualTask[]; readonly results: readonly Promise<void>[] }> {
  const tasks = manualTasks(slots);
  const results = tasks.map((task) => executor.execute(task.run));
  await Promise.all(tasks.map(({ started }) => started.wait()));
  return { tasks, results };
}

function fail(thrown: unknown): never {
  throw thrown;
}
