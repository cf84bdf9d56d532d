interface Mark {
  readonly at: number;
  readonly count: number;
}

/** Marks are so far apart at least: who asks more often gets the rate of a longer time, and takes nobody's marks away. */
const LEAST_APART_MS = 5_000;
/** What was counted in less says nothing. */
const LEAST_MS = 100;

/** How fast something is counted that somebody else counts: since it was asked for last, and five seconds ago or more. */
export class RecentRate {
  #older: Mark;
  #newer: Mark;

  constructor(now: number, count: number) {
    this.#older = this.#newer = { at: now, count };
  }

  /** A second; undefined if next to no time has passed. */
  perSecond(now: number, count: number): number | undefined {
    const { at, count: before } = this.#older;
    if (now - this.#newer.at >= LEAST_APART_MS) {
      this.#older = this.#newer;
      this.#newer = { at: now, count };
    }
    return now - at < LEAST_MS ? undefined : ((count - before) * 1_000) / (now - at);
  }
}
