import { inspect } from 'node:util';
import { Headers, type Bytes, type ConsumerRecord, type TopicPartition } from '@hearken/core';
import { readHeaders, sliceOf, type RecordCursor } from '@hearken/protocol';

/** What all records of a batch have in common. */
export interface BatchOrigin extends TopicPartition {
  readonly timestampType: 'create-time' | 'log-append-time';
  /** -1 if unknown. */
  readonly leaderEpoch: number;
}

/**
 * A record as `poll` hands it out. Made once per record, so it holds what the cursor knows and no more: key and value become
 * slices of the fetched bytes, and headers are parsed, when somebody asks.
 */
export class ConsumedRecord implements ConsumerRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: 'create-time' | 'log-append-time';
  declare readonly leaderEpoch?: number;
  readonly #bytes: Buffer;
  readonly #keyAt: number;
  readonly #keySize: number;
  readonly #valueSize: number;
  readonly #headersAt: number;
  readonly #sizeInBytes: number;
  #key: Bytes | undefined;
  #value: Bytes | undefined;
  #headers: Headers | undefined;

  /** @param cursor stands on the record */
  constructor(origin: BatchOrigin, cursor: RecordCursor) {
    this.topic = origin.topic;
    this.partition = origin.partition;
    this.offset = cursor.offset;
    this.timestamp = cursor.timestamp;
    this.timestampType = origin.timestampType;
    this.#bytes = cursor.buffer;
    this.#keyAt = cursor.keyAt;
    this.#keySize = cursor.keySize;
    this.#valueSize = cursor.valueSize;
    this.#headersAt = cursor.headersAt;
    this.#sizeInBytes = cursor.sizeInBytes;
    if (origin.leaderEpoch >= 0) this.leaderEpoch = origin.leaderEpoch;
  }

  get key(): Bytes {
    return (this.#key ??= this.#keySize < 0 ? null : sliceOf(this.#bytes, this.#keyAt, this.#keySize));
  }

  get value(): Bytes {
    const size = this.#valueSize;
    return (this.#value ??= size < 0 ? null : sliceOf(this.#bytes, this.#headersAt - size, size));
  }

  get sizeInBytes(): number {
    return this.#sizeInBytes;
  }

  get headers(): Headers {
    return (this.#headers ??= Headers.from(readHeaders(this.#bytes, this.#headersAt)));
  }

  /** All of it: `JSON.stringify` sees no getters. */
  toJSON(): object {
    const { key, value } = this;
    return Object.assign({}, this, { key, value, headers: this.#shownHeaders });
  }

  /** Neither does `console.log`. */
  [inspect.custom](): object {
    return this.toJSON();
  }

  /** Or why they cannot be read: whoever shows the record perhaps wants to say just that. */
  get #shownHeaders(): unknown {
    try {
      return [...this.headers];
    } catch (error) {
      return String(error);
    }
  }
}
