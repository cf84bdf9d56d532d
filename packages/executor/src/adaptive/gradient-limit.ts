export interface GradientRules {
  readonly minLimit: number;
  readonly maxLimit: number;
  readonly initialLimit: number;
  readonly smoothing: number;
}

/** A change of the limit, and the two latencies that led to it. */
export interface LimitChange {
  readonly previous: number;
  readonly next: number;
  /** Typical latency of the last calls (the mean of its logarithm, so that few slow ones do not make it). */
  readonly latencyMs: number;
  /** The same with half as many calls under way, some time ago. */
  readonly unloadedMs: number;
}

/** The limit that follows on one, by how much of the latency is not waiting: from 0.5, as nothing is to collapse at once, to 1. */
export function nextLimit(limit: number, gradient: number, { minLimit, maxLimit, smoothing }: GradientRules): number {
  const wanted = limit * Math.max(0.5, Math.min(1, gradient)) + Math.sqrt(limit);
  return Math.max(minLimit, Math.min(maxLimit, limit + smoothing * (wanted - limit)));
}

/** A window ends when as many calls have as may run at once, this many times: the shortest ones alone would say too little. */
const ROUNDS = 4;
const FEWEST_CALLS = 16;
/** Windows between two looks at the unloaded latency: each costs half of what runs for one window. */
const SELDOM = 40;
/** While it changes. */
const SOON = 4;
const CHANGED = 0.2;

/**
 * How many calls should be under way, by their latency: the gradient, unloaded over present latency, is how much of a call is
 * not waiting, and the limit times that is what the other side works on. To it the square root of the limit is added, so
 * that a little always waits there and room is found when there is more. Knows nothing of time.
 *
 * Netflix's Gradient2 takes a long-term mean for the unloaded latency. A container that is behind is at its limit for hours: the
 * mean would come to hold the queue that the limit itself made, and the limit would creep up with it. So now and then
 * there is a window with half the limit, and its latency is what others are measured by.
 *
 * A call counts in the window in which it began, so that what is measured at half the limit began so, and the longest calls are
 * missing from all windows alike.
 */
export class GradientLimit {
  readonly #rules: GradientRules;
  #limit: number;
  #unloaded: number | undefined;
  /** Counts windows: calls of an earlier one are known by it. */
  #window = 0;
  #isProbe = false;
  #untilProbe = SOON;
  /** Of this window: calls that ended, the sum of the logarithms of their latencies, the most that ran at once. */
  #calls = 0;
  #sum = 0;
  #peak = 0;

  constructor(rules: GradientRules) {
    this.#rules = rules;
    this.#limit = rules.initialLimit;
  }

  /** Calls that should run at once at most, apart from a look at less load. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** The limit that is in force. */
  get now(): number {
    return this.#isProbe ? Math.max(this.#rules.minLimit, Math.floor(this.#limit / 2)) : this.limit;
  }

  /**
   * A call begins, and with it so many run. Returns what `ended` wants to know.
   */
  begin(running: number): number {
    this.#peak = Math.max(this.#peak, running);
    return this.#window;
  }

  /** @returns the change, if the end of this call made one */
  ended(window: number, latencyMs: number): LimitChange | undefined {
    if (window !== this.#window) return undefined;
    this.#calls++;
    this.#sum += Math.log(Math.max(latencyMs, LEAST_MS));
    return this.#calls < Math.max(FEWEST_CALLS, ROUNDS * this.now) ? undefined : this.#endWindow();
  }

  /** Whether a call that failed after this time is to be counted: one that failed at once says nothing of the load. */
  tellsOfLoad(latencyMs: number): boolean {
    return latencyMs >= (this.#unloaded ?? Infinity);
  }

  #endWindow(): LimitChange | undefined {
    const latencyMs = Math.exp(this.#sum / this.#calls);
    const peak = this.#peak;
    this.#window++;
    this.#calls = this.#sum = this.#peak = 0;
    if (this.#isProbe) {
      this.#endProbe(latencyMs);
      return undefined;
    }
    const unloadedMs = (this.#unloaded ??= latencyMs);
    if (peak >= this.limit && --this.#untilProbe <= 0) this.#isProbe = true;
    return this.#move(unloadedMs, latencyMs, peak);
  }

  #endProbe(latencyMs: number): void {
    const before = this.#unloaded ?? latencyMs;
    this.#isProbe = false;
    this.#unloaded = Math.sqrt(before * latencyMs);
    this.#untilProbe = Math.abs(Math.log(latencyMs / before)) > CHANGED ? SOON : SELDOM;
  }

  /** A limit that was not reached does not grow: nothing is known of more. And one that was not nearly reached says nothing. */
  #move(unloadedMs: number, latencyMs: number, peak: number): LimitChange | undefined {
    const previous = this.limit;
    const moved = nextLimit(this.#limit, unloadedMs / latencyMs, this.#rules);
    if (peak < previous / 2 || (moved > this.#limit && peak < previous)) return undefined;
    this.#limit = moved;
    return this.limit === previous ? undefined : { previous, next: this.limit, latencyMs, unloadedMs };
  }
}

/** What ends at once has a latency too, for the logarithm. */
const LEAST_MS = 0.1;
