import type { Clock, ConsumerRecord, Logger } from '@hearken/core';
import type { GuardedEvents } from '../container-events.js';
import type { ContainerCounters } from '../container-metrics.js';
import { RecoveryFailedError } from '../errors.js';
import type { Ownership } from '../offsets/ownership.js';
import { checkedDelay } from './after-failure.js';
import { FixedBackOff, type BackOff } from './back-off.js';
import { isHopeless } from './classification.js';
import type { ErrorHandler, RecoveryContext } from './error-handler.js';
import { inFailureContext } from './failure-context.js';

/** What is recovered: a delivery, as far as it matters here. */
export interface Recoverable {
  readonly record: ConsumerRecord;
  readonly ownership: Ownership;
  readonly attempt: number;
}

/** `given-up`: its partition closed while the recoverer was to be asked again. */
export type RecoveryEnd =
  { readonly kind: 'recovered' | 'given-up' } | { readonly kind: 'failed'; readonly error: unknown };

export interface RecoveryInit {
  readonly errorHandler: Pick<ErrorHandler, 'recoverer' | 'recoveryBackOff'>;
  readonly groupId: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: GuardedEvents;
  readonly counters: ContainerCounters;
}

const DEFAULT_BACK_OFF = new FixedBackOff();

/** Gives records whose attempts are used up to the recoverer, again and again as its own back-off says, never for ever. */
export class Recovery {
  readonly #init: RecoveryInit;
  readonly #backOff: BackOff;

  constructor(init: RecoveryInit) {
    this.#init = init;
    this.#backOff = init.errorHandler.recoveryBackOff ?? DEFAULT_BACK_OFF;
  }

  /** Calls `onEnd` once, when it is over. Until then the partition counts it among its running listeners, whose end a revoke and a stop await. */
  recover(delivery: Recoverable, error: unknown, onEnd: (end: RecoveryEnd) => void): void {
    const { ownership } = delivery;
    ownership.started();
    void inFailureContext(delivery, () => this.#run(delivery, error)).then((end) => {
      onEnd(end); // before it counts as ended: whoever waits for that commits then
      ownership.finished();
    });
  }

  /** Never rejects. */
  async #run(delivery: Recoverable, error: unknown): Promise<RecoveryEnd> {
    const { groupId, logger } = this.#init;
    const { record, ownership, attempt } = delivery;
    for (let failures = 1; ; failures++) {
      try {
        await this.#recover(record, error, { attempt, groupId, logger });
        return { kind: 'recovered' };
      } catch (cause) {
        const delayMs = this.#delayAfter(cause, failures);
        this.#tell(record, cause, failures, ownership.isOpen ? delayMs : undefined);
        if (delayMs === undefined)
          return { kind: 'failed', error: new RecoveryFailedError(record, failures, error, cause) };
        if (!(await this.#wait(delivery, delayMs))) return { kind: 'given-up' };
      }
    }
  }

  /** Asked for each time: nobody must pass for a recoverer that took the record. */
  #recover(record: ConsumerRecord, error: unknown, context: RecoveryContext): unknown {
    const { recoverer } = this.#init.errorHandler;
    if (recoverer === undefined) throw new TypeError('the error handler has no recoverer any more');
    return typeof recoverer === 'function'
      ? recoverer(record, error, context)
      : recoverer.recover(record, error, context);
  }

  /** How long to wait; undefined if it is over, also where the back-off is broken. */
  #delayAfter(error: unknown, failures: number): number | undefined {
    try {
      const asked = isHopeless(error) ? undefined : (this.#backOff.delayMs(failures) ?? undefined);
      return asked === undefined ? undefined : checkedDelay(asked);
    } catch (mistake) {
      this.#init.logger.error({ error: mistake }, 'the recoveryBackOff of an error handler failed');
      return undefined;
    }
  }

  /** @param delayMs undefined also where the partition is being given up: back-off ends with it */
  #tell(record: ConsumerRecord, error: unknown, failures: number, delayMs: number | undefined): void {
    const { events, counters, logger } = this.#init;
    const { topic, partition, offset } = record;
    counters.recoveryFailures++;
    logger.warn({ topic, partition, offset, error, failures, delayMs }, 'a record could not be recovered');
    events.emit('recovery:failed', { record, error, delayMs });
  }

  /** False if the partition is closed, or closes, meanwhile: back-off ends with it. */
  #wait({ ownership, record, attempt }: Recoverable, delayMs: number): Promise<boolean> {
    if (!ownership.isOpen) return Promise.resolve(false);
    return new Promise((resolve) => {
      const { clock } = this.#init;
      const timer = clock.setTimer(() => {
        ownership.retries.delete(wait);
        resolve(true);
      }, delayMs);
      const wait = {
        record,
        attempt,
        dueAt: clock.monotonic() + delayMs,
        clear: () => {
          timer.clear();
          resolve(false);
        },
      };
      ownership.retries.add(wait);
    });
  }
}
