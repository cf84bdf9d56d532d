import { systemClock, type Clock } from '@hearken/core';

/**
 * How long what begins in one turn of the event loop may hold it, in milliseconds. With twenty busy containers, a turn for
 * each of them costs a twentieth more of the processor than this does.
 */
const BUDGET_MS = 5;

/**
 * Calls back in turns of the event loop to come, whoever asked first: as many as begin within the budget, and one at the least.
 * What is called has listeners work for as long as its container's own budget lasts. Were all called in one turn, twenty busy
 * containers would keep timers and sockets waiting for twenty budgets.
 */
export class LoopTurns {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  /** When the first was called in this turn; undefined before that. */
  #beganAt: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param next must not throw */
  ask(next: () => void): void {
    this.#waiting.push(next);
    setImmediate(this.#callNext);
  }

  /** One for each that waits is armed, so that it comes to those that may begin in this turn. */
  readonly #callNext = (): void => {
    if (this.#beganAt === undefined) {
      this.#beganAt = this.#clock.monotonic();
      setImmediate(this.#over);
    } else if (this.#clock.monotonic() >= this.#beganAt + BUDGET_MS) {
      setImmediate(this.#callNext);
      return;
    }
    this.#waiting.shift()?.();
  };

  /** Comes in the next turn before what was put off to it; who asked before this one's first was called may wait for one more. */
  readonly #over = (): void => {
    this.#beganAt = undefined;
  };
}

/** Those of all containers of a thread, as it has one event loop. */
export const loopTurns = new LoopTurns(systemClock);
