import { KafkaConfigError } from '@hearken/core';
import { highestReadyLevel, isLevelReady, type DispatchPolicy, type DispatchPolicyFactory } from './dispatch-policy.js';

/**
 * The most urgent level first; but a level with a floor f is due when it has been ready for 1/f decisions, and what is due
 * goes first, the longest due before the others. So it starts within ⌈1/f⌉ decisions plus one for each other floor, and gets f
 * of them in the long run while it is ready. A level that is not ready at a decision begins to wait anew.
 */
class StrictPolicy implements DispatchPolicy {
  readonly name: string;
  /** Decisions between two that a level must have; Infinity without a floor. */
  readonly #period: Float64Array;
  /** The decision at which each is due. */
  readonly #due: Float64Array;
  readonly #withFloor: number;
  #decisions = 0;
  #ready = 0;
  #wasDue = false;

  constructor(name: string, minShares: readonly number[]) {
    this.name = name;
    this.#period = Float64Array.from(minShares, (share) => 1 / share);
    this.#due = new Float64Array(minShares.length).fill(Infinity);
    this.#withFloor = minShares.reduce((bits, share, level) => (share > 0 ? bits | (1 << level) : bits), 0);
  }

  next(ready: number): number {
    const now = this.#decisions;
    const floors = ready & this.#withFloor;
    if (floors !== 0) this.#beginWaiting(floors & ~this.#ready, now);
    this.#ready = ready;
    const due = floors === 0 ? -1 : this.#longestDue(floors, now);
    return due < 0 ? highestReadyLevel(ready) : due;
  }

  /** From when it was due and not from now, or floors that are due together would be below their shares for ever. */
  started(level: number): void {
    const due = this.#due[level] ?? 0;
    const now = this.#decisions++;
    this.#wasDue = due <= now;
    this.#due[level] = (this.#wasDue ? due : now) + (this.#period[level] ?? 0);
  }

  explain(): string {
    return this.#wasDue ? 'its minShare was due' : 'no level above it was ready, and no minShare was due';
  }

  snapshot(): Readonly<Record<string, unknown>> {
    const due = Array.from(this.#due, (at, level) =>
      isLevelReady(this.#ready & this.#withFloor, level) ? Math.max(0, Math.ceil(at) - this.#decisions) : undefined,
    );
    return { decisions: this.#decisions, dueIn: due };
  }

  #beginWaiting(levels: number, now: number): void {
    for (let level = highestReadyLevel(levels); level >= 0; level--) {
      if (isLevelReady(levels, level)) this.#due[level] = now + Math.ceil(this.#period[level] ?? 0) - 1;
    }
  }

  #longestDue(floors: number, now: number): number {
    let found = -1;
    let least = now;
    for (let level = highestReadyLevel(floors); level >= 0; level--) {
      const due = this.#due[level] ?? 0;
      if (!isLevelReady(floors, level) || due > least || (found >= 0 && due === least)) continue;
      least = due;
      found = level;
    }
    return found;
  }
}

export interface StrictOptions {
  /** `'allow'`: levels below may wait for ever. Needed where no level below the highest has a `minShare`. */
  readonly starvation?: 'allow';
}

/**
 * The most urgent level first, and what a level's `minShare` guarantees. One below the highest that has none may still wait for
 * ever.
 * @throws KafkaConfigError (when the container is made) if no level below the highest has a `minShare` and starvation is not allowed
 */
export const strictPolicy =
  ({ starvation }: StrictOptions = {}): DispatchPolicyFactory =>
  ({ minShares }) => {
    if (starvation !== 'allow') requireFloor('strict', minShares);
    return new StrictPolicy('strict', minShares);
  };

/**
 * The most urgent level first, and at least one level below the highest is guaranteed its `minShare`.
 * @throws KafkaConfigError (when the container is made) if no level below the highest has a `minShare`
 */
export const strictWithFloorPolicy =
  (): DispatchPolicyFactory =>
  ({ minShares }) => {
    requireFloor('strict-with-floor', minShares);
    return new StrictPolicy('strict-with-floor', minShares);
  };

/** The highest level's own floor does not count: it comes first anyway, and protects nobody. */
function requireFloor(policy: string, minShares: readonly number[]): void {
  if (minShares.length === 1 || minShares.slice(0, -1).some((share) => share > 0)) return;
  const allow = policy === 'strict' ? `, or starvation: 'allow'` : '';
  throw new KafkaConfigError('PriorityListenerContainer', [
    {
      path: 'policy',
      message: `'${policy}' needs a minShare for at least one level below the highest${allow}: else all of them would starve`,
    },
  ]);
}
