import type { ProducerRecord, RecordMetadata } from './records.js';

/** One partition of a topic, as the brokers tell it. */
export interface PartitionInfo {
  readonly topic: string;
  readonly partition: number;
  /** Node id of the leader; undefined while there is none. */
  readonly leader: number | undefined;
  readonly replicas: readonly number[];
  readonly inSyncReplicas: readonly number[];
}

/** A snapshot; counters run from the producer's creation. */
export interface ProducerMetrics {
  readonly recordsSent: number;
  readonly recordsFailed: number;
  /** Batches that left, each counted once however often it was sent. */
  readonly batches: number;
  /** Records of those: over `batches`, the mean of a batch. */
  readonly batchedRecords: number;
  /** Records of the largest. */
  readonly largestBatchRecords: number;
  /** How long batches waited from their first record until they left first, in milliseconds: over `batches`, the mean. */
  readonly queueTimeMs: number;
  /** The longest such wait. */
  readonly longestQueueTimeMs: number;
  /** Batches in requests, those sent again included. */
  readonly batchesSent: number;
  /** Batches sent again after a retriable error. */
  readonly batchesRetried: number;
  /** Batches taken apart because the broker found them too large. */
  readonly batchesSplit: number;
  readonly bytesSent: number;
  /** Bytes of records accepted and not yet settled. */
  readonly bufferedBytes: number;
  /** What `bufferedBytes` may grow to. */
  readonly bufferMemoryBytes: number;
  /** Sends that wait for buffer memory or metadata. */
  readonly waiting: number;
  /** Produce requests without an answer yet. */
  readonly inFlight: number;
  /** Batches in those. */
  readonly batchesInFlight: number;
}

/**
 * Sends records. Called from anywhere, at any time before `close`; every method is safe to call concurrently.
 * Records of one partition are written in the order of the `send` calls. Nothing throws synchronously.
 */
export interface Producer {
  /** Which replicas have a record when its `send` resolves: all that are in sync, the leader, or perhaps none. Undefined if nobody knows. */
  readonly acks?: 'all' | 1 | 0;
  /**
   * Resolves when the record is acknowledged as `acks` says; rejects with a coded error that concerns this record alone.
   * The record's buffers must not be changed before that.
   */
  send(record: ProducerRecord): Promise<RecordMetadata>;
  /**
   * As `send`, for a caller that wants something else of the promise than metadata: a second promise for each record would
   * cost as much as all the rest. @default not there: use `send`
   * @param mapper serves any number of sends
   * @param context given to the mapper with the end of this send
   */
  sendWith?<Context, Result>(
    record: ProducerRecord,
    mapper: SendMapper<Context, Result>,
    context: Context,
  ): Promise<Result>;
  /** Sends what is buffered at once; resolves when every record accepted before this call is settled, well or badly. */
  flush(): Promise<void>;
  partitionsFor(topic: string): Promise<readonly PartitionInfo[]>;
  metrics(): ProducerMetrics;
  /** Refuses new records, flushes, lets go. Records not settled after `timeoutMs` reject. Idempotent. */
  close(options?: CloseOptions): Promise<void>;
}

/** Makes of the end of a send what its promise settles with. One of the two is called, once a send. */
export interface SendMapper<Context, Result> {
  result(metadata: RecordMetadata, context: Context): Result;
  /** What the promise rejects with. */
  error(error: unknown, context: Context): Error;
}

export interface CloseOptions {
  /** How long to wait for what is under way. @default 30000 */
  readonly timeoutMs?: number;
}

/**
 * Makes producers. Hearken's own factory keeps one connection-holding producer, made on first use, and hands out handles
 * on it: closing a handle flushes and releases; the last release, or the factory's `close`, closes the producer.
 */
export interface ProducerFactory {
  /** Does not connect: a wrong address rejects the first `send`, not this. */
  createProducer(): Producer;
  close(options?: CloseOptions): Promise<void>;
}
