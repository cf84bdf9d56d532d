import { AsyncResource } from 'node:async_hooks';
import type { RecordStart } from '@hearken/core';
import { keepLayoutOf, unawaited } from '@hearken/core/internal';
import { MAX_LEVELS } from '../levels.js';
import { highestReadyLevel, isLevelReady, type DispatchPolicy } from '../policy/dispatch-policy.js';
import { MicrotaskPause } from './microtask-pause.js';
import { SlotLimits, type LevelSlots } from './slot-limits.js';

/** The highest number a level may have, all bits set. */
const HIGHEST = MAX_LEVELS - 1;

/** Nobody is asked where there is nothing to choose: that takes half as long. */
const ALONE: DispatchPolicy = { name: 'alone', next: () => 0, started: () => undefined };

export interface PriorityDispatcherInit {
  readonly capacity: number;
  readonly levels: readonly LevelSlots[];
  readonly policy: DispatchPolicy;
  /** A policy threw, or chose what was not ready: the most urgent level goes first from then on. */
  readonly onPolicyFailed: (error: unknown) => void;
}

/** What the dispatcher starts a level's records of. */
export interface LevelSource {
  /** Whether a record may start, as far as that is known without trying. */
  readonly isReady: boolean;
  startNext(): RecordStart;
  /** How many of its listeners wait for the end of the level. */
  readonly held: number;
  /** It is paused, or is no longer. */
  pauseChanged(): void;
  /** There are more slots than before, or fewer. */
  resized(): void;
}

/** Why the last record was that level's: what the policy was asked and what it could not be asked for. */
export interface LastDispatch {
  readonly level: number;
  /** Levels that could start, as bits. */
  readonly ready: number;
}

/**
 * Owns the slots of all levels, and asks the policy each time one is free. Levels say when they have a record that may start
 * and when one has ended; whichever is told first, the policy's order decides. It starts records one by one for as long as
 * there are slots, so that a slot is free only while nothing may start.
 *
 * A loop and not a recursion: listeners that end at once end inside `startNext`, and say so inside the loop.
 */
export class PriorityDispatcher {
  /** Attempts that started, by level: a record that is tried again starts again. */
  readonly started: Float64Array;
  readonly limits: SlotLimits;
  readonly #init: PriorityDispatcherInit;
  readonly #sources: (LevelSource | undefined)[];
  readonly #pause = new MicrotaskPause(() => this.#advance());
  /** Listeners that start because somebody calls us are not that caller's: they do not get its `AsyncLocalStorage`. */
  readonly #context = new AsyncResource('PriorityDispatcher');
  #policy = ALONE;
  /** The one that was asked whose turn it is. */
  #asker = ALONE;
  /** Records by level that run and that the policy was not told of, as they started under another. */
  readonly #untold: Int32Array;
  /** Levels that said they are ready and have not turned out to be empty or blocked since. */
  #offered = 0;
  #paused = 0;
  #advancing = false;
  /** The level whose record is being started, and whether it ended before the policy was told that it started. */
  #starting = -1;
  #endedAtOnce = false;
  /** What the policy was asked about last, and whether what it chose passes over a record of a more urgent level. */
  #asked = 0;
  #passesOver = false;
  #lastLevel = -1;
  #lastReady = 0;
  #inversions = 0;

  constructor(init: PriorityDispatcherInit) {
    this.#init = init;
    this.limits = new SlotLimits(init.capacity, init.levels);
    this.#untold = new Int32Array(init.levels.length);
    this.policy = init.policy;
    this.started = new Float64Array(init.levels.length);
    this.#sources = init.levels.map(() => undefined);
  }

  /** The next decision is the new policy's. Of what runs it is told neither start nor end: one that counts would count wrong. */
  set policy(policy: DispatchPolicy) {
    if (!this.hasOthers) return;
    this.#policy = policy;
    this.#untold.forEach((_, level) => (this.#untold[level] = this.limits.running(level)));
  }

  /** Whether a level is one of several. */
  get hasOthers(): boolean {
    return this.#init.levels.length > 1;
  }

  /** Starts of a level while a record of a more urgent one could have started. */
  get inversions(): number {
    return this.#inversions;
  }

  get last(): LastDispatch | undefined {
    return this.#lastLevel < 0 ? undefined : { level: this.#lastLevel, ready: this.#lastReady };
  }

  isPaused(level: number): boolean {
    return isLevelReady(this.#paused, level);
  }

  /** Starts nothing more of this level until `resume`; what runs goes on. */
  pause(level: number): void {
    this.#paused |= 1 << level;
    this.#sources[level]?.pauseChanged();
  }

  resume(level: number): void {
    this.#paused &= ~(1 << level);
    this.#context.runInAsyncScope(() => {
      this.#advance();
      this.#sources[level]?.pauseChanged();
    });
  }

  /** More start, or nothing does until those above the new capacity have ended. */
  set capacity(capacity: number) {
    this.limits.capacity = capacity;
    this.#context.runInAsyncScope(() => this.#advance());
    for (const source of this.#sources) source?.resized();
  }

  /**
   * Whether each slot that the level could have is taken by a listener that waits for the end of its level. A level that finds
   * itself so gives up what it has left, which lets its listeners end: so who found a slot to come need not look again.
   */
  isStuck(level: number): boolean {
    const held = this.#sources.map((source) => source?.held ?? 0);
    return this.limits.availableBeside(held, level) === 0;
  }

  attach(level: number, source: LevelSource): void {
    this.#sources[level] = source;
  }

  ready(level: number): void {
    this.#offer(level);
    this.#advance();
  }

  /** @param isReady whether another one may start */
  ended(level: number, isReady: boolean): void {
    if (isReady) this.#offer(level);
    this.limits.released(level);
    if (level === this.#starting) this.#endedAtOnce = true;
    else this.#tellEnd(level);
    this.#advance();
  }

  /**
   * A record of the level ended and it has another: whether that is the next one anyway. What it saves is giving the slot back
   * and taking it again, and the ways there. A policy that wants to hear of ends hears of each before it decides.
   */
  mayGoOn(level: number): boolean {
    if (this.#pause.isOn || this.#policy.ended !== undefined) return false;
    if (level === this.#starting) this.#hasStarted(level); // it ended while it was being started
    const open = ~this.#paused & this.limits.openWithout(level);
    const ready = (this.#offered | (1 << level)) & open;
    if (ready === 0 || this.#choose(ready) !== level) return false;
    this.#chose(level, ready, open);
    return true;
  }

  /** It is. */
  wentOn(level: number): void {
    this.#count(level);
    this.#tell(level);
  }

  #offer(level: number): void {
    this.#offered |= 1 << level;
    if (this.#pause.isOn) this.#pause.endFor(level);
  }

  #advance(): void {
    if (this.#advancing || this.#pause.isOn) return;
    this.#advancing = true;
    for (let ready = this.#startable; ready !== 0; ready = this.#startable) {
      if (!this.#startOne(this.#choose(ready), ready)) break;
    }
    this.#advancing = false;
  }

  get #startable(): number {
    return this.#offered & ~this.#paused & this.limits.open;
  }

  /** Whether the loop goes on. */
  #startOne(level: number, ready: number): boolean {
    this.#chose(level, ready, ~this.#paused & this.limits.open);
    this.limits.taken(level);
    this.#starting = level;
    this.#offered &= ~(1 << level); // unless it says so again meanwhile
    const start = this.#sources[level]?.startNext() ?? 'blocked';
    if (start === 'started' || start === 'last') {
      if (start === 'started') this.#offered |= 1 << level;
      if (this.#starting === level) this.#hasStarted(level);
      return true;
    }
    this.#starting = -1;
    this.limits.released(level);
    if (start === 'later') this.#offered |= 1 << level; // and nobody passes it: it tells in the next turn of the event loop
    if (start !== 'empty') return start === 'blocked';
    // More was asked for and may be at hand: the others, if there are any, must not use up its share meanwhile.
    if (this.hasOthers) this.#pause.beginFor(level);
    return false;
  }

  #hasStarted(level: number): void {
    this.#starting = -1;
    this.#count(level);
    this.#tell(level);
  }

  /** @param open levels that may take a slot, whether they said that they are ready or not: one that should have is passed over too */
  #chose(level: number, ready: number, open: number): void {
    this.#asked = ready;
    const above = open & (-2 << level);
    this.#passesOver = above !== 0 && this.#isAnyReady(above);
  }

  #count(level: number): void {
    this.started[level] = (this.started[level] ?? 0) + 1;
    this.#lastLevel = level;
    this.#lastReady = this.#asked;
    if (this.#passesOver) this.#inversions++;
  }

  /** What it has, and not what it said: one that has started its last record is asked about until it is found to be empty. */
  #isAnyReady(levels: number): boolean {
    for (let left = levels; left !== 0; left &= ~(1 << highestReadyLevel(left)))
      if (this.#sources[highestReadyLevel(left)]?.isReady === true) return true;
    return false;
  }

  #tell(level: number): void {
    try {
      // Else its listener changed the policy.
      // eslint-disable-next-line @typescript-eslint/no-confusing-void-expression -- of the user: it may be an async function
      if (this.#policy === this.#asker) unawaited(this.#policy.started(level), this.#init.onPolicyFailed);
    } catch (error) {
      this.#init.onPolicyFailed(error);
    }
    if (this.#endedAtOnce) this.#tellEnd(level);
    this.#endedAtOnce = false;
  }

  #tellEnd(level: number): void {
    if (this.#policy.ended === undefined) return;
    const untold = this.#untold[level] ?? 0;
    if (untold > 0) {
      this.#untold[level] = untold - 1;
      return;
    }
    try {
      // eslint-disable-next-line @typescript-eslint/no-confusing-void-expression -- of the user: it may be an async function
      unawaited(this.#policy.ended(level), this.#init.onPolicyFailed);
    } catch (error) {
      this.#init.onPolicyFailed(error);
    }
  }

  #choose(ready: number): number {
    this.#asker = this.#policy;
    try {
      const level = this.#policy.next(ready);
      // A shift takes its number modulo 32 and whole: 32, 0.5 and undefined are no level 0.
      if (level === (level & HIGHEST) && isLevelReady(ready, level)) return level;
      unawaited(level);
      throw new RangeError(`the policy chose level ${level}, which is not ready`);
    } catch (error) {
      this.#init.onPolicyFailed(error);
      return highestReadyLevel(ready);
    }
  }
}

keepLayoutOf(new PriorityDispatcher({ capacity: 1, levels: [], policy: ALONE, onPolicyFailed: () => undefined }));
