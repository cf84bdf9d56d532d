/** How many microtasks a poll loop needs at most to bring records that its consumer has at hand, and some. */
const MICROTASKS = 32;

/**
 * Some microtasks without dispatching, for levels that have just run dry. Listeners that end at once keep the dispatcher's
 * loop busy without giving way, and no poll comes through: levels that are all behind would each get what stood in their
 * buffers, however much of it was their share. Ends as soon as they have records again; no timer, no turn of the event loop.
 */
export class MicrotaskPause {
  readonly #onEnd: () => void;
  /** Those that ran dry, as bits. */
  #levels = 0;
  #left = 0;
  #isCounting = false;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  get isOn(): boolean {
    return this.#levels !== 0;
  }

  beginFor(level: number): void {
    this.#levels |= 1 << level;
    this.#left = MICROTASKS;
    if (!this.#isCounting) queueMicrotask(this.#count);
    this.#isCounting = true;
  }

  /** The level has records again. */
  endFor(level: number): void {
    this.#levels &= ~(1 << level);
  }

  readonly #count = (): void => {
    if (this.isOn && --this.#left > 0) {
      queueMicrotask(this.#count);
      return;
    }
    this.#isCounting = false;
    if (!this.isOn) return;
    this.#levels = 0;
    this.#onEnd();
  };
}
