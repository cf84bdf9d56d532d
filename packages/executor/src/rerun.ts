/**
 * Runs a step, and again for as long as somebody asked for it meanwhile. A loop, because what the step starts may end at once
 * and ask again: the stack must not grow with each.
 */
export class Rerun {
  readonly #step: () => void;
  #isRunning = false;
  /** Counts what the step that runs further up the stack has to look at again. */
  #asked = 0;

  /** @param step must not throw */
  constructor(step: () => void) {
    this.#step = step;
  }

  /** Whether it ran: false if the one that runs already will do it. */
  run(): boolean {
    this.#asked++;
    if (this.#isRunning) return false;
    this.#isRunning = true;
    let seen: number;
    do {
      seen = this.#asked;
      this.#step();
    } while (seen !== this.#asked);
    this.#isRunning = false;
    return true;
  }
}
