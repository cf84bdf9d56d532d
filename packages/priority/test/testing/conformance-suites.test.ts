import assert from 'node:assert/strict';
import {
  ExponentialQuotaDistributor,
  highestReadyLevel,
  isLevelReady,
  weightedPolicy,
  type DispatchPolicy,
  type DispatchPolicyFactory,
  type PolicyShape,
  type QuotaDistributor,
} from '../../dist/index.js';
import {
  exerciseDispatchPolicy,
  exerciseQuotaDistributor,
  type DispatchPolicyPromises,
  type QuotaDistributorPromises,
  type TestRunner,
} from '../../dist/testing/index.js';

/** The tests of a suite, and which of them fail; names as they are, once each. */
async function resultOf(exercise: (runner: TestRunner) => void): Promise<{ names: string[]; failures: string[] }> {
  const tests: { readonly name: string; readonly body: () => void | Promise<void> }[] = [];
  exercise({
    describe: (_name, body) => body(),
    it: (name, body) => tests.push({ name, body }),
  });
  const failures = new Set<string>();
  for (const { name, body } of tests) {
    try {
      await body();
    } catch {
      failures.add(name);
    }
  }
  return { names: [...new Set(tests.map(({ name }) => name))], failures: [...failures] };
}

/** The failures that are expected of something bad. */
interface Mutant<Bad> {
  readonly bad: Bad;
  /** The test that is there for it; others may fail as well. */
  readonly caughtBy: string;
}

const policyResult = (make: DispatchPolicyFactory, promises: DispatchPolicyPromises = {}) =>
  resultOf((runner) => exerciseDispatchPolicy(make, { ...promises, runner }));

const distributorResult = (distributor: QuotaDistributor, promises: QuotaDistributorPromises = {}) =>
  resultOf((runner) => exerciseQuotaDistributor(distributor, { ...promises, runner }));

/** A good policy, of which something is otherwise. */
const otherwise =
  (change: (policy: DispatchPolicy, shape: PolicyShape) => Partial<DispatchPolicy>): DispatchPolicyFactory =>
  (shape) => {
    const policy = weightedPolicy()(shape);
    const unchanged: DispatchPolicy = {
      name: policy.name,
      next: (ready) => policy.next(ready),
      started: (level) => policy.started(level),
      ended: () => undefined,
      explain: () => policy.explain?.() ?? '',
      snapshot: () => policy.snapshot?.() ?? {},
    };
    return { ...unchanged, ...change(policy, shape) };
  };

const broken = (): never => {
  throw new Error('broken');
};

/** Least virtual time first, where an idle level keeps what it had. */
const withMemory: DispatchPolicyFactory = ({ weights }) => {
  const served = weights.map(() => 0);
  const ofReady = (ready: number): number[] =>
    weights.map((_, level) => level).filter((level) => isLevelReady(ready, level));
  return {
    name: 'memory',
    next: (ready) =>
      ofReady(ready).reduceRight((best, level) => ((served[level] ?? 0) < (served[best] ?? 0) ? level : best)),
    started: (level) => void (served[level] = (served[level] ?? 0) + 1 / (weights[level] ?? 1)),
  };
};

/** So many rounds of each level in a row: the shares are right in the end. */
const inBlocksOf =
  (rounds: number): DispatchPolicyFactory =>
  ({ weights }) => {
    const quota = (level: number): number => rounds * (weights[level] ?? 0);
    let [turn, left] = [weights.length - 1, quota(weights.length - 1)];
    const pass = (ready: number, from: number, credit: number): [number, number] => {
      let [level, count] = [from, credit];
      while (count < 1 || !isLevelReady(ready, level)) {
        level = level === 0 ? weights.length - 1 : level - 1;
        count = quota(level);
      }
      return [level, count];
    };
    return {
      name: 'blocks',
      next: (ready) => ([turn, left] = pass(ready, turn, left))[0],
      started: () => {
        left--;
      },
    };
  };

/** Rounds by weight, that begin anew with the most urgent level whenever other levels are ready than before. */
const beginningAnew: DispatchPolicyFactory = (shape) => {
  let [policy, before] = [inBlocksOf(1)(shape), 0];
  return {
    name: 'anew',
    next: (ready) => {
      if (ready !== before) policy = inBlocksOf(1)(shape);
      before = ready;
      return policy.next(ready);
    },
    started: (level) => policy.started(level),
  };
};

/** Rounds in which the most urgent level goes first; and one that had more than its quota in the last has all of this one. */
const lendingForEver: DispatchPolicyFactory = ({ weights, capacity }) => {
  let [counts, limits] = [weights.map(() => 0), weights];
  const first = (ready: number): number =>
    counts.reduce((sum, count) => sum + count) < capacity
      ? weights.findLastIndex((_, level) => isLevelReady(ready, level) && (counts[level] ?? 0) < (limits[level] ?? 0))
      : -1;
  return {
    name: 'lending',
    next: (ready) => {
      if (first(ready) < 0) {
        const isAlone = counts.filter((count) => count > 0).length === 1;
        limits = weights.map((quota, level) => (isAlone && (counts[level] ?? 0) >= quota ? capacity : quota));
        counts = weights.map(() => 0);
      }
      return first(ready);
    },
    started: (level) => void (counts[level] = (counts[level] ?? 0) + 1),
  };
};

const READY = 'chooses a level that is ready';
const RUNNING = 'chooses a level that is ready however many records run, and whichever ends first';
const SAME = 'chooses the same where all was the same';
const PATIENCE = 'keeps no level waiting for ever that stays ready, whatever the others do';
const RETURN = 'keeps no level waiting for ever that comes back, however long others were alone';
const SHARES = 'shares by weight among levels that stay ready';
const ROUND = 'lets no level get a round ahead of another while both stay ready';
const SAVED = 'lets no level save up what it did not use';
const LOOKS = 'is not changed by being looked at';
const ASKED = 'counts what started, not what was asked';
const OTHER = 'chooses another one where the level that it chose has nothing after all';
const ONLY = 'chooses the only level that is ready, however long and whatever was before';

let made = 0;
let shared: DispatchPolicy | undefined;

const POLICY_MUTANTS: Readonly<Record<string, Mutant<DispatchPolicyFactory>>> = {
  'chooses the most urgent level, ready or not': {
    bad: otherwise((_, { weights }) => ({ next: () => weights.length - 1 })),
    caughtBy: READY,
  },
  'chooses a number that only shifts like a level': {
    bad: otherwise((policy) => ({ next: (ready) => policy.next(ready) + 32 })),
    caughtBy: READY,
  },
  'chooses none where the least urgent level is alone': {
    bad: otherwise((policy) => ({ next: (ready) => (ready === 1 ? -1 : policy.next(ready)) })),
    caughtBy: ONLY,
  },
  'throws when it is asked': { bad: otherwise(() => ({ next: broken })), caughtBy: READY },
  'throws when a record starts': { bad: otherwise(() => ({ started: broken })), caughtBy: READY },
  'throws when a record ends': { bad: otherwise(() => ({ ended: broken })), caughtBy: READY },
  'throws when it is to say why': { bad: otherwise(() => ({ explain: broken })), caughtBy: LOOKS },
  'shows what is no data': { bad: otherwise(() => ({ snapshot: () => ({ now: 1n }) })), caughtBy: LOOKS },
  'has no name': { bad: otherwise(() => ({ name: '' })), caughtBy: LOOKS },
  'decides otherwise after it was looked at': {
    bad: otherwise((policy, { weights }) => ({
      snapshot: () => (policy.started(weights.length - 1), {}),
    })),
    caughtBy: LOOKS,
  },
  'lets each level have one record at a time': {
    bad: otherwise((policy, { weights }) => {
      const running = weights.map(() => 0);
      const idle = (ready: number): number =>
        running.reduce((bits, count, level) => (count > 0 ? bits & ~(1 << level) : bits), ready);
      return {
        next: (ready) => (idle(ready) === 0 ? -1 : policy.next(idle(ready))),
        started: (level) => {
          policy.started(level);
          running[level] = (running[level] ?? 0) + 1;
        },
        ended: (level) => void (running[level] = (running[level] ?? 0) - 1),
      };
    }),
    caughtBy: RUNNING,
  },
  'takes it for granted that what started first ends first': {
    bad: otherwise((policy) => {
      const running: number[] = [];
      return {
        started: (level) => {
          policy.started(level);
          running.push(level);
        },
        ended: (level) => assert.equal(running.shift(), level),
      };
    }),
    caughtBy: RUNNING,
  },
  'is not the same each time': {
    bad: (shape) => {
      const first = made++ % 2;
      return otherwise((policy) => {
        let decisions = 0;
        return { next: (ready) => (decisions++ === first ? highestReadyLevel(ready) : policy.next(ready)) };
      })(shape);
    },
    caughtBy: SAME,
  },
  'is one for all containers': {
    bad: (shape) => {
      if (made !== shape.weights.length) shared = undefined;
      made = shape.weights.length;
      return (shared ??= weightedPolicy()(shape));
    },
    caughtBy: SAME,
  },
  'counts what it was asked': {
    bad: otherwise((policy) => ({
      next: (ready) => {
        const level = policy.next(ready);
        policy.started(level);
        return level;
      },
      started: () => undefined,
    })),
    caughtBy: ASKED,
  },
  'stays with its choice until a record starts': {
    bad: otherwise((policy) => {
      let chosen: number | undefined;
      return {
        next: (ready) => (chosen ??= policy.next(ready)),
        started: (level) => {
          policy.started(level);
          chosen = undefined;
        },
      };
    }),
    caughtBy: OTHER,
  },
  'starves all below the most urgent': {
    bad: otherwise(() => ({ next: highestReadyLevel })),
    caughtBy: PATIENCE,
  },
  'starves the least urgent while others come and go': { bad: beginningAnew, caughtBy: PATIENCE },
  'starves all below a level that was alone before': { bad: lendingForEver, caughtBy: RETURN },
  'shares alike, whatever the weights': {
    bad: (shape) => weightedPolicy()({ ...shape, weights: shape.weights.map(() => 1) }),
    caughtBy: SHARES,
  },
  'shares by weight in the end, in blocks of four rounds': { bad: inBlocksOf(4), caughtBy: ROUND },
  'remembers what an idle level did not use': { bad: withMemory, caughtBy: SAVED },
};

const VALID = 'gives every level a share, and all of the capacity';
const SAME_SHARES = 'gives the same answer to the same question';
const FAVOURS = 'gives a higher level no less than a lower one';

/** Exponential shares, of which something is otherwise. */
const sharing = (change: (shares: number[], capacity: number) => unknown): QuotaDistributor => ({
  distribution: (levels, capacity) => {
    const shares = [...new ExponentialQuotaDistributor().distribution(levels, capacity).entries()];
    const byLevel = shares.sort(([a], [b]) => a - b).map(([, share]) => share);
    const changed = change(byLevel, capacity);
    return Array.isArray(changed) ? new Map((changed as number[]).entries()) : (changed as ReadonlyMap<number, number>);
  },
});

let asked = 0;

const DISTRIBUTOR_MUTANTS: Readonly<Record<string, Mutant<QuotaDistributor>>> = {
  'gives out less than there is': {
    bad: sharing((shares, capacity) =>
      shares.map((_, i) => Math.floor((capacity * 2 ** i) / (2 ** shares.length - 1))),
    ),
    caughtBy: VALID,
  },
  'gives out more than there is': { bad: sharing(([least = 0, ...others]) => [least + 1, ...others]), caughtBy: VALID },
  'takes from a level what it does not have': {
    bad: sharing((shares, capacity) => shares.map((_, i) => (i === 0 ? capacity + shares.length - 1 : -1))),
    caughtBy: VALID,
  },
  'gives a level nothing': {
    bad: sharing((shares, capacity) => shares.map((_, i) => (i === shares.length - 1 ? capacity : 0))),
    caughtBy: VALID,
  },
  'gives a level NaN': { bad: sharing(([, ...others]) => [NaN, ...others]), caughtBy: VALID },
  'gives parts of a slot': {
    bad: sharing((shares, capacity) => shares.map(() => capacity / shares.length)),
    caughtBy: VALID,
  },
  'forgets a level': { bad: sharing((shares) => shares.slice(1)), caughtBy: VALID },
  'knows a level that there is not': { bad: sharing((shares) => [...shares, 1]), caughtBy: VALID },
  'gives a plain object': { bad: sharing((shares) => Object.fromEntries(shares.entries())), caughtBy: VALID },
  'throws for some capacities': {
    bad: sharing((shares, capacity) => (capacity % 64 === 0 ? broken() : shares)),
    caughtBy: VALID,
  },
  'gives what is left over to another level each time': {
    bad: sharing((shares) => {
      const [first = 0, last = 0] = [shares[0], shares.at(-1)];
      const more = asked++ % 2;
      return shares.length === 1 ? shares : [first + more, ...shares.slice(1, -1), last - more];
    }),
    caughtBy: SAME_SHARES,
  },
  'gives the least urgent most': { bad: sharing((shares) => shares.toReversed()), caughtBy: FAVOURS },
};

describe('the conformance suites of priority', () => {
  it('pass what keeps its promises', async () => {
    assert.deepEqual((await policyResult(otherwise(() => ({})))).failures, []);
    assert.deepEqual((await distributorResult(sharing((shares) => shares))).failures, []);
  });

  for (const [what, { bad, caughtBy }] of Object.entries(POLICY_MUTANTS))
    it(`catch a policy that ${what}`, async () => {
      const { failures } = await policyResult(bad);
      assert.ok(failures.includes(caughtBy), `only: ${failures.join('; ')}`);
    });

  for (const [what, { bad, caughtBy }] of Object.entries(DISTRIBUTOR_MUTANTS))
    it(`catch a distributor that ${what}`, async () => {
      const { failures } = await distributorResult(bad);
      assert.ok(failures.includes(caughtBy), `only: ${failures.join('; ')}`);
    });

  it('have no test that catches none of these', async () => {
    const caught = (mutants: Readonly<Record<string, Mutant<unknown>>>): string[] =>
      [...new Set(Object.values(mutants).map(({ caughtBy }) => caughtBy))].sort();
    const policies = await policyResult(weightedPolicy());
    const distributors = await distributorResult(new ExponentialQuotaDistributor());
    assert.deepEqual(caught(POLICY_MUTANTS), policies.names.sort());
    assert.deepEqual(caught(DISTRIBUTOR_MUTANTS), distributors.names.sort());
  });

  it('ask for no promise that was not made', async () => {
    const { bad: starving } = POLICY_MUTANTS['starves all below the most urgent'] ?? assert.fail();
    const { bad: reversed } = DISTRIBUTOR_MUTANTS['gives the least urgent most'] ?? assert.fail();
    assert.deepEqual((await policyResult(starving, { servesAll: false, sharesByWeight: false })).failures, []);
    assert.deepEqual((await policyResult(starving, { sharesByWeight: false })).failures, [PATIENCE, RETURN]);
    assert.deepEqual((await distributorResult(reversed, { favoursHigherLevels: false })).failures, []);
  });
});
