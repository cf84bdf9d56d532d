import { IllegalStateError, KafkaError, type Clock, type ConsumerRecord, type Timer } from '@hearken/core';
import { deferred, type Deferred } from '@hearken/core/internal';
import { ReplyTimeoutError } from '../errors.js';

/** A request that waits for its reply. */
export interface PendingRequest {
  readonly topic: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

interface Pending extends Deferred<ConsumerRecord> {
  readonly timer: Timer;
  readonly end: () => void;
}

/** Requests by correlation id. Each ends once: by its reply, its time, its signal, a failed send, or the end of all. */
export class PendingReplies {
  readonly #pending = new Map<string, Pending>();
  readonly #clock: Clock;
  readonly #max: number;

  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#max = max;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Whether it waits still. */
  has(id: string): boolean {
    return this.#pending.has(id);
  }

  /**
   * Resolves with the reply, as it was received.
   * @throws KafkaError `TOO_MANY_PENDING_REPLIES`; what the signal was aborted with
   */
  add(id: string, { topic, timeoutMs, signal }: PendingRequest): Promise<ConsumerRecord> {
    signal?.throwIfAborted();
    if (this.#pending.size >= this.#max) throw tooMany(this.#max);
    const reply = deferred<ConsumerRecord>();
    const onAbort = (): void => this.fail(id, signal?.reason);
    const timer = this.#clock.setTimer(() => this.fail(id, new ReplyTimeoutError(topic, timeoutMs)), timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    const end = (): void => {
      timer.clear();
      signal?.removeEventListener('abort', onAbort);
    };
    this.#pending.set(id, { ...reply, timer, end });
    return reply.promise;
  }

  /** @returns whether somebody waits for it */
  resolve(id: string, reply: ConsumerRecord): boolean {
    const pending = this.#take(id);
    pending?.resolve(reply);
    return pending !== undefined;
  }

  fail(id: string, error: unknown): void {
    this.#take(id)?.reject(error);
  }

  failAll(error: unknown): void {
    for (const id of [...this.#pending.keys()]) this.fail(id, error);
  }

  #take(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.end();
    return pending;
  }
}

const tooMany = (max: number): KafkaError =>
  new KafkaError(`${max} requests wait for their replies already (maxPendingReplies)`, {
    code: 'TOO_MANY_PENDING_REPLIES',
    retriable: true,
  });

/** What requests that wait, and later ones, are refused with. */
export const replyTemplateClosed = (): IllegalStateError =>
  new IllegalStateError('the template is closed', 'TEMPLATE_CLOSED');
