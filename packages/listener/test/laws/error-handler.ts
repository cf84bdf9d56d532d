import type { ConsumerRecord } from '@hearken/core';
import type { ManualClock } from '@hearken/testing';
import {
  DeadLetter,
  DefaultErrorHandler,
  FixedBackOff,
  SkipRecord,
  type ErrorHandler,
  type FailureDecision,
  type RecordFailure,
} from '../../dist/index.js';
import type { Failing } from './world.js';

/** Until a record that failed comes again. */
export const RETRY_MS = 10;
const RECOVERY_MS = 5;

class PausePartition extends Error {}
class StopContainer extends Error {}

export const isFatal = (error: unknown): boolean => error instanceof StopContainer;

/** What a listener throws to fail in this way. */
export const FAILURES: Readonly<Record<Failing, () => unknown>> = {
  fail: () => new Error('once more'),
  skip: () => new SkipRecord(),
  'give-up': () => new DeadLetter(),
  'pause-by-failure': () => new PausePartition(),
  fatal: () => new StopContainer(),
};

/** The default one, never out of patience, with a recoverer that takes a while and fails the first time it has a record. */
export class LawfulErrorHandler implements ErrorHandler {
  readonly recoveryBackOff = new FixedBackOff({ intervalMs: 10, maxRetries: 1_000 });
  readonly recoverer: (record: ConsumerRecord) => Promise<void>;
  readonly #default: DefaultErrorHandler;
  readonly #failedOnce = new Set<string>();

  /** @param onRecover told that the recoverer is asked; returns what is told whether it took the record */
  constructor(clock: ManualClock, onRecover: (record: ConsumerRecord) => (taken: boolean) => void) {
    this.recoverer = (record) => this.#recover(record, clock, onRecover(record));
    this.#default = new DefaultErrorHandler({
      backOff: new FixedBackOff({ intervalMs: RETRY_MS, maxRetries: 1_000_000 }),
      recoverer: this.recoverer,
    });
  }

  decide(failure: RecordFailure): FailureDecision {
    if (failure.error instanceof PausePartition) return { action: 'pause' };
    if (isFatal(failure.error)) return { action: 'stop' };
    return this.#default.decide(failure);
  }

  #recover({ partition, offset }: ConsumerRecord, clock: ManualClock, over: (taken: boolean) => void): Promise<void> {
    const at = `${partition}/${offset}`;
    return new Promise((resolve, reject) => {
      clock.setTimer(() => {
        const taken = this.#failedOnce.has(at);
        this.#failedOnce.add(at);
        over(taken);
        if (taken) resolve();
        else reject(new Error('not yet'));
      }, RECOVERY_MS);
    });
  }
}
