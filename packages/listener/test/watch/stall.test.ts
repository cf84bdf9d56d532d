import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { PartitionSnapshot } from '../../dist/index.js';
import { stallReasons, standstillOf, type Standstill } from '../../dist/watch/stall.js';

const idle: PartitionSnapshot = {
  topic: 't',
  partition: 0,
  epoch: 1,
  position: 10,
  committed: 10,
  endOffset: 10,
  lag: 0,
  outstanding: 0,
  oldestOutstanding: undefined,
  oldestAgeMs: undefined,
  queued: 0,
  queuedBytes: 0,
  heldBytes: 0,
  running: 0,
  retrying: 0,
  lanes: 0,
  pausedBy: [],
};

const look = fc.record({
  epoch: fc.integer({ min: 1, max: 2 }),
  position: fc.integer({ min: 8, max: 10 }),
  outstanding: fc.integer({ min: 0, max: 2 }),
  lag: fc.constantFrom(undefined, 0, 3),
  pausedBy: fc.constantFrom<PartitionSnapshot['pausedBy']>(
    [],
    [],
    ['back-pressure'],
    ['executor'],
    ['user'],
    ['failure'],
  ),
});

describe('standstillOf', () => {
  it('lasts since the first look from which on there was something to do, nobody held it, and nothing came about', () => {
    fc.assert(
      fc.property(fc.array(look, { minLength: 1, maxLength: 20 }), (looks) => {
        const seen = looks.map((one): PartitionSnapshot => ({
          ...idle,
          ...one,
          oldestOutstanding: one.outstanding > 0 ? one.position - 1 : undefined,
        }));
        let standstill: Standstill | undefined;
        seen.forEach((partition, now) => (standstill = standstillOf(standstill, partition, now)));
        // The plain rule: go back from the last look for as long as each look is one of the same standstill as the one before.
        const place = ({ epoch, position, oldestOutstanding }: PartitionSnapshot): string =>
          `${epoch}/${oldestOutstanding ?? position}`;
        const goesOn = (at: number): boolean => {
          const now = seen[at] ?? idle;
          const held = now.pausedBy.some((owner) => owner === 'user' || owner === 'failure');
          return (
            at > 0 && !held && (now.outstanding > 0 || (now.lag ?? 0) > 0) && place(seen[at - 1] ?? now) === place(now)
          );
        };
        let since = seen.length - 1;
        while (goesOn(since)) since--;
        assert.equal(standstill?.since, since);
      }),
    );
  });
});

describe('stallReasons', () => {
  const reasonsOf = (change: Partial<PartitionSnapshot>, freeSlots = 1): readonly string[] =>
    stallReasons({ ...idle, ...change }, freeSlots);

  it('are all that its records wait for', () => {
    assert.deepEqual(reasonsOf({ outstanding: 1, running: 1 }), ['listener']);
    assert.deepEqual(reasonsOf({ outstanding: 3, running: 1, queued: 2 }, 0), ['listener', 'slot']);
    assert.deepEqual(reasonsOf({ outstanding: 3, retrying: 1, queued: 2 }), ['retry']);
    assert.deepEqual(reasonsOf({ outstanding: 2, queued: 2 }, 0), ['slot']);
    assert.deepEqual(reasonsOf({ outstanding: 2, queued: 2, pausedBy: ['executor'] }, 0), ['executor']);
    assert.deepEqual(reasonsOf({ outstanding: 5, queued: 2, pausedBy: ['back-pressure'] }), ['acknowledgment']);
    assert.deepEqual(reasonsOf({ lag: 7 }), ['fetch']);
    assert.deepEqual(reasonsOf({ lag: 7, pausedBy: ['executor'] }, 0), ['executor']);
  });
});
