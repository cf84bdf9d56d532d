import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PriorityDispatcher } from '../../dist/dispatch/priority-dispatcher.js';
import { weightedPolicy } from '../../dist/policy/weighted.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;
setFlagsFromString('--allow-natives-syntax');
const hasFastProperties = runInNewContext('(object) => %HasFastProperties(object)') as (object: object) => boolean;

function isFast(): boolean {
  const policy = weightedPolicy()({ weights: [1, 2], minShares: [0, 0], capacity: 1 });
  const levels = [0, 1].map(() => ({ minSlots: 0, maxSlots: 1 }));
  return hasFastProperties(new PriorityDispatcher({ capacity: 1, levels, policy, onPolicyFailed: () => undefined }));
}

// What V8 does otherwise is told at `keepLayoutOf`.
it('A priority dispatcher keeps its fields where V8 finds them fast, also when all before it are gone', () => {
  const areFast = new Set<boolean>();
  for (let made = 0; made < 10; made++) {
    areFast.add(isFast()); // in a function of its own: a frame may hold what it made until it returns
    for (let cycle = 0; cycle < 6; cycle++) gc(); // layouts outlive their last instance by some
  }
  assert.deepEqual(areFast, new Set([true]));
});
