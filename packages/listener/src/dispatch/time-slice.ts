import type { Clock } from '@hearken/core';

const LONGEST_STRIDE = 64;

/**
 * How many records may pass before the clock is read again: as many as fit into an eighth of the budget at the last pace,
 * at most twice as many as before. A clock read costs more than a quick listener; a slow one must be seen at once.
 */
export function nextStride(stride: number, elapsedMs: number, budgetMs: number): number {
  const fitting = Math.floor((stride * budgetMs) / 8 / elapsedMs); // Infinity if no time passed
  return Math.max(1, Math.min(fitting, stride * 2, LONGEST_STRIDE));
}

/** What became of a turn. */
export interface TurnReport {
  /** Listeners used up the time they may hold it. */
  readonly wasSpent: boolean;
  /** Listeners that were called in it. */
  readonly calls: number;
}

/**
 * One turn of the event loop, and how long listeners may hold it. Listeners that end in microtasks would otherwise run a
 * whole fetch before any timer or socket is served. The turn that is under way has a number: a run that finds another one
 * has been waiting for something real.
 *
 * What has started counts before it has ended: a hundred listeners that start in a row, wait for a microtask each and then
 * compute for a millisecond hold the turn for a hundred, and no look at the clock between them would help.
 */
export class TimeSlice {
  readonly #clock: Clock;
  readonly #budgetMs: number;
  readonly #onNextTurn: (last: TurnReport) => void;
  #turn = 0;
  #underWay = false;
  #spent = false;
  #startedAt = 0;
  #checkedAt = 0;
  #stride = 1;
  #untilCheck = 1;
  /** What a record took when the clock was read last in this turn; 0 before. */
  #paceMs = 0;
  /** Records that started in this turn, */
  #started = 0;
  /** and of them those that have not ended. */
  #pending = 0;
  /** How many of them there may be, by the pace of the turn before: unknown if nothing ended in it, as where all wait. */
  #allowed = Infinity;

  /** @param onNextTurn called at the end of every turn that was entered; must not throw */
  constructor(clock: Clock, budgetMs: number, onNextTurn: (last: TurnReport) => void) {
    this.#clock = clock;
    this.#budgetMs = budgetMs;
    this.#onNextTurn = onNextTurn;
  }

  get turn(): number {
    return this.#turn;
  }

  /** When the turn that is under way began, or else the last one, on the monotonic clock. */
  get startedAt(): number {
    return this.#startedAt;
  }

  /** Listeners that were called in this turn. */
  get calls(): number {
    return this.#started;
  }

  /** Whether listeners held this turn long enough: nothing starts before the next one. */
  get isSpent(): boolean {
    return this.#spent || this.#pending >= this.#allowed;
  }

  /** Begins a turn if none is under way. */
  enter(): number {
    if (!this.#underWay) {
      this.#underWay = true;
      this.#startedAt = this.#checkedAt = this.#clock.monotonic();
      this.#untilCheck = this.#stride;
      setImmediate(this.#end);
    }
    return this.#turn;
  }

  /** A record starts in this turn. */
  started(): void {
    this.#started++;
    this.#pending++;
  }

  /** A record that started in this turn has ended in it. */
  ended(): void {
    this.#pending--;
    if (--this.#untilCheck > 0) return;
    const now = this.#clock.monotonic();
    this.#paceMs = (now - this.#checkedAt) / this.#stride;
    this.#stride = nextStride(this.#stride, now - this.#checkedAt, this.#budgetMs);
    this.#untilCheck = this.#stride;
    this.#checkedAt = now;
    if (now - this.#startedAt + this.#pending * this.#paceMs >= this.#budgetMs) this.#spent = true;
  }

  readonly #end = (): void => {
    const last = { wasSpent: this.isSpent, calls: this.#started };
    this.#underWay = false;
    this.#spent = false;
    this.#started = this.#pending = 0;
    this.#allowed = this.#paceMs > 0 ? Math.max(1, Math.floor(this.#budgetMs / this.#paceMs)) : Infinity;
    this.#paceMs = 0;
    this.#turn++;
    this.#onNextTurn(last);
  };
}
