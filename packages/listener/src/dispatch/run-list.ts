import type { Run } from './run.js';

/** Runs that wait for a listener, in the order they began to. The runs are the links, so that being in it costs nothing. */
export class RunList implements Iterable<Run> {
  #first: Run | undefined;
  #last: Run | undefined;

  *[Symbol.iterator](): IterableIterator<Run> {
    for (let run = this.#first; run !== undefined; run = run.after) yield run;
  }

  /** @param run not in a list */
  add(run: Run): void {
    run.before = this.#last;
    if (this.#last === undefined) this.#first = run;
    else this.#last.after = run;
    this.#last = run;
  }

  /** @param run in this list */
  delete(run: Run): void {
    if (run.before === undefined) this.#first = run.after;
    else run.before.after = run.after;
    if (run.after === undefined) this.#last = run.before;
    else run.after.before = run.before;
    run.before = run.after = undefined;
  }
}
