import { exerciseTaskExecutor } from '@hearken/testing';
import { LevelExecutor } from '../../dist/dispatch/level-executor.js';
import { PriorityDispatcher } from '../../dist/dispatch/priority-dispatcher.js';
import { weightedPolicy } from '../../dist/policy/weighted.js';

/** A level of two, and the dispatcher whose capacity is its own as well. */
class SecondLevel extends LevelExecutor {
  readonly dispatcher: PriorityDispatcher;

  constructor(capacity: number) {
    const slots = { minSlots: 0, maxSlots: Infinity };
    const dispatcher = new PriorityDispatcher({
      capacity,
      levels: [slots, slots],
      policy: weightedPolicy()({ weights: [1, 2], minShares: [0, 0], capacity }),
      onPolicyFailed: () => undefined,
    });
    super(dispatcher, 1);
    this.dispatcher = dispatcher;
  }
}

describe('LevelExecutor', () => {
  exerciseTaskExecutor((capacity) => new SecondLevel(capacity), {
    resize: ({ dispatcher }, capacity) => (dispatcher.capacity = capacity),
  });
});
