import assert from 'node:assert/strict';
import { ExponentialQuotaDistributor, flipkartRound, flipkartState, validateDistribution } from '@hearken/priority';
import fc from 'fast-check';
import { traces } from './flipkart-vectors.js';

const QUOTAS = [7, 14, 29];
const ENDLESS = 1_000_000;

/** Polls as often as `backlogOf` has an answer; what each poll returned, by level. */
function countsOf(
  backlogOf: (poll: number, taken: readonly number[]) => readonly number[] | undefined,
): readonly (readonly number[])[] {
  const polls: (readonly number[])[] = [];
  const taken = QUOTAS.map(() => 0);
  let state = flipkartState(QUOTAS);
  for (;;) {
    const backlogs = backlogOf(polls.length, taken);
    if (backlogs === undefined) return polls;
    const { counts, next } = flipkartRound(state, backlogs);
    polls.push(counts);
    counts.forEach((count, level) => (taken[level] = (taken[level] ?? 0) + count));
    state = next;
  }
}

const sum = (counts: readonly number[] | undefined): number =>
  (counts ?? []).reduce((total, count) => total + count, 0);

describe('a poll of Flipkart', () => {
  it('is the one of its client, poll by poll', () => {
    assert.ok(traces.length >= 10);
    for (const { levels, capacity, size, threshold, polls } of traces) {
      const quotas = validateDistribution(new ExponentialQuotaDistributor(), levels, capacity);
      let state = flipkartState(quotas, { size, maxedOutThreshold: threshold });
      polls.forEach(([backlogs, limits, counts], poll) => {
        const round = flipkartRound(state, backlogs);
        const where = `poll ${poll} of ${levels} levels over ${capacity}`;
        assert.deepEqual([round.limits, round.counts], [limits, counts], where);
        state = round.next;
      });
    }
  });

  it('changes nothing it was given', () => {
    const state = flipkartState(QUOTAS);
    const before = state.windows.map(({ counts }) => counts);
    flipkartRound(state, [ENDLESS, ENDLESS, ENDLESS]);
    assert.deepEqual(
      state.windows.map(({ counts }) => counts),
      before,
    );
    assert.deepEqual(flipkartRound(state, [1, 2, 3]), flipkartRound(state, [1, 2, 3]));
  });

  it('lends to a lonely level after four polls', () => {
    const polls = countsOf((poll) => (poll < 6 ? [ENDLESS, 0, 0] : undefined));
    assert.deepEqual(
      polls.map(([p0]) => p0),
      [7, 7, 7, 7, 50, 50],
    );
  });

  it('lends all to the highest of two', () => {
    const polls = countsOf((poll) => (poll < 7 ? [ENDLESS, ENDLESS, 0] : undefined));
    assert.deepEqual(polls.at(-1), [7, 43, 0]);
  });

  it('takes nothing from those who lend: more than the capacity in one poll', () => {
    const back = (...backlogs: number[]) =>
      countsOf((poll) => (poll < 6 ? [ENDLESS, 0, 0] : poll === 6 ? backlogs : undefined)).at(-1);
    assert.equal(sum(back(ENDLESS, 0, ENDLESS)), 79);
    assert.equal(sum(back(ENDLESS, ENDLESS, ENDLESS)), 93);
  });

  it('needs 25 polls for three times 300 records, not 18', () => {
    const polls = countsOf((_, taken) => {
      const left = taken.map((count) => 300 - count);
      return sum(left) > 0 ? left : undefined;
    });
    assert.equal(polls.length, 25);
  });

  it('holds back the loan for six polls after one full one', () => {
    const spike = 6;
    let urgent = 0;
    const polls = countsOf((poll, [, , taken = 0]) => {
      if (poll === spike) urgent = 100;
      return poll < spike + 12 ? [ENDLESS, ENDLESS, urgent - taken] : undefined;
    });
    const others = polls.slice(spike + 3).map(([p0 = 0, p1 = 0]) => p0 + p1);
    assert.deepEqual(others, [21, 21, 21, 21, 21, 21, 37, 50, 50]);
  });

  it('never lends to a level whose fetches hold fewer than two shares', () => {
    assert.equal(sum(withFetchesOf(10, 100)), 500);
    assert.deepEqual(withFetchesOf(10, 4), [7, 3, 7, 3]);
    assert.ok(sum(withFetchesOf(20, 100)) > 1900);
    assert.ok(sum(withFetchesOf(50, 100)) > 4700);
  });

  it('is the one of a plain model', () => {
    fc.assert(
      fc.property(game, ({ quotas, size, threshold, backlogs }) => {
        let state = flipkartState(quotas, { size, maxedOutThreshold: threshold });
        const history: number[][] = [];
        for (const backlog of backlogs) {
          const { limits, counts, next } = flipkartRound(state, backlog);
          const expected = modelLimits(quotas, size, threshold, history);
          assert.deepEqual(limits, expected);
          assert.deepEqual(
            counts,
            expected.map((limit, level) => Math.min(limit, backlog[level] ?? 0)),
          );
          history.push([...counts]);
          state = next;
        }
      }),
    );
  });

  it('needs a backlog for each level', () => {
    assert.throws(() => flipkartRound(flipkartState(QUOTAS), [1, 2]), {
      code: 'ILLEGAL_STATE',
      message: 'there are 3 levels, got 2 backlogs',
    });
  });
});

/** Level 0 alone, endless, but a fetch brings so many and the next one goes out when they are taken. */
function withFetchesOf(records: number, polls: number): number[] {
  let fetched = 0;
  let before = 0;
  return countsOf((poll, [taken = 0]) => {
    fetched -= taken - before;
    before = taken;
    if (fetched === 0) fetched = records;
    return poll < polls ? [fetched, 0, 0] : undefined;
  }).map(([p0 = 0]) => p0);
}

const game = fc
  .record({ levels: fc.integer({ min: 1, max: 4 }), size: fc.integer({ min: 1, max: 7 }) })
  .chain(({ levels, size }) => {
    const perLevel = (count: fc.Arbitrary<number>) => fc.array(count, { minLength: levels, maxLength: levels });
    return fc.record({
      quotas: perLevel(fc.integer({ min: 1, max: 9 })),
      size: fc.constant(size),
      threshold: fc.integer({ min: 1, max: size }),
      // Mostly nothing or plenty: else no level is ever maxed out.
      backlogs: fc.array(perLevel(fc.oneof(fc.constant(0), fc.constant(99), fc.integer({ min: 0, max: 12 }))), {
        maxLength: 40,
      }),
    });
  });

/** The rule as it is told, from the whole history of polls. */
function modelLimits(
  quotas: readonly number[],
  size: number,
  threshold: number,
  history: readonly (readonly number[])[],
): number[] {
  const lastOf = (level: number) => {
    const polled = history.slice(-size).map((counts) => counts[level] ?? 0);
    return [...polled, ...Array.from({ length: size - polled.length }, () => 0)];
  };
  const limits = [...quotas];
  for (let level = quotas.length - 1; level >= 0; level--) {
    const quota = quotas[level] ?? 0;
    if (lastOf(level).filter((count) => count >= quota).length < threshold) continue;
    quotas.forEach((lent, lender) => {
      if (lender !== level) limits[level] = (limits[level] ?? 0) + Math.max(0, lent - Math.max(...lastOf(lender)));
    });
    return limits;
  }
  return limits;
}
