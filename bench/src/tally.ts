import type { Figures } from './scenario.js';
import { Stopwatch } from './stopwatch.js';

/** Counts values as they come; the time starts at the first, or before by `start`, and ends at the last. */
export class Tally {
  readonly #expected: number;
  readonly #sizeBytes: number;
  readonly #done: Promise<Figures>;
  #finish: (figures: Figures) => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;
  #stopwatch: Stopwatch | undefined;
  #seen = 0;
  #bytes = 0;

  /** @param sizeBytes of each value: the sum is checked, so that both sides have read what they count */
  constructor(expected: number, sizeBytes: number) {
    this.#expected = expected;
    this.#sizeBytes = sizeBytes;
    this.#done = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
  }

  /** What is fetched before the first value comes counts, too. */
  start(): void {
    this.#stopwatch = new Stopwatch();
  }

  /** @param value bytes, or text of one byte a character */
  count(value: { readonly length: number } | null): void {
    this.#stopwatch ??= new Stopwatch();
    this.#bytes += value?.length ?? 0;
    if (++this.#seen === this.#expected) this.#end(this.#stopwatch);
  }

  /** Resolves at the last value; rejects if their sizes are not what was sent. */
  figures(): Promise<Figures> {
    return this.#done;
  }

  #end(stopwatch: Stopwatch): void {
    const figures = stopwatch.lap(this.#expected);
    const bytes = this.#expected * this.#sizeBytes;
    if (this.#bytes === bytes) this.#finish(figures);
    else this.#fail(new Error(`read ${this.#bytes} bytes of values, ${bytes} were sent`));
  }
}
