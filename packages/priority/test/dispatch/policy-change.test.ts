import assert from 'node:assert/strict';
import { PriorityDispatcher } from '../../dist/dispatch/priority-dispatcher.js';
import { highestReadyLevel, type DispatchPolicy } from '../../dist/index.js';

/** What it was told, and how many records it takes to run. */
class CountingPolicy implements DispatchPolicy {
  readonly name = 'counting';
  readonly told: string[] = [];
  running = 0;

  next(ready: number): number {
    return highestReadyLevel(ready);
  }

  started(level: number): void {
    this.running++;
    this.told.push(`started ${level}`);
  }

  ended(level: number): void {
    this.running--;
    this.told.push(`ended ${level}`);
  }
}

const slots = { minSlots: 0, maxSlots: 10 };

function setup(policy: DispatchPolicy): PriorityDispatcher {
  const onPolicyFailed = (error: unknown): never => assert.fail(error as Error);
  return new PriorityDispatcher({ capacity: 10, levels: [slots, slots], policy, onPolicyFailed });
}

describe('a policy that takes the place of another', () => {
  it('is told of what started under it, and of the ends of that alone', () => {
    const [before, after] = [new CountingPolicy(), new CountingPolicy()];
    const dispatcher = setup(before);
    dispatcher.attach(1, {
      isReady: false,
      startNext: () => 'last',
      resized: () => undefined,
      pauseChanged: () => undefined,
      held: 0,
    });
    dispatcher.ready(1);
    dispatcher.ready(1);
    dispatcher.policy = after;
    dispatcher.ready(1);
    for (let i = 0; i < 3; i++) dispatcher.ended(1, false);
    assert.deepEqual(before.told, ['started 1', 'started 1']);
    assert.deepEqual([after.told, after.running], [['started 1', 'ended 1'], 0]);
  });

  it('is not told of the record whose listener put it there', () => {
    const [before, after] = [new CountingPolicy(), new CountingPolicy()];
    const dispatcher = setup(before);
    dispatcher.attach(0, {
      isReady: false,
      startNext: () => {
        dispatcher.policy = after;
        dispatcher.ended(0, false);
        return 'last';
      },
      resized: () => undefined,
      pauseChanged: () => undefined,
      held: 0,
    });
    dispatcher.ready(0);
    assert.deepEqual([before.told, after.told], [[], []]);
  });
});
