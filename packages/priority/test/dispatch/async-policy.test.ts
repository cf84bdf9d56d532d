import assert from 'node:assert/strict';
import { eventLoopTurn } from '@hearken/testing';
import { PriorityDispatcher } from '../../dist/dispatch/priority-dispatcher.js';
import type { DispatchPolicy } from '../../dist/index.js';

const late = (() => Promise.reject(new Error('late'))) as () => never;
const slots = { minSlots: 0, maxSlots: 10 };

describe('a policy whose methods are async functions', () => {
  for (const [name, failure] of [
    ['next', /^RangeError: the policy chose level/],
    ['started', /^Error: late/],
    ['ended', /^Error: late/],
  ] as const) {
    it(`has failed where ${name} is one`, async () => {
      const failures: unknown[] = [];
      const policy: DispatchPolicy = { name: 'late', next: () => 0, started: () => undefined, [name]: late };
      const onPolicyFailed = (error: unknown): void => void failures.push(error);
      const dispatcher = new PriorityDispatcher({ capacity: 10, levels: [slots, slots], policy, onPolicyFailed });
      for (const level of [0, 1])
        dispatcher.attach(level, {
          isReady: false,
          startNext: () => 'last',
          resized: () => undefined,
          pauseChanged: () => undefined,
          held: 0,
        });
      dispatcher.ready(0);
      dispatcher.ended(0, false);
      await eventLoopTurn();
      assert.match(String(failures[0]), failure);
    });
  }
});
