import { isLevelReady, type DispatchPolicy, type DispatchPolicyFactory } from './dispatch-policy.js';

/**
 * Deficit round robin (Shreedhar, Varghese 1995). Levels take turns, the most urgent first; in its turn a level starts as many
 * records as its weight is of the least, and carries the fraction over. A level that has nothing when its turn comes carries
 * nothing.
 *
 * While levels i and j are both ready, |nᵢ/qᵢ − nⱼ/qⱼ| ≤ 1 + 1/qᵢ + 1/qⱼ with q = weight / least weight.
 */
class DeficitRoundRobin implements DispatchPolicy {
  readonly name = 'drr';
  readonly #quantum: Float64Array;
  /** What each may still start in its turn. */
  readonly #credit: Float64Array;
  /** Whose turn it is. */
  #turn = 0;

  constructor(weights: readonly number[]) {
    const least = Math.min(...weights);
    this.#quantum = Float64Array.from(weights, (weight) => weight / least);
    this.#credit = new Float64Array(weights.length);
  }

  next(ready: number): number {
    while (!this.#hasTurn(ready)) this.#passOn(ready);
    return this.#turn;
  }

  started(level: number): void {
    this.#credit[level] = (this.#credit[level] ?? 0) - 1;
  }

  explain(): string {
    return `it is its turn, with ${(this.#credit[this.#turn] ?? 0).toPrecision(3)} more records to come in it`;
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return { turn: this.#turn, credit: Array.from(this.#credit), quantum: Array.from(this.#quantum) };
  }

  #hasTurn(ready: number): boolean {
    return isLevelReady(ready, this.#turn) && (this.#credit[this.#turn] ?? 0) >= 1;
  }

  /** Every quantum is at least 1, so one round finds somebody. */
  #passOn(ready: number): void {
    if (!isLevelReady(ready, this.#turn)) this.#credit[this.#turn] = 0;
    this.#turn = this.#turn === 0 ? this.#credit.length - 1 : this.#turn - 1;
    this.#credit[this.#turn] = (this.#credit[this.#turn] ?? 0) + (this.#quantum[this.#turn] ?? 0);
  }
}

/** Shares by weight in rounds: a level starts its part of a round in a row. For listeners that like runs of one kind. */
export const drrPolicy = (): DispatchPolicyFactory => (shape) => new DeficitRoundRobin(shape.weights);
