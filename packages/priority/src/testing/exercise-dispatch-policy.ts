import assert from 'node:assert/strict';
import {
  isLevelReady,
  type DispatchPolicy,
  type DispatchPolicyFactory,
  type PolicyShape,
} from '../policy/dispatch-policy.js';
import { globalRunner, type TestRunner } from './test-runner.js';

/** What some policies promise and others do not. */
export interface DispatchPolicyPromises {
  /**
   * Whether the shares of busy levels are as their weights, in the end and at any moment, and what is idle saves nothing up.
   * At any moment: while levels i and j stay ready, |nᵢ/wᵢ − nⱼ/wⱼ| ≤ 1 + 1/wᵢ + 1/wⱼ, as deficit round robin has it. @default true
   */
  readonly sharesByWeight?: boolean;
  /** Whether every level that stays ready is chosen again and again. @default true */
  readonly servesAll?: boolean;
  /** @default the global one */
  readonly runner?: TestRunner;
}

/** What every {@link DispatchPolicy} promises. `make` returns a fresh one for the shape. */
export function exerciseDispatchPolicy(
  make: DispatchPolicyFactory,
  { sharesByWeight = true, servesAll = true, runner = globalRunner() }: DispatchPolicyPromises = {},
): void {
  for (const levels of [1, 2, 3, 16]) {
    runner.describe(`as a DispatchPolicy for ${levels === 1 ? 'one level' : `${levels} levels`}`, () => {
      const suite = { shape: shapeOf(levels), make, it: runner.it };
      exerciseChoice(suite);
      exerciseAsking(suite);
      exerciseObservers(suite);
      if (servesAll) exercisePatience(suite);
      if (sharesByWeight) exerciseShares(suite);
    });
  }
}

interface Suite {
  readonly shape: PolicyShape;
  readonly make: DispatchPolicyFactory;
  readonly it: TestRunner['it'];
}

/** Weights that add up to the capacity, as a distributor's do, and are not too far apart for a test. */
function shapeOf(levels: number): PolicyShape {
  const weights = Array.from({ length: levels }, (_, level) => 2 ** Math.min(level, 4));
  const capacity = weights.reduce((sum, weight) => sum + weight);
  return { weights, minShares: weights.map((_, level) => (level === levels - 1 ? 0 : 0.05)), capacity };
}

const DECISIONS = 5_000;

function exerciseChoice({ shape, make, it }: Suite): void {
  it('chooses a level that is ready', () => {
    const policy = make(shape);
    for (const ready of changing(shape)) requireReady(shape, ready, decide(policy, ready));
  });

  it('chooses a level that is ready however many records run, and whichever ends first', () => {
    const policy = make(shape);
    const running: number[] = [];
    for (const ready of changing(shape)) {
      const level = policy.next(ready);
      requireReady(shape, ready, level);
      policy.started(level);
      running.push(level);
      const ended = running.length < shape.capacity ? [] : running.splice((7 * ready) % running.length, 1);
      for (const each of ended) policy.ended?.(each);
    }
    for (const level of running.reverse()) policy.ended?.(level);
  });

  it('chooses the only level that is ready, however long and whatever was before', () => {
    const policy = make(shape);
    for (const ready of changing(shape)) decide(policy, ready);
    for (let level = 0; level < shape.weights.length; level++) {
      for (let i = 0; i < DECISIONS / 10; i++) assert.equal(decide(policy, 1 << level), level);
    }
  });

  it('chooses the same where all was the same', () => {
    const [one, other] = [make(shape), make(shape)];
    for (const ready of changing(shape)) assert.equal(decide(one, ready), decide(other, ready));
  });
}

function exerciseAsking({ shape, make, it }: Suite): void {
  it('counts what started, not what was asked', () => {
    const [asked, other] = [make(shape), make(shape)];
    for (const ready of changing(shape)) {
      const level = asked.next(ready);
      assert.equal(asked.next(ready), level, 'the same again while nothing started');
      asked.started(level);
      asked.ended?.(level);
      assert.equal(level, decide(other, ready));
    }
  });

  it('chooses another one where the level that it chose has nothing after all', () => {
    const policy = make(shape);
    for (const ready of changing(shape)) {
      const others = ready & ~(1 << policy.next(ready));
      if (others === 0) continue;
      requireReady(shape, others, decide(policy, others));
    }
  });
}

function exerciseObservers({ shape, make, it }: Suite): void {
  it('is not changed by being looked at', () => {
    const [seen, unseen] = [make(shape), make(shape)];
    assert.ok(typeof seen.name === 'string' && seen.name !== '', 'it has a name');
    seen.explain?.();
    seen.snapshot?.();
    for (const ready of changing(shape)) {
      assert.equal(decide(seen, ready), decide(unseen, ready));
      assert.equal(typeof (seen.explain?.() ?? ''), 'string');
      assert.doesNotThrow(() => JSON.stringify(seen.snapshot?.()));
    }
  });
}

function exercisePatience({ shape, make, it }: Suite): void {
  const longest = 4 * Math.max(shape.capacity, 25);

  it('keeps no level waiting for ever that stays ready, whatever the others do', () => {
    shape.weights.forEach((_, level) => {
      for (const others of [Array<number>(DECISIONS).fill(all(shape)), changing(shape)]) {
        const policy = make(shape);
        let waited = 0;
        for (const ready of others) {
          waited = decide(policy, ready | (1 << level)) === level ? 0 : waited + 1;
          assert.ok(waited <= longest, `level ${level} has waited for ${longest} decisions`);
        }
      }
    });
  });

  it('keeps no level waiting for ever that comes back, however long others were alone', () => {
    for (const [before, ready] of returns(shape)) {
      const policy = make(shape);
      for (let i = 0; i < 20 * shape.capacity; i++) decide(policy, before);
      const last = shape.weights.map(() => 0);
      for (let i = 1; i <= 2 * longest; i++) {
        last[decide(policy, ready)] = i;
        const waiting = last.findIndex((at, level) => isLevelReady(ready, level) && i - at > longest);
        assert.ok(waiting < 0, `level ${waiting} has waited for ${longest} decisions`);
      }
    }
  });
}

/** What was ready for long, and what is from then on: each level alone, and all but one; then with the others or with one. */
function* returns(shape: PolicyShape): Iterable<readonly [before: number, ready: number]> {
  for (let level = 0; level < shape.weights.length; level++) {
    const [one, others] = [1 << level, all(shape) & ~(1 << level)];
    yield [one, all(shape)];
    if (others !== 0) yield [others, all(shape)];
    for (let other = 0; other < shape.weights.length; other++) yield [one, one | (1 << other)];
  }
}

function exerciseShares({ shape, make, it }: Suite): void {
  const { weights, capacity } = shape;

  it('shares by weight among levels that stay ready', () => {
    const policy = make(shape);
    const chosen = weights.map(() => 0);
    const decisions = 200 * capacity;
    for (let i = 0; i < decisions; i++) count(chosen, decide(policy, all(shape)));
    chosen.forEach((times, level) => {
      const share = (weights[level] ?? 0) / capacity;
      assert.ok(
        Math.abs(times / decisions - share) < 0.01,
        `level ${level} had ${times} of ${decisions}, not ${share}`,
      );
    });
  });

  it('lets no level get a round ahead of another while both stay ready', () => {
    const policy = make(shape);
    const chosen = Array.from({ length: 20 * capacity }, () => decide(policy, all(shape)));
    weights.forEach((ours, level) =>
      weights.slice(0, level).forEach((theirs, other) => {
        let [ahead, most, least] = [0, 0, 0];
        for (const each of chosen) {
          if (each === level) ahead += 1 / ours;
          if (each === other) ahead -= 1 / theirs;
          [most, least] = [Math.max(most, ahead), Math.min(least, ahead)];
        }
        const bound = 1 + 1 / ours + 1 / theirs;
        assert.ok(most - least <= bound + 1e-6, `levels ${level} and ${other}: ${most - least} rounds, not ${bound}`);
      }),
    );
  });

  it('lets no level save up what it did not use', () => {
    for (let idle = 0; idle < weights.length; idle++) {
      const policy = make(shape);
      const others = all(shape) & ~(1 << idle);
      for (let i = 0; others !== 0 && i < DECISIONS; i++) decide(policy, others);
      const chosen = weights.map(() => 0);
      for (let i = 0; i < 10 * capacity; i++) count(chosen, decide(policy, all(shape)));
      const most = 10 * (weights[idle] ?? 0) + capacity;
      assert.ok((chosen[idle] ?? 0) <= most, `level ${idle} had ${chosen[idle]} of ${10 * capacity} when it came back`);
    }
  });
}

/** As the container does it where listeners end at once. */
function decide(policy: DispatchPolicy, ready: number): number {
  const level = policy.next(ready);
  policy.started(level);
  policy.ended?.(level);
  return level;
}

/** A shift takes its number modulo 32, so 33 would be ready where level 1 is. */
function requireReady({ weights }: PolicyShape, ready: number, level: number): void {
  const isOne = Number.isInteger(level) && level >= 0 && level < weights.length;
  assert.ok(isOne && isLevelReady(ready, level), `chose ${level} of ${ready.toString(2)}`);
}

const count = (chosen: number[], level: number): void => void (chosen[level] = (chosen[level] ?? 0) + 1);

const all = ({ weights }: PolicyShape): number => 2 ** weights.length - 1;

/** What is ready, decision by decision: a different set for some decisions at a time, the same for every run. */
function* changing(shape: PolicyShape): Iterable<number> {
  let state = 1;
  const random = (): number => (state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) >>> 0;
  let ready = all(shape);
  for (let i = 0; i < DECISIONS; i++) {
    if (random() % 4 === 0) ready = random() % (all(shape) + 1) || all(shape);
    yield ready;
  }
}
