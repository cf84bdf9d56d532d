import type { Clock } from '@hearken/core';
import { Batch } from '../batch/batch.js';
import type { DeliveryLane } from '../dispatch/delivery.js';
import type { Invoker, Settles } from '../dispatch/run.js';
import type { Work } from '../dispatch/work.js';
import { FOLLOW } from '../invoke/outcome.js';
import { LIMITS, limitOf, type Limit, type LineState } from './limit.js';
import { RunningMean } from './running-mean.js';

export interface CallSamplerInit {
  readonly invoker: Invoker;
  readonly settler: Settles;
  readonly clock: Clock;
  readonly state: () => LineState;
}

/** A call that has not ended. */
interface Begun {
  readonly calledAt: number;
  readonly heldMs: number;
}

/** Samples that a mean is of: some seconds of a busy container. */
const MEMORY = 512;
const RARELY = 1_024;
const SAMPLES_BETWEEN_LOOKS = 16;
const TARGET_MS = 1;

/**
 * One call in how many is sampled from now on, so that it is about one in a millisecond; all of them where there are fewer.
 * Doubled at most: calls may end in bursts.
 */
export const nextEvery = (every: number, msPerSample: number): number =>
  Math.max(1, Math.min(RARELY, every * 2, Math.round((every * TARGET_MS) / msPerSample)));

/**
 * Stands before the invoker and the settler, and looks at some calls: how long they took, and what was short meanwhile.
 * About a thousand in a second, chosen by their record's number, and not every n-th, as slow ones may come in turn.
 */
export class CallSampler implements Invoker, Settles {
  readonly #init: CallSamplerInit;
  readonly #begun = new Map<Work, Begun>();
  readonly #latencyMs = new RunningMean(MEMORY);
  readonly #heldMs = new RunningMean(MEMORY);
  readonly #recordsPerCall = new RunningMean(MEMORY);
  readonly #limits = LIMITS.map((limit) => ({ limit, share: new RunningMean(MEMORY) }));
  #every = 1;
  /** Listeners that ran at once, at most, since the last look: of many that end together the last finds few. */
  #most = 0;
  #samples = 0;
  #lookedAt: number;
  #sampledAt: number | undefined;

  constructor(init: CallSamplerInit) {
    this.#init = init;
    this.#lookedAt = init.clock.monotonic();
  }

  /** Mean time from a listener's call to its end, as the container sees it; undefined before the first sample. */
  get latencyMs(): number | undefined {
    return this.#latencyMs.value;
  }

  /** How much of it passed before the call returned, with a promise or without: nothing else ran meanwhile. */
  get heldMs(): number | undefined {
    return this.#heldMs.value;
  }

  get recordsPerCall(): number {
    return this.#recordsPerCall.value ?? 1;
  }

  /** What was short most often when a call ended. */
  get limit(): Limit | undefined {
    if (this.#sampledAt === undefined) return undefined;
    const most = this.#limits.reduce((a, b) => ((b.share.value ?? 0) > (a.share.value ?? 0) ? b : a));
    return most.limit;
  }

  /** When a call was last sampled, on the monotonic clock. */
  get sampledAt(): number | undefined {
    return this.#sampledAt;
  }

  /** Chooses anew how many calls to look at: also when next to none come, and none would be chosen for long. */
  adapt(): void {
    const now = this.#init.clock.monotonic();
    this.#every = nextEvery(this.#every, (now - this.#lookedAt) / Math.max(1, this.#samples));
    this.#samples = 0;
    this.#most = 0;
    this.#lookedAt = now;
  }

  call(work: Work): unknown {
    const { invoker, clock } = this.#init;
    if (!isChosen(work.lead.sequence, this.#every)) return invoker.call(work);
    this.#stateNow();
    const calledAt = clock.monotonic();
    try {
      return invoker.call(work);
    } finally {
      this.#begun.set(work, { calledAt, heldMs: clock.monotonic() - calledAt });
    }
  }

  returned(work: Work, result: unknown): unknown {
    return this.#init.invoker.returned(work, result);
  }

  failed(work: Work, error: unknown): unknown {
    return this.#init.invoker.failed(work, error);
  }

  settle(lane: DeliveryLane, work: Work, outcome: unknown): void {
    const begun = this.#begun.get(work);
    if (begun !== undefined) {
      this.#begun.delete(work);
      if (outcome !== FOLLOW) this.#ended(work, begun); // what follows a parked record was not for the listener
      if (++this.#samples === SAMPLES_BETWEEN_LOOKS) this.adapt();
    }
    this.#init.settler.settle(lane, work, outcome);
  }

  failureIn(outcome: unknown): ReturnType<Settles['failureIn']> {
    return this.#init.settler.failureIn(outcome);
  }

  #stateNow(): LineState {
    const state = this.#init.state();
    this.#most = Math.max(this.#most, state.running);
    return { ...state, running: this.#most };
  }

  #ended(work: Work, { calledAt, heldMs }: Begun): void {
    const now = (this.#sampledAt = this.#init.clock.monotonic());
    this.#latencyMs.add(now - calledAt);
    this.#heldMs.add(heldMs);
    this.#recordsPerCall.add(work instanceof Batch ? work.given.length : 1);
    const short = limitOf(this.#stateNow());
    for (const { limit, share } of this.#limits) share.add(limit === short ? 1 : 0);
  }
}

/** Spreads numbers that follow on each other evenly over all of 32 bits, whatever is taken of them (Knuth's multiplicative hash). */
const GOLDEN = 0x9e3779b1;

const isChosen = (sequence: number, every: number): boolean => Math.imul(sequence, GOLDEN) >>> 0 < 2 ** 32 / every;
