import { isLevelReady, readyLevels, type DispatchPolicy, type DispatchPolicyFactory } from './dispatch-policy.js';

/** How far virtual time may go before it starts again from 0: far from where a double loses fractions. */
const REBASE_AT = 2 ** 20;

/**
 * Start-time fair queueing (Goyal, Vin, Cheng 1996). A record of level i is 1/wᵢ long; the level whose next record would begin
 * first, in virtual time, is next, and of equals the more urgent one. Virtual time is where the record chosen last begins, and
 * nobody begins before it: so an idle level saves nothing up.
 *
 * While levels i and j are both ready, |nᵢ/wᵢ − nⱼ/wⱼ| ≤ 1/wᵢ + 1/wⱼ.
 */
class WeightedPolicy implements DispatchPolicy {
  readonly name = 'weighted';
  /** How long a record is, by level. */
  readonly #length: Float64Array;
  /** Where the last record of each level ends. */
  readonly #end: Float64Array;
  #now = 0;
  #last = -1;
  #ready = 0;

  constructor(weights: readonly number[]) {
    this.#length = Float64Array.from(weights, (weight) => 1 / weight);
    this.#end = new Float64Array(weights.length);
  }

  next(ready: number): number {
    const now = this.#now;
    const end = this.#end;
    let chosen = -1;
    let least = Infinity;
    for (let level = end.length - 1; level >= 0 && least > now; level--) {
      if (!isLevelReady(ready, level)) continue;
      const begins = end[level] ?? 0;
      if (begins >= least) continue;
      least = begins; // below `now` it is as good as there: none can be sooner, and of equals this is the most urgent
      chosen = level;
    }
    this.#ready = ready;
    return chosen;
  }

  started(level: number): void {
    this.#now = this.#begins(level);
    this.#end[level] = this.#now + (this.#length[level] ?? 0);
    this.#last = level;
    if (this.#now > REBASE_AT) this.#rebase();
  }

  explain(): string {
    const waits = readyLevels(this.#ready)
      .filter((level) => level !== this.#last)
      .map((level) => `level ${level} is ${(this.#begins(level) - this.#now).toPrecision(3)} behind it`);
    if (waits.length === 0) return 'no other level was ready';
    return `its turn by weight came first: in virtual time ${waits.join(', ')}`;
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return { virtualTime: this.#now, nextStart: Array.from(this.#end, (_, level) => this.#begins(level)) };
  }

  #begins(level: number): number {
    const end = this.#end[level] ?? 0;
    return end > this.#now ? end : this.#now;
  }

  #rebase(): void {
    for (let level = 0; level < this.#end.length; level++) this.#end[level] = this.#begins(level) - this.#now;
    this.#now = 0;
  }
}

/** Shares by weight, exact at any moment, and what an idle level leaves goes to the others by their weights. The default. */
export const weightedPolicy = (): DispatchPolicyFactory => (shape) => new WeightedPolicy(shape.weights);
