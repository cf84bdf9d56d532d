/** A timer that was set; `clear` may be called any number of times, also after it fired. */
export interface Timer {
  clear(): void;
}

/** Time, as the library sees it. Tests put a manual clock in its place. */
export interface Clock {
  /** Milliseconds since 1970. For timestamps only: it may jump. */
  now(): number;
  /** Milliseconds on a clock that never goes back. For durations and deadlines. */
  monotonic(): number;
  /**
   * Calls `callback` once after `delayMs`; Infinity is allowed.
   * @param options.keepAlive whether the timer alone keeps the process running. @default true
   */
  setTimer(callback: () => void, delayMs: number, options?: { readonly keepAlive?: boolean }): Timer;
}

/** Node runs a timer that is set for longer after 1 ms. 25 days are for ever here: who set a deadline looks at it again. */
export const LONGEST_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, delayMs, options) {
    const timer = setTimeout(callback, Math.min(delayMs, LONGEST_DELAY_MS));
    if (options?.keepAlive === false) timer.unref();
    return { clear: () => clearTimeout(timer) };
  },
};
