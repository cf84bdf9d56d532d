import assert from 'node:assert/strict';
import { eventLoopTurn, ManualClock } from '@hearken/testing';
import { LoopTurns } from '../../dist/dispatch/loop-turns.js';

/** Each of these asks again when it was called, so many times, and holds the event loop after it. */
function setup(names: string, { times, heldMs }: { times: number; heldMs: number }): readonly string[] {
  const clock = new ManualClock();
  const turns = new LoopTurns(clock);
  const called: string[] = [];
  for (const name of names) ask(name, times);
  return called;

  function ask(name: string, left: number): void {
    turns.ask(() => {
      called.push(name);
      queueMicrotask(() => clock.advance(heldMs)); // as listeners do
      if (left > 1) ask(name, left - 1);
    });
  }
}

describe('LoopTurns', () => {
  it('call in one turn as many as begin within 5 ms, in the order in which they asked', async () => {
    const called = setup('abcde', { times: 2, heldMs: 2.5 });
    for (const soFar of ['ab', 'abcd', 'abcdea', 'abcdeabc', 'abcdeabcde']) {
      await eventLoopTurn();
      assert.equal(called.join(''), soFar);
    }
  });

  it('call one at least in each turn', async () => {
    const called = setup('abc', { times: 1, heldMs: 50 });
    for (const soFar of ['a', 'ab', 'abc']) {
      await eventLoopTurn();
      assert.equal(called.join(''), soFar);
    }
  });

  it('call none twice in a turn, however quick they are', async () => {
    const called = setup('ab', { times: 3, heldMs: 0 });
    for (const soFar of ['ab', 'abab', 'ababab', 'ababab']) {
      await eventLoopTurn();
      assert.equal(called.join(''), soFar);
    }
  });
});
