import type { Clock } from '@hearken/core';
import { BatchCounters } from './batch-counters.js';
import type { BatchOutcomes } from './batch-outcomes.js';
import type { Idempotence } from './idempotence.js';
import type { MetadataRefresher } from './metadata-refresher.js';
import type { PartitionQueue } from './partition-queue.js';
import type { ProduceExchange } from './produce-exchange.js';
import type { ProducerBatch } from './producer-batch.js';
import type { ProducerCluster } from './producer-cluster.js';
import type { ProducerIdentities } from './producer-identity.js';
import type { ResolvedProducerOptions } from './producer-options.js';
import type { RecordAccumulator } from './record-accumulator.js';
import { WakeUpTimer } from './wake-up-timer.js';

/** Produce requests without an answer per broker. More would only queue at the broker, which serves one at a time. */
const MAX_REQUESTS_PER_LEADER = 5;

/**
 * How long a batch that is not full waits for the one before it: a broker that is near answers meanwhile, and batches are
 * fewer and larger; one that is far is not waited for.
 */
const COMPANY_MS = 5;

export interface SenderParts {
  readonly cluster: Pick<ProducerCluster, 'metadata'>;
  readonly accumulator: RecordAccumulator;
  readonly exchange: Pick<ProduceExchange, 'run'>;
  readonly outcomes: BatchOutcomes;
  /** Both undefined for a producer that is not idempotent. */
  readonly idempotence: Idempotence | undefined;
  readonly identities: ProducerIdentities | undefined;
  readonly refresher: MetadataRefresher;
  readonly clock: Clock;
  readonly options: ResolvedProducerOptions;
  /** Somebody waits for what is buffered: nothing lingers. */
  readonly isUrgent: () => boolean;
}

/** Batches that will be one request. */
interface Draft {
  readonly leader: number;
  readonly batches: ProducerBatch[];
  /** A request has one batch of a partition. */
  readonly queues: Set<PartitionQueue>;
  sizeBytes: number;
}

/** Decides when batches leave, and puts those for one broker into one request. What an answer means is not its question. */
export class Sender {
  readonly counters = new BatchCounters();
  readonly #parts: SenderParts;
  readonly #timer: WakeUpTimer;
  /** Without an answer; one that is being put together counts. */
  readonly #requests = new Map<number, number>();
  #isWoken = false;
  #isClosed = false;
  /** No batch's delivery time-out ends before. */
  #expiryMs = Infinity;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#timer = new WakeUpTimer(parts.clock, () => this.#turn());
  }

  /** Requests without an answer. */
  get inFlight(): number {
    let count = 0;
    for (const requests of this.#requests.values()) count += requests;
    return count;
  }

  /**
   * Something may be ready to leave. It does so after this turn of the event loop: a loop of sends then leaves in full
   * batches, not with its first record alone.
   */
  wake(): void {
    if (this.#isWoken || this.#isClosed) return;
    this.#isWoken = true;
    setImmediate(this.#onImmediate);
  }

  /** Gives up every batch. Nothing is sent afterwards. */
  close(): void {
    this.#isClosed = true;
    this.#timer.clear();
    const { accumulator, outcomes } = this.#parts;
    for (const batch of accumulator.batches()) outcomes.giveUp(batch, 'PRODUCER_CLOSED', 'because the producer closed');
  }

  readonly #onImmediate = (): void => {
    this.#isWoken = false;
    if (!this.#isClosed) this.#turn();
  };

  /** Whatever goes wrong in it ends with the sends, which hear of it, not with the process, nor with sends that hear nothing. */
  #turn(): void {
    try {
      this.#drain();
    } catch (error) {
      this.#parts.outcomes.broken(error);
    }
  }

  #drain(): void {
    const { accumulator, clock, refresher, identities } = this.#parts;
    const nowMs = clock.monotonic();
    this.#expire(nowMs);
    const dueMs = this.#sendDue(nowMs);
    if (accumulator.busySinceMs === Infinity) {
      this.#timer.clear();
      return;
    }
    const renewalMs = identities?.renewIfDue(nowMs) ?? Infinity;
    this.#timer.wakeAt(Math.min(dueMs, this.#expiryMs, refresher.refreshIfDue(nowMs), renewalMs));
  }

  /** Sends what may leave. Returns when time alone makes more of it; Infinity if an event has to come first. */
  #sendDue(nowMs: number): number {
    let nextMs = Infinity;
    const drafts = new Map<number, Draft>();
    try {
      for (const queue of this.#parts.accumulator.ready()) {
        this.#followLeader(queue);
        const draft = drafts.get(queue.leader);
        const dueMs = this.#dueMs(queue, draft, nowMs);
        if (dueMs > nowMs) nextMs = Math.min(nextMs, dueMs);
        else this.#addTo(this.#draftFor(queue, draft, drafts), queue, nowMs);
      }
    } finally {
      for (const draft of drafts.values()) void this.#transmit(draft); // also after an error: a draft counts as a request
    }
    return nextMs;
  }

  #followLeader(queue: PartitionQueue): void {
    const { cluster, refresher, outcomes, options } = this.#parts;
    const { name } = queue.topic;
    queue.topic.follow(cluster.metadata.topic(name));
    if (!queue.topic.mayHave(queue.partition)) outcomes.refuseGone(queue);
    if (queue.leader < 0 || cluster.metadata.ageMs(name) > options.metadataMaxAgeMs) refresher.markStale(name);
  }

  /** When the queue's first batch may leave; Infinity if something has to happen first, which wakes the sender. */
  #dueMs(queue: PartitionQueue, draft: Draft | undefined, nowMs: number): number {
    const { accumulator, idempotence } = this.#parts;
    const { leader, retryAtMs, inFlight, waiting: [first] } = queue; // prettier-ignore
    if (first === undefined || leader < 0 || !accumulator.mayTake(queue)) return Infinity;
    if (idempotence?.admits(queue) === false) return Infinity;
    if (retryAtMs > nowMs) return retryAtMs;
    const isFull = first.state === 'closed';
    if (!isFull && inFlight.length > 0) return this.#requestDueMs(leader, this.#lingerEndMs(first, COMPANY_MS));
    if (draft !== undefined && this.#fits(draft, queue)) return nowMs;
    // Lingering is for company while the broker is busy anyway: a lone record would only be late (Nagle's rule).
    const mayLinger = !isFull && this.#requests.has(leader) && !this.#parts.isUrgent();
    return this.#requestDueMs(leader, mayLinger ? this.#lingerEndMs(first) : nowMs);
  }

  #lingerEndMs({ createdAtMs }: ProducerBatch, atLeastMs = 0): number {
    return createdAtMs + Math.max(this.#parts.options.lingerMs, atLeastMs);
  }

  /** The time given, if another request to the leader may be made. */
  #requestDueMs(leader: number, dueMs: number): number {
    return (this.#requests.get(leader) ?? 0) < MAX_REQUESTS_PER_LEADER ? dueMs : Infinity;
  }

  /** The draft given if the queue's first batch fits into it, else a new one; a full one leaves. */
  #draftFor(queue: PartitionQueue, draft: Draft | undefined, drafts: Map<number, Draft>): Draft {
    const { leader } = queue;
    if (draft !== undefined) {
      if (this.#fits(draft, queue)) return draft;
      void this.#transmit(draft);
    }
    const next: Draft = { leader, batches: [], queues: new Set(), sizeBytes: 0 };
    drafts.set(leader, next);
    this.#requests.set(leader, (this.#requests.get(leader) ?? 0) + 1);
    return next;
  }

  #fits({ sizeBytes, queues }: Draft, queue: PartitionQueue): boolean {
    const [first] = queue.waiting;
    if (first === undefined || queues.has(queue)) return false;
    return sizeBytes + first.sizeBytes <= this.#parts.options.maxRequestBytes;
  }

  #addTo(draft: Draft, queue: PartitionQueue, nowMs: number): void {
    this.#parts.idempotence?.number(queue);
    const batch = this.#parts.accumulator.take(queue);
    this.counters.leaves(batch, nowMs);
    draft.batches.push(batch);
    draft.queues.add(queue);
    draft.sizeBytes += batch.sizeBytes;
  }

  async #transmit({ leader, batches }: Draft): Promise<void> {
    try {
      await this.#parts.exchange.run(leader, batches);
    } catch (error) {
      this.#parts.outcomes.broken(error); // it never should
    }
    const left = (this.#requests.get(leader) ?? 1) - 1;
    if (left > 0) this.#requests.set(leader, left);
    else this.#requests.delete(leader);
    this.wake();
  }

  /** Looks at every batch, but only when one may be due: they all have the same time, and the oldest is known. */
  #expire(nowMs: number): void {
    const { accumulator, outcomes, options } = this.#parts;
    if (accumulator.busySinceMs === Infinity) this.#expiryMs = Infinity;
    else if (this.#expiryMs === Infinity) this.#expiryMs = accumulator.busySinceMs + options.deliveryTimeoutMs;
    if (nowMs < this.#expiryMs) return;
    this.#expiryMs = Infinity;
    for (const batch of accumulator.batches()) {
      const expiryMs = batch.createdAtMs + options.deliveryTimeoutMs;
      if (expiryMs > nowMs) this.#expiryMs = Math.min(this.#expiryMs, expiryMs);
      else outcomes.giveUp(batch, 'DELIVERY_TIMEOUT', `after ${options.deliveryTimeoutMs} ms (deliveryTimeoutMs)`);
    }
  }
}
