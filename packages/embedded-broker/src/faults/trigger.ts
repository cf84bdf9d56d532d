/** Which of the requests that match a rule it takes. */
export interface TriggerSpec {
  /** Counted from 1. */
  readonly nth: number;
  /** Infinity: all from the nth on. */
  readonly times: number;
  /** From 0 to 1; undefined: certainly. */
  readonly probability: number | undefined;
  readonly seed: number;
}

/**
 * Decides request by request: none before the nth, at most `times` in all, and of those in between each by the throw of
 * a die that falls the same way for the same seed. The die is thrown once per matching request.
 */
export class Trigger {
  readonly #spec: TriggerSpec;
  readonly #random: () => number;
  #matched = 0;
  #fired = 0;

  constructor(spec: TriggerSpec) {
    this.#spec = spec;
    this.#random = seededRandom(spec.seed);
  }

  /** Counts a request that matches; must be called for each, whoever takes it. */
  isDue(): boolean {
    const { nth, times, probability } = this.#spec;
    this.#matched++;
    const falls = probability === undefined || this.#random() < probability;
    return falls && this.#matched >= nth && this.#fired < times;
  }

  /** The request that was due is this rule's. */
  fire(): void {
    this.#fired++;
  }
}

/** Mulberry32: numbers from 0 (included) to 1 (excluded), 2^32 of them before they come again. */
function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
