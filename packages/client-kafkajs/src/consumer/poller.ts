import { ConsumerRecords, IllegalStateError, type Clock, type PartitionRecords, type Timer } from '@hearken/core';
import { deferred, youngArray, type Deferred } from '@hearken/core/internal';
import type { SubscriptionState } from './subscription-state.js';

/** A poll that found nothing and waits. */
interface Waiting extends Deferred<ConsumerRecords> {
  readonly maxRecords: number;
  readonly timer: Timer;
}

/** Hands out what is buffered: at once if there is anything, else to the poll that waits, as soon as there is. */
export class Poller {
  readonly #clock: Clock;
  readonly #subscription: SubscriptionState;
  readonly #onTaken: () => void;
  #waiting: Waiting | undefined;
  #isWoken = false;
  #lastCallMs: number;
  #failure: { readonly error: unknown } | undefined;

  /** @param onTaken called when a poll made room in the buffers */
  constructor(clock: Clock, subscription: SubscriptionState, onTaken: () => void) {
    this.#clock = clock;
    this.#subscription = subscription;
    this.#onTaken = onTaken;
    this.#lastCallMs = clock.monotonic();
  }

  /** How long nobody has polled; 0 while a poll waits. */
  get idleMs(): number {
    return this.#waiting === undefined ? this.#clock.monotonic() - this.#lastCallMs : 0;
  }

  /** Counts as a poll for {@link idleMs}. */
  touch(): void {
    this.#lastCallMs = this.#clock.monotonic();
  }

  poll(timeoutMs: number, maxRecords: number): Promise<ConsumerRecords> {
    this.touch();
    if (this.#failure !== undefined) return rejected(this.#failure.error);
    if (this.#waiting !== undefined) {
      return Promise.reject(new IllegalStateError('a poll is outstanding: one call at a time', 'CONCURRENT_POLL'));
    }
    if (maxRecords <= 0) return Promise.resolve(ConsumerRecords.EMPTY);
    if (this.#isWoken) {
      this.#isWoken = false;
      return Promise.resolve(ConsumerRecords.EMPTY);
    }
    try {
      const records = this.#take(maxRecords);
      if (records !== undefined) return Promise.resolve(records);
    } catch (error) {
      return rejected(error);
    }
    return timeoutMs <= 0 ? Promise.resolve(ConsumerRecords.EMPTY) : this.#wait(timeoutMs, maxRecords);
  }

  /** To be called when there may be something: gives it to the poll that waits. */
  serve(): void {
    if (this.#waiting === undefined) return;
    const { maxRecords } = this.#waiting;
    try {
      const records = this.#take(maxRecords);
      if (records !== undefined) this.#endWait()?.resolve(records);
    } catch (error) {
      this.#endWait()?.reject(error);
    }
  }

  /** The poll that waits, or else the next one, returns empty. */
  wakeup(): void {
    if (this.#waiting === undefined) this.#isWoken = true;
    else this.interrupt();
  }

  /** A poll that waits returns empty; the next one is not concerned. */
  interrupt(): void {
    this.#endWait()?.resolve(ConsumerRecords.EMPTY);
  }

  /** Every poll rejects from now on. The first error stays. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#endWait()?.reject(this.#failure.error);
  }

  #wait(timeoutMs: number, maxRecords: number): Promise<ConsumerRecords> {
    const { promise, resolve, reject } = deferred<ConsumerRecords>();
    const timer = this.#clock.setTimer(() => this.interrupt(), timeoutMs);
    this.#waiting = { promise, resolve, reject, maxRecords, timer };
    return promise;
  }

  #endWait(): Waiting | undefined {
    const waiting = this.#waiting;
    if (waiting === undefined) return undefined;
    this.#waiting = undefined;
    waiting.timer.clear();
    this.touch();
    return waiting;
  }

  /** @throws KafkaError that the partition whose turn it is ends with */
  #take(maxRecords: number): ConsumerRecords | undefined {
    const taken = youngArray<PartitionRecords>();
    this.#takeInto(taken, maxRecords);
    if (taken.length === 0) return undefined;
    this.#onTaken();
    return new ConsumerRecords(taken);
  }

  #takeInto(taken: PartitionRecords[], maxRecords: number): void {
    let room = maxRecords;
    this.#subscription.visitReady((partition) => {
      if (room <= 0) return false;
      try {
        const records = partition.take(room);
        if (records === undefined) return true;
        taken.push(records);
        room -= records.records.length;
        return true;
      } catch (error) {
        // What was taken before it is handed out first; then this partition tells its error.
        if (taken.length === 0) throw error;
        return false;
      }
    });
  }
}

/** Whatever a rebalance listener threw, as it is; it need not be an Error. */
function rejected(error: unknown): Promise<never> {
  const { promise, reject } = deferred<never>();
  reject(error);
  return promise;
}
