import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Shares, type Share } from '../../dist/bulkhead/shares.js';

interface Division {
  readonly slots: number;
  readonly shares: Share[];
}

const division: fc.Arbitrary<Division> = fc
  .array(fc.record({ guaranteed: fc.nat(4), more: fc.nat(6) }), { minLength: 1, maxLength: 4 })
  .chain((given) => {
    const total = given.reduce((sum, { guaranteed }) => sum + guaranteed, 0);
    const shares = given.map(({ guaranteed, more }) => ({
      guaranteed,
      most: Math.max(1, guaranteed + more),
      running: 0,
    }));
    return fc.record({ slots: fc.integer({ min: Math.max(1, total), max: total + 6 }), shares: fc.constant(shares) });
  });

const moves = fc.array(fc.record({ starts: fc.boolean(), which: fc.nat(3) }), { maxLength: 80 });

/** Starts and ends tasks as it comes, each where `available` allows it, and looks after each. */
function play(
  { slots, shares: list }: Division,
  steps: readonly { starts: boolean; which: number }[],
  look: (free: number) => void,
): void {
  // prettier-ignore
  const shares = new Shares(list);
  const free = (): number => slots - list.reduce((sum, { running }) => sum + running, 0);
  for (const { starts, which } of steps) {
    const share = list[which % list.length]!;
    if (starts && shares.available(share, free()) > 0) share.running++;
    else if (!starts && share.running > 0) share.running--;
    look(free());
  }
}

const copyOf = ({ slots, shares }: Division): Division => ({ slots, shares: shares.map((share) => ({ ...share })) });

describe('Shares', () => {
  it('never start more than there are slots, nor more for one than it may have', () => {
    fc.assert(
      fc.property(division, moves, (given, steps) => {
        const world = copyOf(given);
        play(world, steps, (free) => {
          assert.ok(free >= 0, `${-free} too many`);
          for (const { running, most } of world.shares) assert.ok(running <= most);
        });
      }),
    );
  });

  it('have a slot for whoever is within its guarantee, whatever the others borrowed', () => {
    fc.assert(
      fc.property(division, moves, (given, steps) => {
        const world = copyOf(given);
        const shares = new Shares(world.shares);
        play(world, steps, (free) => {
          for (const share of world.shares)
            assert.ok(shares.available(share, free) >= share.guaranteed - share.running, 'its guarantee is taken');
        });
      }),
    );
  });

  it('lend what is guaranteed to nobody: alone, one gets all of it', () => {
    fc.assert(
      fc.property(division, fc.nat(3), (given, which) => {
        const { slots, shares: list } = copyOf(given);
        const share = list[which % list.length]!;
        const shares = new Shares(list);
        while (shares.available(share, slots - share.running) > 0) share.running++;
        const others = list.reduce((sum, { guaranteed }) => sum + guaranteed, 0) - share.guaranteed;
        assert.equal(share.running, Math.min(share.most, slots - others));
        assert.equal(shares.concurrency(share, slots), share.running);
      }),
    );
  });

  it('say how many would start at once, exactly', () => {
    fc.assert(
      fc.property(division, moves, fc.nat(3), (given, steps, which) => {
        const world = copyOf(given);
        play(world, steps, () => undefined);
        const shares = new Shares(world.shares);
        const share = world.shares[which % world.shares.length]!;
        let free = world.slots - world.shares.reduce((sum, { running }) => sum + running, 0);
        const said = shares.available(share, free);
        let started = 0;
        for (; shares.available(share, free) > 0; free--, started++) share.running++;
        assert.equal(started, said);
      }),
    );
  });

  it('have nothing in a pool that has nothing, as behind an open circuit breaker', () => {
    const share = { guaranteed: 2, most: 5, running: 0 };
    const shares = new Shares([share]);
    assert.deepEqual([shares.concurrency(share, 0), shares.available(share, 0)], [0, 0]);
  });
});
