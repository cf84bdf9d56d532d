import fc from 'fast-check';
import { isLevelReady, type DispatchPolicy } from '../../dist/policy/dispatch-policy.js';

/** So many decisions in a row with the same levels ready. */
export interface Stretch {
  readonly ready: number;
  readonly decisions: number;
}

export const stretches = (levels: number): fc.Arbitrary<Stretch[]> =>
  fc.array(
    fc.record({
      ready: fc.integer({ min: 1, max: 2 ** levels - 1 }),
      decisions: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 400 })),
    }),
    { minLength: 1, maxLength: 12 },
  );

/** A decision, and that it was followed. */
export function decide(policy: DispatchPolicy, ready: number): number {
  const level = policy.next(ready);
  policy.started(level);
  return level;
}

/** Runs the policy; tells each decision. */
export function play(
  policy: DispatchPolicy,
  schedule: readonly Stretch[],
  onDecision: (ready: number, chosen: number) => void,
): void {
  for (const { ready, decisions } of schedule) {
    for (let i = 0; i < decisions; i++) onDecision(ready, decide(policy, ready));
  }
}

/**
 * By how much the service of two levels, each divided by its weight, differs at most over any interval in which both are
 * ready all the time.
 */
export class Unfairness {
  readonly #i: number;
  readonly #j: number;
  readonly #weights: readonly number[];
  #difference = 0;
  #most = 0;
  #least = 0;
  worst = 0;

  constructor(i: number, j: number, weights: readonly number[]) {
    this.#i = i;
    this.#j = j;
    this.#weights = weights;
  }

  readonly seen = (ready: number, chosen: number): void => {
    if (!isLevelReady(ready, this.#i) || !isLevelReady(ready, this.#j)) {
      this.#difference = this.#most = this.#least = 0;
      return;
    }
    if (chosen === this.#i) this.#difference += 1 / (this.#weights[this.#i] ?? NaN);
    if (chosen === this.#j) this.#difference -= 1 / (this.#weights[this.#j] ?? NaN);
    this.#most = Math.max(this.#most, this.#difference);
    this.#least = Math.min(this.#least, this.#difference);
    this.worst = Math.max(this.worst, this.#most - this.#least);
  };
}

/** Every pair of levels. */
export const pairs = (weights: readonly number[]): readonly (readonly [number, number])[] =>
  weights.flatMap((_, i) => weights.slice(i + 1).map((_, offset) => [i, i + 1 + offset] as const));

/** The law holds for every pair of levels, whatever is ready when. */
export function isFair(
  policy: DispatchPolicy,
  weights: readonly number[],
  schedule: readonly Stretch[],
  bound: (i: number, j: number) => number,
): boolean {
  const watched = pairs(weights).map(([i, j]) => ({ i, j, seen: new Unfairness(i, j, weights) }));
  play(policy, schedule, (ready, chosen) => {
    for (const { seen } of watched) seen.seen(ready, chosen);
  });
  return watched.every(({ i, j, seen }) => seen.worst <= bound(i, j) + 1e-6);
}

export const weightsOf = (weight: fc.Arbitrary<number>): fc.Arbitrary<number[]> =>
  fc.array(weight, { minLength: 2, maxLength: 16 });

export const wholeWeight = fc.integer({ min: 1, max: 64 });
export const anyWeight = fc.double({ min: 0.01, max: 100, noNaN: true });
