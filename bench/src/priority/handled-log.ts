import { setTimeout as sleep } from 'node:timers/promises';

/** How long records may take after the last was sent. */
const STRAGGLERS_MS = 20_000;

/** Which records of which level were handled, by the number they were sent with, and how often. */
export class HandledLog {
  /** Of all levels, each as often as it was handled. */
  total = 0;
  readonly #times: number[][];

  constructor(levels: number) {
    this.#times = Array.from({ length: levels }, () => []);
  }

  handled(level: number, number: number): void {
    this.total++;
    const times = this.#times[level];
    if (times !== undefined) times[number] = (times[number] ?? 0) + 1;
  }

  /** Records that were handled more than once, each as often as that. */
  get duplicates(): number {
    return this.#times.flat().reduce((sum, times) => sum + Math.max(0, times - 1), 0);
  }

  /** Of those numbered from 1 to what was sent of each level, the ones not handled, when they have had their time. */
  async lost(sent: readonly number[], withinMs = STRAGGLERS_MS): Promise<number> {
    const deadline = performance.now() + withinMs;
    while (this.#missing(sent) > 0 && performance.now() < deadline) await sleep(20);
    return this.#missing(sent);
  }

  #missing(sent: readonly number[]): number {
    return sent.reduce((sum, count, level) => {
      const handled = this.#times[level]?.filter((_, number) => number >= 1 && number <= count).length ?? 0;
      return sum + count - handled;
    }, 0);
  }
}
