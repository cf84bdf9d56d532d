import type { KafkaError, PartitionRecords, PositionReset, TopicPartition } from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';
import type { AbortedTransactions } from './aborted-transactions.js';
import { FetchBuffer, type AppendOptions } from './fetch-buffer.js';

/** Told whenever something changes that fetching or polling a partition depends on. */
export interface PartitionObserver {
  onChanged(partition: AssignedPartition): void;
  /** A batch that was being decompressed is there. */
  onReady(): void;
}

/** Where reading starts, beside the offset. */
export interface Start {
  /** Epoch of the record before the offset, if known: the broker compares it with its log (KIP-320). */
  readonly leaderEpoch?: number | undefined;
  /** Why, if nobody asked to go there: the next `poll` tells it, even without records. */
  readonly reset?: PositionReset | undefined;
  /** The next `poll` tells it in any case: whoever asked before was told that there is no position yet. */
  readonly told?: boolean | undefined;
}

/** Why a position means nothing any more, and what it was. */
type PositionLeft = Omit<PositionReset, 'to'>;

/**
 * One partition that this consumer reads. A new object at every assignment, so whoever holds one can tell whether it is
 * still the assigned one.
 */
export class AssignedPartition implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  /** Equal for assignments of the same partition. */
  readonly key: string;
  highWatermark: number | undefined;
  lastStableOffset: number | undefined;
  /** Id of the topic that the position is a position in; undefined until it is first fetched, or if brokers do not tell. */
  topicId: string | undefined;
  readonly #observer: PartitionObserver;
  #buffer: FetchBuffer | undefined;
  #paused = false;
  #active = false;
  #retryAtMs = 0;
  #failures = 0;
  #missing: KafkaError | undefined;
  #onSpare: FetchBuffer | undefined;
  #left: PositionLeft | undefined;

  constructor({ topic, partition }: TopicPartition, observer: PartitionObserver) {
    this.topic = topic;
    this.partition = partition;
    this.key = topicPartitionKey(this);
    this.#observer = observer;
  }

  /** Absent while the position is unknown. Replaced, never emptied: a buffer is one epoch of reading. */
  get buffer(): FetchBuffer | undefined {
    return this.#buffer;
  }

  /** Offset of the next record; the old one while another is looked for, which comes with a reset that says so. */
  get position(): number | undefined {
    return this.#buffer?.position ?? this.#left?.from;
  }

  /** The position that was lost, while another is looked for. */
  get left(): PositionLeft | undefined {
    return this.#left;
  }

  get paused(): boolean {
    return this.#paused;
  }

  set paused(paused: boolean) {
    this.#paused = paused;
    this.#observer.onChanged(this);
  }

  /** Whether it may be fetched and polled: from the end of `onPartitionsAssigned` until it is being taken away. */
  get active(): boolean {
    return this.#active;
  }

  set active(active: boolean) {
    this.#active = active;
    this.#observer.onChanged(this);
  }

  /** Not fetched before this time of the monotonic clock: its leader is unknown or refused. */
  get retryAtMs(): number {
    return this.#retryAtMs;
  }

  /** Whether the spare connection fetches it, for the buffer it has now. */
  get isOnSpare(): boolean {
    return this.#onSpare !== undefined && this.#onSpare === this.#buffer;
  }

  /** Why there is no position, if it is known. */
  get missing(): KafkaError | undefined {
    return this.#missing;
  }

  /** Whether `poll` may take from it, and finds something. */
  get isReady(): boolean {
    return this.#active && !this.#paused && (this.#missing !== undefined || this.#buffer?.isReady === true);
  }

  /** Reads on from here; what was buffered or is being fetched is void. */
  startAt(offset: number, { leaderEpoch = -1, reset, told }: Start = {}): void {
    const onReady = (): void => {
      this.#observer.onChanged(this);
      this.#observer.onReady();
    };
    this.#buffer = new FetchBuffer(this, { position: offset, leaderEpoch, reset, told, onReady });
    this.#left = undefined;
    this.topicId = undefined;
    this.#missing = undefined;
    this.#retryAtMs = 0;
    this.#observer.onChanged(this);
  }

  /** The position means nothing any more; another is looked for. */
  losePosition(reason: PositionReset['reason']): void {
    this.#left = this.#buffer && { reason, from: this.#buffer.position };
    this.#buffer = undefined;
    this.#observer.onChanged(this);
  }

  /** There is no position, and nothing will bring one but a seek: `take` throws this until then. */
  cannotStart(error: KafkaError): void {
    this.#missing = error;
    this.#observer.onChanged(this);
  }

  /** {@link FetchBuffer.fail} */
  fail(error: KafkaError): void {
    this.#buffer?.fail(error);
    this.#observer.onChanged(this);
  }

  /** {@link FetchBuffer.append} */
  append(records: Buffer, aborted: AbortedTransactions, options: AppendOptions): void {
    this.#buffer?.append(records, aborted, options);
    this.#observer.onChanged(this);
  }

  /** {@link FetchBuffer.take} */
  take(max: number): PartitionRecords | undefined {
    if (this.#missing !== undefined) throw this.#missing;
    try {
      return this.#buffer?.take(max);
    } finally {
      this.#observer.onChanged(this); // also if it throws: a corrupt batch is found here, and what follows it let go of
    }
  }

  fetchedOnSpare(buffer: FetchBuffer): void {
    this.#onSpare = buffer;
  }

  /** The answer is there, or none will come. */
  spareFetchEnded(buffer: FetchBuffer): void {
    if (this.#onSpare === buffer) this.#onSpare = undefined;
    this.#observer.onChanged(this);
  }

  /** Not to be fetched before this time. */
  backOff(untilMs: number): void {
    this.#retryAtMs = untilMs;
    this.#observer.onChanged(this);
  }

  /** A fetch of it failed. Returns how often in a row. */
  failed(): number {
    return ++this.#failures;
  }

  fetched(): void {
    this.#failures = 0;
  }
}
