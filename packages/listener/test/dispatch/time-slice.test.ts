import assert from 'node:assert/strict';
import { systemClock } from '@hearken/core';
import { eventLoopTurn, ManualClock } from '@hearken/testing';
import fc from 'fast-check';
import { nextStride, TimeSlice } from '../../dist/dispatch/time-slice.js';

/** @param waiting calls that what waits would take; without end, unless said otherwise */
function setup(waiting = (): number => Infinity) {
  const clock = new ManualClock();
  const turns: number[] = [];
  const slice: TimeSlice = new TimeSlice({ clock, budgetMs: 4, waiting, onNextTurn: () => turns.push(slice.turn) });
  return { clock, slice, turns };
}

/** Read anew each time: the compiler would take it for a constant. */
const isSpent = (slice: TimeSlice): boolean => slice.isSpent;

function run(slice: TimeSlice): void {
  slice.started();
  slice.ended();
}

describe('nextStride', () => {
  it('is from 1 to 64, at most doubles, and at the last pace takes at most an eighth of the budget', () => {
    const ms = { min: 0, max: 1_000, noNaN: true };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        fc.double(ms),
        fc.integer({ min: 1, max: 100 }),
        (stride, elapsed, budget) => {
          const next = nextStride(stride, elapsed, budget);
          assert.ok(Number.isInteger(next) && next >= 1 && next <= Math.min(64, stride * 2));
          if (next > 1) assert.ok((next * elapsed) / stride <= budget / 8 + 1e-9);
        },
      ),
    );
  });
});

describe('TimeSlice', () => {
  it('is spent once records took the budget, and fresh in the next turn', async () => {
    const { clock, slice, turns } = setup();
    const turn = slice.enter();
    for (let i = 0; i < 3; i++) {
      clock.advance(1);
      run(slice);
      assert.equal(slice.isSpent, false);
    }
    clock.advance(1);
    run(slice);
    assert.equal(slice.isSpent, true);
    assert.equal(slice.enter(), turn, 'the turn goes on until the event loop does');
    await eventLoopTurn();
    assert.deepEqual(turns, [turn + 1]);
    assert.equal(slice.isSpent, false);
  });

  it('does not read the clock for every quick record, but for every slow one', async () => {
    const { clock, slice } = setup();
    let reads = 0;
    const monotonic = clock.monotonic.bind(clock);
    clock.monotonic = () => (reads++, monotonic());
    slice.enter();
    for (let i = 0; i < 10_000; i++) run(slice);
    assert.ok(reads < 200, `${reads} reads for 10000 quick records`);
    await eventLoopTurn();
    slice.enter();
    for (let i = 0; i < 64; i++) {
      clock.advance(1); // the pace broke: one stride at the old pace passes unseen, no second
      run(slice);
    }
    assert.equal(slice.isSpent, true);
    await eventLoopTurn();
    slice.enter();
    let passed = 0;
    for (slice.enter(); !isSpent(slice);) {
      clock.advance(1);
      run(slice);
      passed++;
    }
    assert.equal(passed, 4);
  });

  it('counts what has started for as long as the others took', () => {
    const { clock, slice } = setup();
    slice.enter();
    for (let i = 0; i < 12; i++) slice.started();
    clock.advance(1);
    slice.ended();
    assert.equal(slice.isSpent, true, 'eleven more of 1 ms are on their way');
  });

  it('lets no more start in a turn than would end in time at the pace of the last', async () => {
    const { clock, slice } = setup();
    slice.enter();
    slice.started();
    clock.advance(2);
    slice.ended();
    await eventLoopTurn();
    slice.enter();
    slice.started();
    assert.equal(isSpent(slice), false);
    slice.started();
    assert.equal(isSpent(slice), true, 'two of 2 ms fill the 4 ms');
  });

  it('lets any number start after a turn in which none ended: they wait for something', async () => {
    const { clock, slice } = setup();
    slice.enter();
    slice.started();
    clock.advance(50);
    slice.ended();
    await eventLoopTurn();
    slice.enter();
    slice.started();
    assert.equal(isSpent(slice), true, 'one of 50 ms fills a turn');
    await eventLoopTurn();
    slice.enter();
    for (let i = 0; i < 1_000; i++) slice.started();
    assert.equal(isSpent(slice), false);
  });

  it('goes on with the little that waits when the budget is used up, and takes in nothing more', async () => {
    let waiting = 2;
    const { clock, slice } = setup(() => waiting);
    slice.enter();
    for (let i = 0; i < 2; i++) takes(0.5);
    assert.equal(slice.isUsedUp, false);
    takes(50); // the collector ran
    assert.equal(slice.isUsedUp, true);
    assert.equal(isSpent(slice), false, 'two of 0.5 ms are a quarter of 4 ms');
    for (; waiting > 0; waiting--) takes(0.5);
    assert.equal(isSpent(slice), true);
    await eventLoopTurn();
    assert.equal(slice.isUsedUp, false);

    function takes(ms: number): void {
      clock.advance(ms);
      run(slice);
    }
  });

  it('ends at once where what waits takes longer, and when what was left takes longer than it should', () => {
    for (const [waiting, spent] of [
      [3, true],
      [2, false],
    ] as const) {
      const { clock, slice } = setup(() => waiting);
      slice.enter();
      for (let i = 0; i < 8; i++) {
        clock.advance(0.5);
        run(slice);
      }
      assert.equal(isSpent(slice), spent);
      clock.advance(1);
      run(slice);
      assert.equal(isSpent(slice), true);
    }
  });

  it('begins no next turn in one of the event loop that other containers have held long enough', async () => {
    let began = 0;
    for (let i = 0; i < 3; i++) {
      new TimeSlice({ clock: new ManualClock(), budgetMs: 1, waiting: () => 0, onNextTurn: compute }).enter();
    }
    for (let turn = 1; turn <= 3; turn++) {
      await eventLoopTurn();
      assert.equal(began, turn);
    }

    function compute(): void {
      began++;
      const end = systemClock.monotonic() + 6;
      while (systemClock.monotonic() < end);
    }
  });

  it('arms nothing while nobody enters', async () => {
    const { slice, turns } = setup();
    slice.enter();
    await eventLoopTurn();
    await eventLoopTurn();
    await eventLoopTurn();
    assert.equal(turns.length, 1);
  });
});
