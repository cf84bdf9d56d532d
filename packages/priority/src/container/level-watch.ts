import type { Clock, Timer } from '@hearken/core';
import type { PriorityDispatcher } from '../dispatch/priority-dispatcher.js';
import type { PriorityLevel } from './priority-level.js';

/** What the watch looks at. */
export interface WatchedLevel {
  readonly priority: number;
  /** A record could start. */
  readonly isWaiting: boolean;
  /** Slots taken. */
  readonly running: number;
  readonly started: number;
  readonly ended: number;
}

export interface LevelWatchInit {
  readonly clock: Clock;
  readonly starvedAfterMs: number;
  readonly stalledAfterMs: number;
  readonly levels: readonly WatchedLevel[];
  readonly onStarved: (priority: number, waitedMs: number) => void;
  readonly onStalled: (priority: number, forMs: number) => void;
}

/** Of the shorter time: how late a level may be told. Never early: what it did before the first look counts for nothing. */
const LOOKS = 4;

interface Seen {
  count: number;
  /** The first look at which the count stood still although it should not. Before any look nothing is known. */
  since: number | undefined;
  told: boolean;
}

/**
 * Looks at the levels now and then, and tells of those that starve or hang: once until they move again. Counts are compared
 * instead of times kept, so that a record costs nothing here.
 */
export class LevelWatch {
  readonly #init: LevelWatchInit;
  readonly #intervalMs: number;
  readonly #starts: readonly Seen[];
  readonly #ends: readonly Seen[];
  #timer: Timer | undefined;

  constructor(init: LevelWatchInit) {
    this.#init = init;
    this.#intervalMs = Math.max(1, Math.floor(Math.min(init.starvedAfterMs, init.stalledAfterMs) / LOOKS));
    const unseen = (): Seen[] => init.levels.map(() => ({ count: 0, since: undefined, told: false }));
    this.#starts = unseen();
    this.#ends = unseen();
  }

  start(): void {
    this.#timer = this.#init.clock.setTimer(() => this.#look(), this.#intervalMs, { keepAlive: false });
  }

  stop(): void {
    this.#timer?.clear();
  }

  /** For how long the level has waited at least: since a look, so it may be less than it was. */
  waitedMs(priority: number): number {
    const level = this.#init.levels[priority];
    const seen = this.#starts[priority];
    if (level?.isWaiting !== true || seen?.since === undefined || seen.count !== level.started) return 0;
    return Math.floor(this.#init.clock.monotonic() - seen.since);
  }

  #look(): void {
    const { levels, starvedAfterMs, stalledAfterMs, onStarved, onStalled } = this.#init;
    for (const level of levels) {
      const { priority, started, ended } = level;
      this.#compare(this.#starts[priority], started, level.isWaiting, starvedAfterMs, (ms) => onStarved(priority, ms));
      this.#compare(this.#ends[priority], ended, level.running > 0, stalledAfterMs, (ms) => onStalled(priority, ms));
    }
    this.start();
  }

  #compare(
    seen: Seen | undefined,
    count: number,
    shouldMove: boolean,
    afterMs: number,
    tell: (ms: number) => void,
  ): void {
    if (seen === undefined) return;
    const now = this.#init.clock.monotonic();
    if (!shouldMove || seen.since === undefined || count !== seen.count) {
      seen.count = count;
      seen.since = shouldMove ? now : undefined;
      seen.told = false;
    } else if (!seen.told && now - seen.since >= afterMs) {
      seen.told = true;
      tell(Math.floor(now - seen.since));
    }
  }
}

/** A level, and what its dispatcher counts of it. */
export const watched = <K, V>(level: PriorityLevel<K, V>, dispatcher: PriorityDispatcher): WatchedLevel => ({
  priority: level.priority,
  get isWaiting() {
    // One that has all the slots it may have waits for nobody but itself: `level:stalled` tells of that.
    const { priority, isReady, isPaused } = level;
    const { limits } = dispatcher;
    return isReady && !isPaused && limits.running(priority) < limits.most(priority);
  },
  get running() {
    return dispatcher.limits.running(level.priority);
  },
  get started() {
    return dispatcher.started[level.priority] ?? 0;
  },
  get ended() {
    return (dispatcher.started[level.priority] ?? 0) - dispatcher.limits.running(level.priority);
  },
});
