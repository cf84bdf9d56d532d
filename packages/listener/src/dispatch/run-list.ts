import type { Work } from './work.js';

/** A run, as the list sees it. */
export interface WaitingRun {
  before: WaitingRun | undefined;
  after: WaitingRun | undefined;
  /** Whose listener it waits for, if it does, and since when on the monotonic clock: its turn's beginning. */
  readonly waitsFor: { readonly work: Work; readonly since: number } | undefined;
}

/** Runs that wait for a listener, in the order they began to. The runs are the links, so that being in it costs nothing. */
export class RunList implements Iterable<WaitingRun> {
  #first: WaitingRun | undefined;
  #last: WaitingRun | undefined;

  *[Symbol.iterator](): IterableIterator<WaitingRun> {
    for (let run = this.#first; run !== undefined; run = run.after) yield run;
  }

  /** How many of the listeners nobody waits for: they wait for the container itself. */
  get held(): number {
    let held = 0;
    for (const { waitsFor } of this) if (waitsFor?.work.isAwaited === false) held++;
    return held;
  }

  /** @param run not in a list */
  add(run: WaitingRun): void {
    run.before = this.#last;
    if (this.#last === undefined) this.#first = run;
    else this.#last.after = run;
    this.#last = run;
  }

  /** @param run in this list */
  delete(run: WaitingRun): void {
    if (run.before === undefined) this.#first = run.after;
    else run.before.after = run.after;
    if (run.after === undefined) this.#last = run.before;
    else run.after.before = run.before;
    run.before = run.after = undefined;
  }
}
