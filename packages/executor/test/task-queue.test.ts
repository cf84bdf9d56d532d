import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TaskQueue, type WaitingTask } from '../dist/task-queue.js';

describe('TaskQueue', () => {
  it('is first in, first out, for any order of calls', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 500 }), (pushes) => {
        const queue = new TaskQueue();
        const model: (() => void)[] = [];
        for (const push of pushes) {
          const task = () => undefined;
          if (push) model.push(task);
          if (push) void queue.push(task);
          else assert.equal(queue.shift()?.task, model.shift());
          assert.equal(queue.size, model.length);
        }
      }),
    );
  });

  it('keeps nothing it gave away, and no order is lost when it makes room', () => {
    const queue = new TaskQueue();
    const tasks = Array.from({ length: 1_000 }, () => () => undefined);
    for (const task of tasks) void queue.push(task);
    const taken: WaitingTask['task'][] = [];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) taken.push(next.task);
    assert.deepEqual(taken, tasks);
    assert.equal(queue.size, 0);
  });
});
