import { exerciseTaskExecutor } from '@hearken/testing';
import { LevelExecutor } from '../../dist/dispatch/level-executor.js';
import { PriorityDispatcher } from '../../dist/dispatch/priority-dispatcher.js';
import { weightedPolicy } from '../../dist/policy/weighted.js';

describe('LevelExecutor', () => {
  exerciseTaskExecutor((capacity) => {
    const policy = weightedPolicy()({ weights: [1, 2], minShares: [0, 0], capacity });
    const slots = { minSlots: 0, maxSlots: capacity };
    const dispatcher = new PriorityDispatcher({
      capacity,
      levels: [slots, slots],
      policy,
      onPolicyFailed: () => undefined,
    });
    return new LevelExecutor(dispatcher, 1);
  });
});
