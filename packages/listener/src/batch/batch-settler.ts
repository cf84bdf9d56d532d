import { NOT_CALLED } from '@hearken/core';
import type { Delivery, DeliveryLane } from '../dispatch/delivery.js';
import type { AttemptFailure, Settles } from '../dispatch/run.js';
import type { SettlerInit } from '../dispatch/settler.js';
import { ListenerFailedError } from '../errors.js';
import { afterFailure } from '../failure/after-failure.js';
import type { ErrorHandler } from '../failure/error-handler.js';
import { inFailureContext } from '../failure/failure-context.js';
import type { RecoveryEnd } from '../failure/recovery.js';
import type { AfterFailure } from '../invoke/outcome.js';
import type { Batch } from './batch.js';
import { NONE_KEPT, type BatchOutcome, type FailedDelivery } from './batch-outcome.js';

export interface BatchSettlerInit extends SettlerInit {
  readonly errorHandler: ErrorHandler;
}

type Named = Extract<BatchOutcome, { readonly kind: 'named' }>;

type Halt = Extract<AfterFailure, { readonly kind: 'stop' | 'pause' }>;

/** What the failures of one call come to. */
interface Verdict {
  /** What comes again, in order. */
  readonly again: Delivery[];
  /** The longest delay that one of them is to wait. */
  delayMs: number;
  /** Failures of those that are to be tried again. */
  readonly retried: (FailedDelivery & { readonly delayMs: number })[];
  /** For which the partition is to be paused. */
  readonly paused: FailedDelivery[];
  fatal: Error | undefined;
  /** What the recoverer has not taken yet, in order. */
  readonly recover: FailedDelivery[];
}

/**
 * What follows a call, for the records of a batch and for their lane. Calls for a batch are bounded: each either ends records
 * or takes one of the attempts that the error handler grants to one of them. As long as it grants more to a failure that
 * names no record the whole batch comes again; before a record is given up each gets a call of its own, so that only those are
 * given up that failed by themselves.
 */
// Long because each way that a call may end comes to the same verdict, and to one place that carries it out.
export class BatchSettler implements Settles {
  readonly #init: BatchSettlerInit;

  constructor(init: BatchSettlerInit) {
    this.#init = init;
  }

  failureIn(outcome: BatchOutcome): AttemptFailure | typeof NOT_CALLED | undefined {
    if (outcome === NONE_KEPT) return NOT_CALLED;
    if (outcome.kind === 'unnamed') return outcome;
    const [first] = outcome.kind === 'named' ? outcome.failed : [];
    return first === undefined ? undefined : { error: first.error, isPartial: true };
  }

  settle(lane: DeliveryLane, batch: Batch, outcome: BatchOutcome): void {
    batch.finish();
    const { ownership } = batch;
    if (ownership.isOver) this.#late(lane, batch, outcome);
    else if (outcome.kind === 'done') this.#succeeded(lane, batch);
    else if (ownership.isAborted) this.#aborted(lane, batch, outcome);
    else if (outcome.kind === 'named') this.#named(lane, batch, outcome);
    else this.#unnamed(lane, batch, outcome.error);
  }

  #succeeded(lane: DeliveryLane, batch: Batch): void {
    const { nacked } = batch;
    batch.ownership.endedTogether(this.#init.manualAck ? batch.leftOut : batch.given);
    this.#tellReturned(batch, batch.given);
    if (nacked === undefined) this.#goOn(lane, batch, []);
    else this.#nacked(lane, batch, nacked);
  }

  #nacked(lane: DeliveryLane, batch: Batch, { deliveries, sleepMs }: NonNullable<Batch['nacked']>): void {
    const { waits, ends } = this.#init;
    const next = batch.next(deliveries.map((delivery) => delivery.again(delivery.attempt)));
    if (next === undefined || !waits.postpone(lane, next, sleepMs)) return;
    for (const delivery of deliveries) ends.nacked(delivery, sleepMs);
  }

  /** The lane goes on with these and what is behind them; without any, the batch is over. */
  #goOn(lane: DeliveryLane, batch: Batch, again: readonly Delivery[]): void {
    const { waits } = this.#init;
    const next = batch.next(again);
    if (next === undefined) waits.leave(lane, batch);
    else waits.goOn(lane, next);
  }

  #unnamed(lane: DeliveryLane, batch: Batch, error: unknown): void {
    const { open } = batch;
    const [first] = open;
    if (first === undefined) {
      this.#init.ends.failedAfterwards(batch.lead, error);
      this.#goOn(lane, batch, []);
    } else if (open.length === 1) {
      this.#named(lane, batch, { kind: 'named', failed: [{ delivery: first, error }], untouched: [] }, []);
    } else this.#allOf(lane, batch, error, first, open);
  }

  #allOf(lane: DeliveryLane, batch: Batch, error: unknown, first: Delivery, open: readonly Delivery[]): void {
    const { waits, ends, errorHandler } = this.#init;
    const { attempt } = batch;
    const { record } = first;
    const decided = inFailureContext(first, () => afterFailure({ record, error, attempt }, errorHandler));
    if ((decided.kind === 'stop' || decided.kind === 'pause') && decided.givenUp !== true) {
      this.#halt(lane, batch, decided, first);
      return;
    }
    const again = open.map((delivery) => delivery.again());
    const delayMs = decided.kind === 'retry' ? decided.delayMs : 0;
    const next = decided.kind === 'retry' ? batch.next(again) : batch.oneByOne(again);
    if (next === undefined) return;
    if (!(decided.kind === 'retry' ? waits.postpone(lane, next, delayMs) : waits.goOn(lane, next))) {
      ends.leftBehind(open, error);
      return;
    }
    ends.tellRetry(first, { record, error, attempt, delayMs });
    for (const delivery of open) ends.retried(delivery, error, delayMs);
  }

  /** None of them is given up: all come again, once somebody goes on. @param first of which is told, as nobody knows which it was */
  #halt(lane: DeliveryLane, batch: Batch, { kind, error }: Halt, first: Delivery): void {
    const { ends } = this.#init;
    const { open, attempt, ownership } = batch;
    const stops = kind === 'stop';
    const pauses = !stops && ownership.isOpen;
    if (stops) for (const delivery of open) ends.failed(delivery, error, 'stop');
    else if (!pauses) ends.leftBehind(open, error);
    const verdict: Verdict = {
      again: stops ? [...open] : open.map((delivery) => delivery.again()),
      delayMs: 0,
      retried: [],
      paused: pauses ? [{ delivery: first, error }] : [],
      fatal: stops ? new ListenerFailedError(first.record, attempt, error) : undefined,
      recover: [],
    };
    this.#conclude(lane, batch, verdict, []);
  }

  /** @param done what the listener says is done; it does so under the manual modes too */
  #named(
    lane: DeliveryLane,
    batch: Batch,
    { failed, untouched }: Named,
    done = doneOf(batch, failed, untouched),
  ): void {
    batch.ownership.endedTogether(done);
    this.#tellReturned(batch, done);
    const verdict: Verdict = { again: [], delayMs: 0, retried: [], paused: [], fatal: undefined, recover: [] };
    for (const one of failed) this.#decide(one, verdict);
    const back = verdict.recover.length > 0 ? this.#init.waits.lend(lane, batch) : undefined;
    this.#recoverNext(verdict, () => {
      back?.();
      this.#conclude(lane, batch, verdict, untouched);
    });
  }

  #decide({ delivery, error: cause }: FailedDelivery, verdict: Verdict): void {
    const { ends, errorHandler } = this.#init;
    const { record, attempt } = delivery;
    if (delivery.hasEnded) {
      ends.failedAfterwards(delivery, cause);
      return;
    }
    const decided = inFailureContext(delivery, () => afterFailure({ record, error: cause, attempt }, errorHandler));
    const { kind, error } = decided;
    if (kind === 'retry') {
      verdict.again.push(delivery.again());
      verdict.delayMs = Math.max(verdict.delayMs, decided.delayMs);
      verdict.retried.push({ delivery, error, delayMs: decided.delayMs });
      return;
    }
    if (kind !== 'pause') ends.failed(delivery, error, kind);
    if (kind === 'skip') ends.gaveUp(delivery, 'skipped', error);
    else if (kind === 'recover') verdict.recover.push({ delivery, error });
    else {
      verdict.again.push(kind === 'pause' ? delivery.again() : delivery);
      if (kind === 'pause') verdict.paused.push({ delivery, error });
      else verdict.fatal ??= new ListenerFailedError(record, attempt, error);
    }
  }

  /**
   * One after the other, so that dead letters keep the order of their lane. It stays busy for as long as that takes: nothing
   * passes the records, here or in a later ownership.
   */
  #recoverNext(verdict: Verdict, conclude: () => void): void {
    const { recovery, onReady } = this.#init;
    const next = verdict.fatal === undefined ? verdict.recover.shift() : undefined;
    if (next === undefined || next.delivery.ownership.isAborted) {
      conclude();
      return;
    }
    recovery.recover(next.delivery, next.error, (end) => {
      if (end.kind === 'given-up' && !next.delivery.ownership.isOver) {
        verdict.recover.unshift(next); // it comes again elsewhere, and those behind it must not pass it
        conclude();
      } else {
        this.#recovered(next, end, verdict);
        this.#recoverNext(verdict, conclude);
      }
      onReady();
    });
  }

  #recovered({ delivery, error }: FailedDelivery, end: RecoveryEnd, verdict: Verdict): void {
    const { counters, ends } = this.#init;
    if (delivery.ownership.isOver) counters.lateResults++;
    else if (end.kind === 'recovered') ends.gaveUp(delivery, 'recovered', error);
    else if (end.kind === 'failed' && delivery.hasEnded) ends.failedAfterwards(delivery, end.error);
    else if (end.kind === 'failed')
      verdict.fatal ??= new ListenerFailedError(delivery.record, delivery.attempt, end.error);
  }

  /** All records of the call are settled: what becomes of the lane. */
  #conclude(lane: DeliveryLane, batch: Batch, verdict: Verdict, untouched: readonly Delivery[]): void {
    const { lanes, waits, ends, onPause, onFatal } = this.#init;
    const { ownership } = batch;
    let comesAgainHere = false;
    const [cause] = verdict.paused;
    const pauses = ownership.isOpen && verdict.fatal === undefined;
    if (!pauses) for (const { delivery, error } of verdict.paused) ends.leftBehind([delivery], error);
    // What waits beside a failure must not keep what it was fetched with either.
    const rest = verdict.again.length === 0 ? untouched : untouched.map((delivery) => delivery.again(delivery.attempt));
    const again = [...verdict.again, ...verdict.recover.map(({ delivery }) => delivery), ...rest].sort(byOffset);
    const next = batch.next(again);
    if (ownership.isOver) lanes.release(lane);
    else if (verdict.fatal !== undefined) {
      waits.closeWith(lane, next ?? batch);
      onFatal(verdict.fatal);
    } else if (next === undefined) waits.leave(lane, batch);
    else if (cause !== undefined) {
      if (pauses) onPause(ownership, { record: cause.delivery.record, error: cause.error });
      comesAgainHere = waits.goOn(lane, next);
    } else if (verdict.again.length > 0) comesAgainHere = waits.postpone(lane, next, verdict.delayMs);
    else waits.goOn(lane, next);
    this.#tellRetried(verdict, comesAgainHere);
  }

  /** Only now: while neighbours were with the recoverer the partition may have gone. */
  #tellRetried({ retried }: Verdict, comesAgainHere: boolean): void {
    const { ends } = this.#init;
    for (const { delivery, error, delayMs } of retried) {
      const { record, attempt } = delivery;
      if (!comesAgainHere) ends.leftBehind([delivery], error);
      else {
        ends.tellRetry(delivery, { record, error, attempt, delayMs });
        ends.retried(delivery, error, delayMs);
      }
    }
  }

  /** It was told to give up: what it had done is done, and nothing of the rest is a failure of its own. */
  #aborted(lane: DeliveryLane, batch: Batch, outcome: BatchOutcome): void {
    if (outcome.kind === 'named') {
      batch.ownership.endedTogether(doneOf(batch, outcome.failed, outcome.untouched));
    }
    this.#late(lane, batch, outcome);
  }

  #late(lane: DeliveryLane, batch: Batch, outcome: BatchOutcome): void {
    const { lanes, counters, events } = this.#init;
    counters.lateResults++;
    lanes.release(lane);
    const { record } = batch.lead;
    const records = batch.given.map((delivery) => delivery.record);
    if (outcome.kind === 'done') events.emit('listener:late', { record, records });
    else
      events.emit('listener:late', {
        record,
        records,
        error: outcome.kind === 'unnamed' ? outcome.error : outcome.failed[0]?.error,
      });
  }

  #tellReturned(batch: Batch, done: readonly Delivery[]): void {
    const { ends, events } = this.#init;
    for (const delivery of done) ends.returned(delivery);
    if (done.length === 0 || !events.isHeard('batch:returned')) return;
    const { ownership, attempt } = batch;
    const { topic, partition } = ownership;
    events.emit('batch:returned', { topic, partition, attempt, records: done.map(({ handed }) => handed) });
  }
}

const byOffset = (a: Delivery, b: Delivery): number => a.record.offset - b.record.offset;

/** What a listener says is done that named its failures: everything else that it got to. */
function doneOf(batch: Batch, failed: readonly FailedDelivery[], untouched: readonly Delivery[]): readonly Delivery[] {
  const others = new Set([...untouched, ...failed.map(({ delivery }) => delivery)]);
  return batch.given.filter((delivery) => !others.has(delivery));
}
