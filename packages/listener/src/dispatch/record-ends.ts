import type { ConsumerRecord, Logger } from '@hearken/core';
import { guarded } from '@hearken/core/internal';
import type { GuardedEvents } from '../container-events.js';
import type { ContainerCounters } from '../container-metrics.js';
import { isSkip } from '../failure/control-flow.js';
import type { ErrorHandler, RecordFailure } from '../failure/error-handler.js';
import { inFailureContext } from '../failure/failure-context.js';
import type { RecordEnd } from '../offsets/ownership.js';
import type { Delivery } from './delivery.js';

type Retried = RecordFailure & { readonly delayMs: number };

export interface RecordEndsInit {
  readonly counters: ContainerCounters;
  readonly events: GuardedEvents;
  readonly logger: Logger;
  readonly errorHandler: ErrorHandler;
}

/** What became of a record after an attempt, for those who count and those who listen. */
export class RecordEnds {
  readonly #init: RecordEndsInit;
  readonly #onRetry: (failure: Retried) => void;

  constructor(init: RecordEndsInit) {
    this.#init = init;
    const { errorHandler, logger } = init;
    this.#onRetry = guarded(
      (failure) => errorHandler.onRetry?.(failure),
      (error) => logger.error({ error }, 'onRetry of an error handler failed'),
    );
  }

  /** Its listener ended well. */
  returned({ handed, attempt }: Delivery): void {
    const { events } = this.#init;
    if (events.isHeard('listener:returned')) events.emit('listener:returned', { record: handed, attempt });
  }

  /** Done in every ack mode: nobody saw it who could acknowledge it. */
  filtered({ ownership, sequence, record }: Delivery): void {
    const { events } = this.#init;
    ownership.ended(sequence, 'filtered');
    if (events.isHeard('record:filtered')) events.emit('record:filtered', { record });
  }

  /** It comes again after a failure. */
  retried(delivery: Delivery, error: unknown, delayMs: number): void {
    const { counters, events } = this.#init;
    const { record, attempt } = delivery;
    counters.retried++;
    inFailureContext(delivery, () => events.emit('record:retried', { record, error, attempt, delayMs }));
  }

  /** Once per failure, of a record or of a batch. Of many in a row the first is logged, and the last. */
  tellRetry(delivery: Delivery, failure: Retried): void {
    const { logger } = this.#init;
    const { error, attempt, delayMs, record } = failure;
    inFailureContext(delivery, () => {
      if (attempt === 1) logger.warn({ ...placeOf(record), error, delayMs }, 'a listener failed and is called again');
      this.#onRetry(failure);
    });
  }

  /** It comes again because its listener said so. */
  nacked({ record, attempt }: Delivery, delayMs: number): void {
    this.#init.counters.nacked++;
    this.#init.events.emit('record:nacked', { record, attempt, delayMs });
  }

  /**
   * They come again elsewhere after a failure, as their partition is being given up. Logged once per failure, of a record or of a
   * batch, whatever attempt it was: nothing here follows that could log it.
   */
  leftBehind(deliveries: readonly Delivery[], error: unknown): void {
    const { counters, events, logger } = this.#init;
    counters.leftBehind += deliveries.length;
    for (const [i, delivery] of deliveries.entries()) {
      const { record, attempt } = delivery;
      inFailureContext(delivery, () => {
        if (i === 0) logger.warn({ ...placeOf(record), error, attempt }, LEFT_BEHIND);
        events.emit('record:leftBehind', { record, error, attempt });
      });
    }
  }

  /** There is no other attempt. @param then what follows; a container that stops for it logs that itself */
  failed(delivery: Delivery, error: unknown, then: 'recover' | 'skip' | 'stop' | 'park'): void {
    this.#init.counters.failed++;
    inFailureContext(delivery, () => this.#tellFailed(delivery, error, then));
  }

  #tellFailed({ record, attempt }: Delivery, error: unknown, then: 'recover' | 'skip' | 'stop' | 'park'): void {
    const { events, logger } = this.#init;
    const details = { ...placeOf(record), error, attempt };
    if (then === 'recover') logger.error(details, 'a record is given up: the recoverer gets it');
    else if (then === 'skip' && isSkip(error)) logger.debug(details, 'a listener skipped its record');
    else if (then === 'skip') logger.error(details, 'a record is given up: it is skipped');
    events.emit('record:failed', { record, error, attempt });
  }

  /** And that is how it ended. */
  gaveUp(delivery: Delivery, how: Extract<RecordEnd, 'recovered' | 'skipped'>, error: unknown): void {
    const { ownership, record, attempt, sequence } = delivery;
    ownership.ended(sequence, how);
    inFailureContext(delivery, () => this.#init.events.emit(`record:${how}`, { record, error, attempt }));
  }

  /** It waits in the parked topic from now on. @param failure undefined if it follows another of its key */
  parked(delivery: Delivery, failure: { readonly error: unknown } | undefined): void {
    const { ownership, sequence, record, attempt } = delivery;
    ownership.ended(sequence, 'parked');
    inFailureContext(delivery, () => this.#init.events.emit('record:parked', { record, attempt, ...failure }));
  }

  /** It had ended already, so there is nothing to try again; but an error must not vanish. */
  failedAfterwards(delivery: Delivery, error: unknown): void {
    const place = placeOf(delivery.record);
    inFailureContext(delivery, () =>
      this.#init.logger.warn({ ...place, error }, 'a record failed after it was acknowledged'),
    );
  }
}

const LEFT_BEHIND =
  'a listener failed while its partition was being given up: the record comes again to the next owner';

/** Where it stands, and not what it holds. */
const placeOf = ({ topic, partition, offset }: ConsumerRecord): object => ({ topic, partition, offset });
