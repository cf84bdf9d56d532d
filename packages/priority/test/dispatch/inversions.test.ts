import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import { PriorityDispatcher } from '../../dist/dispatch/priority-dispatcher.js';
import type { LevelSlots } from '../../dist/dispatch/slot-limits.js';
import { highestReadyLevel, isLevelReady, type DispatchPolicy } from '../../dist/index.js';
import { counts, setup, until } from '../container/setup.js';

/** Chooses these levels, in this order. */
class Script implements DispatchPolicy {
  readonly name = 'script';
  readonly #order: string;
  #at = 0;

  constructor(order: string) {
    this.#order = order;
  }

  next(ready: number): number {
    const level = Number(this.#order[this.#at]);
    return isLevelReady(ready, level) ? level : highestReadyLevel(ready);
  }

  started(): void {
    this.#at++;
  }
}

const free: LevelSlots = { minSlots: 0, maxSlots: 100 };

interface Setting {
  readonly levels?: readonly LevelSlots[];
  readonly paused?: number;
  /** The level whose records wait for others. */
  readonly blocked?: number;
}

/** Starts records of three levels in this order, of each as many as there are; they go on running. */
function dispatching(order: string, { levels = [free, free, free], paused, blocked }: Setting = {}): unknown {
  const policy = new Script(order);
  const onPolicyFailed = (error: unknown): never => assert.fail(error as Error);
  const dispatcher = new PriorityDispatcher({ capacity: 0, levels, policy, onPolicyFailed });
  if (paused !== undefined) dispatcher.pause(paused);
  const left = counts(order);
  for (const level of [0, 1, 2]) {
    dispatcher.attach(level, {
      get isReady() {
        return level !== blocked && (left[level] ?? 0) > 0;
      },
      startNext: () => {
        if (level === blocked) return 'blocked';
        if (left[level] === 0) return 'empty';
        left[level] = (left[level] ?? 0) - 1;
        return 'started'; // also of the last: nobody knows yet that there is no other
      },
      resized: () => undefined,
      pauseChanged: () => undefined,
      held: 0,
    });
    dispatcher.ready(level);
  }
  dispatcher.capacity = order.length;
  return { started: [...dispatcher.started].join(), inversions: dispatcher.inversions };
}

describe('inversions', () => {
  const order = '2102210';

  it('are the starts while a record of a more urgent level could have started', () => {
    assert.deepEqual(dispatching('222110'), { started: '1,2,3', inversions: 0 });
    assert.deepEqual(dispatching('001122'), { started: '2,2,2', inversions: 4 });
    assert.deepEqual(dispatching(order), { started: '2,2,3', inversions: 2 }, 'nothing is left above the last two');
  });

  it('are no starts while all of a more urgent level is blocked, paused, or has all the slots it may have', () => {
    assert.deepEqual(dispatching('1102', { blocked: 2 }), { started: '1,2,0', inversions: 0 });
    assert.deepEqual(dispatching('012', { paused: 2 }), { started: '1,1,0', inversions: 1 });
    const levels = [free, free, { minSlots: 0, maxSlots: 1 }];
    assert.deepEqual(dispatching('2012', { levels }), { started: '1,1,1', inversions: 1 });
  });

  it('are counted also where the more urgent level did not say that it has a record', () => {
    const init = { capacity: 1, levels: [free, free], policy: new Script('0') };
    const dispatcher = new PriorityDispatcher({ ...init, onPolicyFailed: (error) => assert.fail(error as Error) });
    for (const level of [0, 1])
      dispatcher.attach(level, {
        isReady: true,
        startNext: () => 'last',
        resized: () => undefined,
        pauseChanged: () => undefined,
        held: 0,
      });
    dispatcher.ready(0);
    assert.deepEqual([[...dispatcher.started], dispatcher.inversions], [[1, 0], 1]);
  });

  for (const waits of [false, true])
    it(`are counted where a record takes over the slot of one that ended ${waits ? 'in a microtask' : 'at once'}`, async () => {
      const gate = deferred();
      let started = '';
      const { container, give } = setup({
        capacity: 1,
        policy: () => new Script(`1${order}`),
        listener: (_record, _context, { priority }) => {
          started += String(priority);
          if (started.length === 1) return gate.promise;
          return waits ? Promise.resolve() : undefined;
        },
      });
      give(1, 1);
      await container.start();
      await until(() => started.length === 1);
      counts(order).forEach((count, level) => give(level, count));
      await until(() => container.metrics().levels.every(({ queued }, level) => queued === counts(order)[level]));
      gate.resolve();
      await until(() => started.length > order.length);
      assert.deepEqual([started, container.metrics().inversions], [`1${order}`, 2]);
      await container.stop();
    });
});
