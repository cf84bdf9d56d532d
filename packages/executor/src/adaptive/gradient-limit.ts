import { LogMean } from './log-mean.js';

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
/** What differs by more than three standard errors does not differ by chance; in the logarithm, and by more than a few percent. */
const STANDARD_ERRORS = 3;
const NOTHING = 0.05;

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
  #unloadedMs: number | undefined;
  /** Counts windows: calls of an earlier one are known by it. */
  #window = 0;
  #isProbe = false;
  #untilProbe = SOON;
  #latencies = new LogMean();
  /** The most calls that ran at once in this window. */
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
    this.#latencies.add(latencyMs);
    return this.#latencies.count < Math.max(FEWEST_CALLS, ROUNDS * this.now) ? undefined : this.#endWindow();
  }

  /** Whether a call that failed after this time is to be counted: one that failed at once says nothing of the load. */
  tellsOfLoad(latencyMs: number): boolean {
    return latencyMs >= (this.#unloadedMs ?? Infinity);
  }

  #endWindow(): LimitChange | undefined {
    const [latencies, peak] = [this.#latencies, this.#peak];
    this.#window++;
    this.#latencies = new LogMean();
    this.#peak = 0;
    if (this.#isProbe) {
      this.#endProbe(latencies);
      return undefined;
    }
    this.#unloadedMs ??= latencies.mean;
    if (peak >= this.limit && --this.#untilProbe <= 0) this.#isProbe = true;
    return this.#move(this.#unloadedMs, latencies, peak);
  }

  /** What cannot be chance is taken as it is, and soon looked at again; the rest is averaged. */
  #endProbe({ mean, standardError }: LogMean): void {
    const before = this.#unloadedMs ?? mean;
    const isNews = Math.abs(Math.log(mean / before)) > STANDARD_ERRORS * standardError + NOTHING;
    this.#isProbe = false;
    this.#unloadedMs = isNews ? mean : Math.sqrt(before * mean);
    this.#untilProbe = isNews ? SOON : SELDOM;
  }

  /**
   * A limit that was not reached does not grow: nothing is known of more. And one that was not nearly reached says nothing.
   * A latency that is within its standard error of the unloaded one is not held against the limit.
   */
  #move(unloadedMs: number, { mean, standardError }: LogMean, peak: number): LimitChange | undefined {
    const previous = this.limit;
    const gradient = (unloadedMs / mean) * Math.exp(standardError);
    const moved = nextLimit(this.#limit, gradient, this.#rules);
    if (peak < previous / 2 || (moved > this.#limit && peak < previous)) return undefined;
    this.#limit = moved;
    return this.limit === previous ? undefined : { previous, next: this.limit, latencyMs: mean, unloadedMs };
  }
}
