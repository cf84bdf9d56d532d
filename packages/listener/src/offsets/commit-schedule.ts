import type { Clock, Timer } from '@hearken/core';
import { dueInMs, type CommitPolicy, type Uncommitted } from './commit-policy.js';

/** Keeps the time and the count of commits that nobody waits for. */
export class CommitSchedule {
  readonly #policy: CommitPolicy;
  readonly #clock: Clock;
  readonly #onDue: () => void;
  /** Set while a commit is to come. */
  #timer: Timer | undefined;
  /** How many records a commit now would cover, about. */
  #records = 0;
  #committedAt: number;
  #endedAt: number;
  #closed = false;

  /** @param onDue called when a commit is due; must not throw */
  constructor(policy: CommitPolicy, clock: Clock, onDue: () => void) {
    this.#policy = policy;
    this.#clock = clock;
    this.#onDue = onDue;
    this.#committedAt = this.#endedAt = clock.monotonic();
  }

  /** A record ended, and a commit now would cover so many more. Called for every record, so it does next to nothing. */
  ended(records: number): void {
    const policy = this.#policy;
    if (policy.quietMs < Infinity) this.#endedAt = this.#clock.monotonic();
    const before = this.#records;
    this.#records += records;
    if (before < policy.records && this.#records >= policy.records) this.#clear(); // due sooner than it was
  }

  /** There is something to commit. */
  touch(): void {
    if (this.#timer === undefined && !this.#closed) this.#schedule();
  }

  /** A commit is on its way, and leaves so many records for the next one. */
  sent(left: number): void {
    this.#clear();
    this.#records = left;
  }

  /** One was answered, in whatever way: the next is that far from it. */
  answered(): void {
    this.#committedAt = this.#clock.monotonic();
  }

  /** Nothing is due any more. */
  close(): void {
    this.#closed = true;
    this.#clear();
  }

  #schedule(): void {
    this.#timer = this.#clock.setTimer(this.#onTimer, dueInMs(this.#policy, this.#uncommitted()));
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    if (dueInMs(this.#policy, this.#uncommitted()) > 0)
      this.#schedule(); // others have ended since
    else this.#onDue();
  };

  #uncommitted(): Uncommitted {
    const now = this.#clock.monotonic();
    return { records: this.#records, sinceCommitMs: now - this.#committedAt, sinceEndMs: now - this.#endedAt };
  }

  #clear(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }
}
