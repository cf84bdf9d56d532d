import type { Clock } from '@hearken/core';
import { loopTurns } from './loop-turns.js';

const LONGEST_STRIDE = 64;

/**
 * How many records may pass before the clock is read again: as many as fit into an eighth of the budget at the last pace,
 * at most twice as many as before. A clock read costs more than a quick listener; a slow one must be seen at once.
 */
export function nextStride(stride: number, elapsedMs: number, budgetMs: number): number {
  const fitting = Math.floor((stride * budgetMs) / 8 / elapsedMs); // Infinity if no time passed
  return Math.max(1, Math.min(fitting, stride * 2, LONGEST_STRIDE));
}

/** How much longer a turn may take, of its budget, for what it would leave over. */
const GRACE = 1 / 4;

/**
 * - `over`: none is under way.
 * - `running`: listeners are called.
 * - `ending`: the budget is used up, and what waits takes no longer than the grace, for which records start still.
 * - `spent`: nothing more starts in it.
 */
type Turn = 'over' | 'running' | 'ending' | 'spent';

export interface TimeSliceInit {
  readonly clock: Clock;
  /** How long listeners may hold a turn, in milliseconds. */
  readonly budgetMs: number;
  /** Calls that what waits would take, at the least. */
  readonly waiting: () => number;
  /** Called at the end of every turn that was entered; must not throw. */
  readonly onNextTurn: (last: TurnReport) => void;
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
 *
 * The little that is left over at the end runs still, as quick records do that were polled when the collector, say, took the
 * rest of the time. It would wait for all other containers, whose turns come first, and outlive the collections of the young
 * generation meanwhile.
 */
export class TimeSlice {
  readonly #init: TimeSliceInit;
  #turn = 0;
  #state: Turn = 'over';
  #startedAt = 0;
  /** When the state ends. */
  #endsAt = 0;
  #checkedAt = 0;
  #stride = 1;
  #untilCheck = 1;
  /** What a record took when the clock was read last in this turn; 0 before. */
  #paceMs = 0;
  /** The least that it was in this turn: a stride in which the collector ran says nothing of the records. */
  #bestPaceMs = Infinity;
  /** Records that started in this turn, */
  #started = 0;
  /** and of them those that have not ended. */
  #pending = 0;
  /** How many of them there may be, by the pace of the turn before: unknown if nothing ended in it, as where all wait. */
  #allowed = Infinity;

  constructor(init: TimeSliceInit) {
    this.#init = init;
  }

  get turn(): number {
    return this.#turn;
  }

  /** When the turn that is under way began, or else the last one, on the monotonic clock. */
  get startedAt(): number {
    return this.#startedAt;
  }

  /** Whether the budget is used up, as it is while the turn is ending or spent: what were polled now would be left over. */
  get isUsedUp(): boolean {
    return this.#state === 'ending' || this.#state === 'spent';
  }

  /** Whether listeners held this turn long enough: nothing starts before the next one. */
  get isSpent(): boolean {
    return this.#state === 'spent' || this.#pending >= this.#allowed;
  }

  /** Begins a turn if none is under way. */
  enter(): number {
    if (this.#state === 'over') {
      const { clock, budgetMs } = this.#init;
      this.#state = 'running';
      this.#startedAt = this.#checkedAt = clock.monotonic();
      this.#endsAt = this.#startedAt + budgetMs;
      this.#untilCheck = this.#stride;
      loopTurns.ask(this.#end);
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
    const { clock, budgetMs } = this.#init;
    const now = clock.monotonic();
    this.#paceMs = (now - this.#checkedAt) / this.#stride;
    this.#bestPaceMs = Math.min(this.#bestPaceMs, this.#paceMs);
    this.#stride = nextStride(this.#stride, now - this.#checkedAt, budgetMs);
    this.#untilCheck = this.#stride;
    this.#checkedAt = now;
    if (now + this.#pending * this.#paceMs >= this.#endsAt) this.#useUp(now);
  }

  #useUp(now: number): void {
    const { budgetMs, waiting } = this.#init;
    const graceMs = budgetMs * GRACE;
    const mayEnd = this.#state === 'running' && waiting() * this.#bestPaceMs <= graceMs;
    this.#state = mayEnd ? 'ending' : 'spent';
    this.#endsAt = now + this.#pending * this.#bestPaceMs + graceMs;
  }

  readonly #end = (): void => {
    const { budgetMs, onNextTurn } = this.#init;
    const last = { wasSpent: this.isUsedUp, calls: this.#started };
    this.#state = 'over';
    this.#started = this.#pending = 0;
    this.#allowed = this.#paceMs > 0 ? Math.max(1, Math.floor(budgetMs / this.#paceMs)) : Infinity;
    this.#paceMs = 0;
    this.#bestPaceMs = Infinity;
    this.#turn++;
    onNextTurn(last);
  };
}
