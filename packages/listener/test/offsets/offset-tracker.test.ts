import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { OffsetTracker } from '../../dist/offsets/offset-tracker.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Of all rings there are. */
function ringBytes(): number {
  for (let cycle = 0; cycle < 2; cycle++) gc(); // the first one hands buffers to whoever frees them
  return process.memoryUsage().arrayBuffers;
}

/** The same thing, said plainly. */
class Model {
  readonly records: { offset: number; ended: boolean }[] = [];
  constructor(public nextOffset: number) {}
  get open(): { offset: number }[] {
    return this.records.filter(({ ended }) => !ended);
  }
  get committable(): number {
    return this.open[0]?.offset ?? this.nextOffset;
  }
  get span(): number {
    const first = this.records.findIndex(({ ended }) => !ended);
    return first < 0 ? 0 : this.records.length - first;
  }
}

type Step = { do: 'receive'; gap: number } | { do: 'end'; pick: number } | { do: 'advance'; by: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('receive' as const), gap: fc.oneof(fc.constant(0), fc.nat(50)) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('end' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('advance' as const), by: fc.nat(20) }) },
);

function apply(tracker: OffsetTracker, model: Model, what: Step): void {
  if (what.do === 'receive') {
    const offset = model.nextOffset + what.gap;
    assert.equal(tracker.received(offset), model.records.length);
    model.records.push({ offset, ended: false });
    model.nextOffset = offset + 1;
  } else if (what.do === 'advance') {
    model.nextOffset += what.by;
    tracker.advance(model.nextOffset);
  } else if (model.records.length > 0) {
    const sequence = what.pick % model.records.length;
    const record = model.records[sequence]!;
    assert.equal(tracker.ended(sequence), !record.ended, 'the first end counts, no other');
    record.ended = true;
  }
}

/** Whether the ranges say of each record below where they end what the list says, and that is as far as they can tell. */
function assertRanges(tracker: OffsetTracker, { records, nextOffset }: Model): void {
  const { open, to, isCut } = tracker.openRanges();
  const newestEnd = records.findLastIndex(({ ended }) => ended);
  assert.deepEqual([to, isCut], [records[newestEnd + 1]?.offset ?? nextOffset, false]);
  const isOpen = (offset: number): boolean => open.filter((edge) => edge <= offset).length % 2 === 1;
  for (const { offset, ended } of records) if (offset < to) assert.equal(isOpen(offset), !ended, `${offset}`);
  assert.deepEqual(
    open,
    [...new Set(open)].sort((a, b) => a - b),
  );
  const first = tracker.openRanges(1);
  assert.deepEqual([first.open, first.to], [open.slice(0, 2), open[2] ?? to]);
  assert.ok(first.isCut || open.length <= 2);
}

function assertSame(tracker: OffsetTracker, model: Model): void {
  assert.equal(tracker.committable, model.committable);
  assert.equal(tracker.outstanding, model.open.length);
  assert.equal(tracker.oldestOutstanding, model.open[0]?.offset);
  assert.equal(tracker.nextOffset, model.nextOffset);
  assert.equal(tracker.span, model.span);
  assert.equal(tracker.endedCount, model.records.length - model.open.length);
}

describe('OffsetTracker', () => {
  it('says what a plain list would say, and never goes back', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.array(step, { maxLength: 400 }), (position, steps) => {
        const tracker = new OffsetTracker(position);
        const model = new Model(position);
        let before = tracker.committable;
        for (const what of steps) {
          apply(tracker, model, what);
          assertSame(tracker, model);
          assert.ok(tracker.committable >= before, `went back from ${before} to ${tracker.committable}`);
          before = tracker.committable;
        }
        assertRanges(tracker, model);
      }),
    );
  });

  it('keeps thousands of records that end in any order, over many laps of its ring', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ records: fc.integer({ min: 1, max: 700 }), keep: fc.nat(300) }), { maxLength: 30 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        (bursts, randoms) => {
          const tracker = new OffsetTracker(0);
          const open = new Map<number, number>(); // sequence to offset
          let offset = 0;
          for (const { records, keep } of bursts) {
            for (let i = 0; i < records; i++) open.set(tracker.received(offset), offset++);
            while (open.size > keep) {
              const index = Math.floor(randoms.next().value! * open.size);
              const sequence = [...open.keys()][index]!;
              assert.ok(tracker.ended(sequence));
              open.delete(sequence);
            }
            assert.equal(tracker.committable, Math.min(offset, ...open.values()));
            assert.equal(tracker.outstanding, open.size);
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  it('grows with a burst, and gives nearly all of that back within a few laps', () => {
    const [burst, steady] = [2 ** 20, 10];
    const tracker = new OffsetTracker(0);
    const before = ringBytes();
    let offset = 0;
    const open: number[] = [];
    while (open.length < burst) open.push(tracker.received(offset++));
    assert.ok(ringBytes() - before >= 7 * burst);
    // A lap notes that the ring was full, and each one after it halves it.
    while (offset < 4 * burst) {
      for (const sequence of open.splice(0)) tracker.ended(sequence);
      while (open.length < steady) open.push(tracker.received(offset++));
    }
    assert.ok(ringBytes() - before < burst / 10, 'not even a hundredth of it');
    assert.equal(tracker.outstanding, steady);
    assert.equal(tracker.committable, offset - steady);
  });

  it('reports the position when nothing is outstanding, so that lag reaches 0 past transaction markers', () => {
    const tracker = new OffsetTracker(10);
    const sequence = tracker.received(10);
    tracker.advance(13);
    assert.equal(tracker.committable, 10);
    tracker.ended(sequence);
    assert.equal(tracker.committable, 13);
    tracker.advance(12);
    assert.equal(tracker.committable, 13, 'a position never goes back');
  });

  it('keeps offsets exact up to 2^53', () => {
    const tracker = new OffsetTracker(Number.MAX_SAFE_INTEGER - 2);
    const sequence = tracker.received(Number.MAX_SAFE_INTEGER - 2);
    assert.equal(tracker.committable, Number.MAX_SAFE_INTEGER - 2);
    tracker.ended(sequence);
    assert.equal(tracker.committable, Number.MAX_SAFE_INTEGER - 1);
  });
});
