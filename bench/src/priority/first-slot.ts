/**
 * When one who knows all could have started each probe: as soon as it was fetched, or at the first slot to come free after that,
 * of the very handlers that ran. Handlers that take the same time and once began together end together, again and again: all that
 * such a record can do is wait for them, whoever decides.
 */
export class FirstSlot {
  readonly waitsMs: number[] = [];
  readonly #capacity: number;
  readonly #fetched: number[] = [];
  #running = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  started(): void {
    this.#running++;
  }

  ended(): void {
    this.#running--;
    const sentAt = this.#fetched.shift();
    if (sentAt !== undefined) this.#couldStart(sentAt);
  }

  fetched(sentAt: number): void {
    if (this.#running < this.#capacity) this.#couldStart(sentAt);
    else this.#fetched.push(sentAt);
  }

  #couldStart(sentAt: number): void {
    this.waitsMs.push(performance.now() - sentAt);
  }
}
