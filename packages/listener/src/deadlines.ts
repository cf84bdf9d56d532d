import type { Clock, Timer } from '@hearken/core';

/**
 * Deadlines that are all the same time away. So the first that was set is the first that is due, and one timer serves any
 * number of them; setting and deleting one costs a map entry.
 */
export class Deadlines<Item extends object> {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #onDue: (item: Item) => void;
  /** When each is due, in that order. */
  readonly #due = new Map<Item, number>();
  /** Set for the first that was waited for: it may be gone by then, and there may be none. */
  #timer: Timer | undefined;

  /** @param onDue must not throw */
  constructor(clock: Clock, delayMs: number, onDue: (item: Item) => void) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#onDue = onDue;
  }

  has(item: Item): boolean {
    return this.#due.has(item);
  }

  /** Due after the delay; one that is known keeps its time. */
  add(item: Item): void {
    if (this.#due.has(item)) return;
    this.#due.set(item, this.#clock.monotonic() + this.#delayMs);
    this.#timer ??= this.#clock.setTimer(this.#look, this.#delayMs);
  }

  delete(item: Item): void {
    this.#due.delete(item);
  }

  /** Makes the one that is due first due now. False if there is none. */
  hurry(): boolean {
    const first = this.#due.keys().next();
    if (first.done === true) return false;
    this.#due.delete(first.value);
    this.#onDue(first.value);
    return true;
  }

  /** None will be due any more. */
  clear(): void {
    this.#due.clear();
    this.#timer?.clear();
    this.#timer = undefined;
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    const due: Item[] = [];
    for (const [item, at] of this.#due) {
      if (at > now) {
        this.#timer = this.#clock.setTimer(this.#look, at - now);
        break;
      }
      due.push(item);
    }
    for (const item of due) if (this.#due.delete(item)) this.#onDue(item); // whoever was told may have deleted others
  };
}
