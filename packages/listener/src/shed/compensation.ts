import type { Clock, Logger } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import type { StopOptions } from '../container-state.js';
import { RangeStalledError } from '../errors.js';
import { Wakeup } from '../wakeup.js';
import type { CompensationObservers } from './compensation-events.js';
import type { OpenRange, OpenRanges } from './open-ranges.js';
import type { RangeReplay } from './range-replay.js';
import { bare } from './shed-range.js';

export interface CompensationInit {
  readonly ranges: OpenRanges;
  /** Whether all that is recorded of them is known. */
  readonly mayStart: () => boolean;
  readonly newReplay: (open: OpenRange) => RangeReplay;
  /** A listener stopped its container, and means us. */
  readonly onStopAsked: () => void;
  readonly events: CompensationObservers;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The replay that runs. */
interface Current {
  readonly open: OpenRange;
  readonly replay: RangeReplay;
  readonly over: Promise<void>;
}

/** A range that cannot be read, as its topic is gone or its leader away, must not keep the others waiting. */
const POSTPONED_MS = 30_000;

const NEVER_MS = 2 ** 31 - 1;

/** Replays ranges, one after the other. */
export class Compensation {
  readonly #ended = { compensated: 0, processed: 0, missing: 0 };
  readonly #init: CompensationInit;
  readonly #wakeup: Wakeup;
  #current: Current | undefined;
  #isStopping = false;

  constructor(init: CompensationInit) {
    this.#init = init;
    this.#wakeup = new Wakeup(init.clock);
  }

  /** Ranges that ended, records of them, and offsets that were not there any more. */
  get counters(): { readonly compensated: number; readonly processed: number; readonly missing: number } {
    const { compensated, processed, missing } = this.#ended;
    const replay = this.#current?.replay;
    return {
      compensated,
      processed: processed + (replay?.processed ?? 0),
      missing: missing + (replay?.missing ?? 0),
    };
  }

  /** Replays until stopped. Rejects with what a replay failed with. */
  async run(): Promise<void> {
    const { ranges, mayStart, clock } = this.#init;
    while (!this.#isStopping) {
      const open = mayStart() ? ranges.next(clock.monotonic()) : undefined;
      if (open === undefined) await this.#wakeup.sleep(this.#restMs);
      else await this.#replay(open);
    }
  }

  /** There may be something to do. */
  wake(): void {
    this.#wakeup.wake();
  }

  /** These went to another instance: it goes on when this has ended. */
  async leave(homes: ReadonlySet<number>): Promise<void> {
    const current = this.#current;
    if (current !== undefined && homes.has(current.open.home.partition)) await this.#stop(current);
  }

  async stop(options?: StopOptions): Promise<void> {
    this.#isStopping = true;
    this.wake();
    if (this.#current !== undefined) await this.#stop(this.#current, options);
  }

  get #restMs(): number {
    const waitMs = this.#init.ranges.nextAt - this.#init.clock.monotonic();
    return waitMs > 0 ? Math.min(waitMs, NEVER_MS) : NEVER_MS;
  }

  async #stop({ replay, over }: Current, options?: StopOptions): Promise<void> {
    await replay.stop(options);
    await over;
  }

  async #replay(open: OpenRange): Promise<void> {
    const { promise: over, resolve } = deferred();
    const replay = this.#init.newReplay(open);
    this.#current = { open, replay, over };
    try {
      await this.#carryOut(open, replay);
    } finally {
      this.#current = undefined;
      this.#ended.processed += replay.processed;
      this.#ended.missing += replay.missing;
      resolve();
    }
  }

  async #carryOut(open: OpenRange, replay: RangeReplay): Promise<void> {
    const { logger, events } = this.#init;
    const range = bare(open.range);
    const { missing: before = 0 } = open.range;
    try {
      await replay.start();
    } catch (error) {
      if (!replay.isStopped) this.#postpone(open, error);
      return;
    }
    events.emit('range:started', { range, from: open.range.done });
    const end = await replay.whenOver();
    if (end === 'stalled') this.#postpone(open, new RangeStalledError(range));
    if (end === 'stopped' && !replay.isStopped) this.#init.onStopAsked();
    if (end !== 'ended') return;
    open.hasEnded = true;
    this.#ended.compensated++;
    const missing = before + replay.missing;
    if (missing > 0) logger.error({ ...range, missing }, 'records of a shed range were deleted before their replay');
    logger.info({ ...range }, 'a shed range was replayed');
    events.emit('range:compensated', { range, missing });
  }

  #postpone(open: OpenRange, error: unknown): void {
    const { clock, logger, events } = this.#init;
    const range = bare(open.range);
    open.notBefore = clock.monotonic() + POSTPONED_MS;
    logger.error({ ...range, error, delayMs: POSTPONED_MS }, 'a shed range cannot be replayed now');
    events.emit('range:postponed', { range, error, delayMs: POSTPONED_MS });
  }
}
