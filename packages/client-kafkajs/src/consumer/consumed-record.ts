import { Headers, type Bytes, type ConsumerRecord, type TopicPartition } from '@hearken/core';
import { readHeaders, type RecordCursor } from '@hearken/protocol';

/** What all records of a batch have in common. */
export interface BatchOrigin extends TopicPartition {
  readonly timestampType: 'create-time' | 'log-append-time';
  /** -1 if unknown. */
  readonly leaderEpoch: number;
}

/**
 * A record as `poll` hands it out. Made once per record, so it holds what the cursor knows and no more: key and value are
 * slices of the fetched bytes, headers are parsed when somebody asks.
 */
export class ConsumedRecord implements ConsumerRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: 'create-time' | 'log-append-time';
  readonly key: Bytes;
  readonly value: Bytes;
  declare readonly leaderEpoch?: number;
  readonly #bytes: Buffer;
  readonly #headersAt: number;
  readonly #sizeInBytes: number;
  #headers: Headers | undefined;

  /** @param cursor stands on the record */
  constructor(origin: BatchOrigin, cursor: RecordCursor) {
    this.topic = origin.topic;
    this.partition = origin.partition;
    this.offset = cursor.offset;
    this.timestamp = cursor.timestamp;
    this.timestampType = origin.timestampType;
    this.key = cursor.key;
    this.value = cursor.value;
    this.#bytes = cursor.buffer;
    this.#headersAt = cursor.headersAt;
    this.#sizeInBytes = cursor.sizeInBytes;
    if (origin.leaderEpoch >= 0) this.leaderEpoch = origin.leaderEpoch;
  }

  get sizeInBytes(): number {
    return this.#sizeInBytes;
  }

  get headers(): Headers {
    return (this.#headers ??= Headers.from(readHeaders(this.#bytes, this.#headersAt)));
  }
}
