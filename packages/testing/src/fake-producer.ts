import {
  IllegalStateError,
  KafkaError,
  systemClock,
  type Clock,
  type CloseOptions,
  type PartitionInfo,
  type Producer,
  type ProducerMetrics,
  type ProducerRecord,
  type RecordMetadata,
} from '@hearken/core';
import { deferred, type Deferred } from '@hearken/core/internal';
import { FakeLog } from './fake-log.js';
import { Recorder } from './recorder.js';
import { Signal } from './signal.js';

export interface FakeProducerOptions {
  /** Where records are written. @default a log of its own */
  readonly log?: FakeLog;
  /** Partitions of every topic, or how many there are now. @default 1 */
  readonly partitions?: number | (() => number);
  /** Stamps records and bounds `close`. @default the system's */
  readonly clock?: Clock;
}

interface PendingSend extends Deferred<RecordMetadata> {
  readonly record: ProducerRecord;
}

/** A producer in memory: acknowledges at once, or, after `hold`, when and how the test says. */
export class FakeProducer implements Producer {
  readonly log: FakeLog;
  /** Every record handed to `send`, in order. */
  readonly sent = new Recorder<ProducerRecord>();
  readonly closed = new Signal();
  /** For the test to set. */
  acks: 'all' | 1 | 0 = 'all';
  readonly #partitions: () => number;
  readonly #clock: Clock;
  readonly #failures: ((record: ProducerRecord) => unknown)[] = [];
  readonly #waiting: PendingSend[] = [];
  #holding = false;
  #flushes = 0;
  #recordsSent = 0;
  #recordsFailed = 0;
  #closing: Promise<void> | undefined;

  constructor({ log = new FakeLog(), partitions = 1, clock = systemClock }: FakeProducerOptions = {}) {
    this.log = log;
    this.#partitions = typeof partitions === 'function' ? partitions : () => partitions;
    this.#clock = clock;
  }

  // ---- the test's side

  /** From now on sends wait for `settle` or `reject`. */
  hold(): void {
    this.#holding = true;
  }

  /** Acknowledges the oldest sends that wait. @default all of them */
  settle(count: number = this.#waiting.length): void {
    for (const send of this.#waiting.splice(0, count)) send.resolve(this.#write(send.record));
  }

  /** Fails the oldest sends that wait. @default one */
  reject(error: unknown, count = 1): void {
    for (const send of this.#waiting.splice(0, count)) this.#refuse(send, error);
  }

  /** The next sends reject with this, or with what it makes of the record (undefined: this one succeeds). */
  failSends(failure: Error | ((record: ProducerRecord) => Error | undefined), times = 1): void {
    const script = typeof failure === 'function' ? failure : () => failure;
    for (let i = 0; i < times; i++) this.#failures.push(script);
  }

  /** Sends that wait to be settled. */
  get waiting(): number {
    return this.#waiting.length;
  }

  get flushes(): number {
    return this.#flushes;
  }

  // ---- the SPI

  send(record: ProducerRecord): Promise<RecordMetadata> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    this.sent.record(record);
    const send: PendingSend = { record, ...deferred<RecordMetadata>() };
    const failure = this.#failures.shift()?.(record) ?? this.#wrongPartition(record);
    if (failure !== undefined) this.#refuse(send, failure);
    else if (this.#holding) this.#waiting.push(send);
    else send.resolve(this.#write(record));
    return send.promise;
  }

  async flush(): Promise<void> {
    this.#flushes++;
    await Promise.allSettled(this.#waiting.map(({ promise }) => promise));
  }

  partitionsFor(topic: string): Promise<readonly PartitionInfo[]> {
    const node = { leader: 0, replicas: [0], inSyncReplicas: [0] };
    return Promise.resolve(
      Array.from({ length: this.#partitions() }, (_, partition) => ({ topic, partition, ...node })),
    );
  }

  metrics(): ProducerMetrics {
    return {
      recordsSent: this.#recordsSent,
      recordsFailed: this.#recordsFailed,
      batches: this.#recordsSent,
      batchedRecords: this.#recordsSent,
      largestBatchRecords: Math.min(this.#recordsSent, 1),
      queueTimeMs: 0,
      longestQueueTimeMs: 0,
      batchesSent: this.#recordsSent,
      batchesRetried: 0,
      batchesSplit: 0,
      bytesSent: 0,
      bufferedBytes: this.#waiting.reduce((bytes, { record }) => bytes + (record.value?.length ?? 0), 0),
      bufferMemoryBytes: Infinity,
      waiting: 0,
      inFlight: this.#waiting.length,
      batchesInFlight: this.#waiting.length,
    };
  }

  close({ timeoutMs = 30_000 }: CloseOptions = {}): Promise<void> {
    return (this.#closing ??= this.#close(timeoutMs));
  }

  // ---- inside

  async #close(timeoutMs: number): Promise<void> {
    const late = new KafkaError(`not acknowledged when the producer closed`, { code: 'PRODUCER_CLOSED' });
    const timer = this.#clock.setTimer(() => this.reject(late, this.#waiting.length), timeoutMs);
    await this.flush();
    timer.clear();
    this.closed.fire();
  }

  #write({ topic, key, value, headers, ...record }: ProducerRecord): RecordMetadata {
    const partition = record.partition ?? (key?.reduce((sum, byte) => sum + byte, 0) ?? 0) % this.#partitions();
    const timestamp = record.timestamp ?? this.#clock.now();
    const init = { key: key ?? null, value, timestamp, ...(headers === undefined ? {} : { headers }) };
    const [written] = this.log.append(topic, partition, init);
    this.#recordsSent++;
    return { topic, partition, offset: written?.offset ?? -1, timestamp };
  }

  #refuse(send: PendingSend, error: unknown): void {
    this.#recordsFailed++;
    send.reject(error);
  }

  #wrongPartition({ topic, partition = 0 }: ProducerRecord): KafkaError | undefined {
    if (partition < this.#partitions()) return undefined;
    return new KafkaError(`${topic} has ${this.#partitions()} partitions, not ${partition}`, {
      code: 'INVALID_PARTITION',
    });
  }
}

const closedError = (): IllegalStateError => new IllegalStateError('the producer is closed', 'PRODUCER_CLOSED');
