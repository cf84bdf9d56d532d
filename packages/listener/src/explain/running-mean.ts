/** The mean of the last values, of about so many: of all until there are more, and then each new one moves it by its share. */
export class RunningMean {
  readonly #memory: number;
  #count = 0;
  #mean = 0;

  constructor(memory: number) {
    this.#memory = memory;
  }

  /** Undefined before the first value. */
  get value(): number | undefined {
    return this.#count === 0 ? undefined : this.#mean;
  }

  add(value: number): void {
    this.#count = Math.min(this.#count + 1, this.#memory);
    this.#mean += (value - this.#mean) / this.#count;
  }
}
