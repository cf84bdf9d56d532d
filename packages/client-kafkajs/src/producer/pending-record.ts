import { Buffer } from 'node:buffer'; // the global is an accessor: a call per use
import { Headers, type Bytes, type ProducerRecord, type RecordMetadata, type SendMapper } from '@hearken/core';
import { describe } from '@hearken/core/internal';
import { estimateRecordSize, type BatchRecord } from '@hearken/protocol';
import { ProducerError } from '../errors.js';
import type { FlushTracker, SendGroup } from './flush-tracker.js';
import { OwnPromise, type Promiser } from './promisers.js';

/** A record from `send` until its end is told: what is written and whom to tell, in one object. */
export class PendingRecord implements BatchRecord {
  readonly topic: string;
  /** The one asked for, or -1: the partitioner chooses. */
  readonly partition: number;
  readonly key: Bytes;
  readonly value: Bytes;
  readonly timestamp: number;
  /** A copy: the caller may change headers after `send`, and the size is counted now. */
  readonly headers: Headers | undefined;
  /** At most what it takes in a batch before compression. */
  readonly sizeBytes: number;
  readonly group: SendGroup;
  /** Since when it waits for its topic or for room, on the monotonic clock; undefined if it never had to. */
  waitingSinceMs: number | undefined = undefined;
  readonly #mapper: SendMapper<unknown, unknown>;
  readonly #context: unknown;
  /** Its batch's, unless it had to wait for one. */
  promiser: Promiser | undefined;
  #end: RecordMetadata | Failure | undefined;

  /**
   * @param nowMs the timestamp of a record that has none
   * @throws ProducerError `INVALID_RECORD`, `INVALID_PARTITION`
   */
  constructor(
    record: ProducerRecord,
    mapper: SendMapper<unknown, unknown>,
    context: unknown,
    nowMs: number,
    flushes: FlushTracker,
  ) {
    if (typeof record !== 'object' || (record as unknown) === null) throw invalid('a record must be an object', record);
    const { topic, partition = -1, key = null, value, timestamp = nowMs, headers } = record;
    if (typeof topic !== 'string' || topic === '') throw invalid(`topic must be a non-empty string`, topic);
    if (!isBytes(key)) throw invalid(`the key of a record for ${topic} must be a Buffer or null`, key);
    if (!isBytes(value)) throw invalid(`the value of a record for ${topic} must be a Buffer, or null to delete`, value);
    if (!Number.isSafeInteger(timestamp) || timestamp < 0) {
      throw invalid(`the timestamp of a record for ${topic} must be whole milliseconds since 1970`, timestamp);
    }
    if (!Number.isInteger(partition) || (partition < 0 && record.partition !== undefined)) {
      throw invalidPartition(topic, partition);
    }
    this.topic = topic;
    this.partition = partition;
    this.key = key;
    this.value = value;
    this.timestamp = timestamp;
    this.headers = headers === undefined ? undefined : copyOf(headers, topic);
    this.sizeBytes = estimateRecordSize(this);
    this.#mapper = mapper;
    this.#context = context;
    this.promiser = undefined;
    this.#end = undefined;
    this.group = flushes.enter(); // last: what throws above has not entered
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** What its sender gets. To be called once, before anything else is sent. */
  promise(): Promise<unknown> {
    this.promiser ??= new OwnPromise();
    return this.promiser.promiseFor(this);
  }

  resolve(metadata: RecordMetadata): void {
    this.#end = metadata;
    this.promiser?.onEnd(this);
  }

  reject(error: unknown): void {
    this.#end = new Failure(error);
    this.promiser?.onEnd(this);
  }

  /** What its promise settles with, thrown or returned. */
  outcome(): unknown {
    if (this.#end instanceof Failure) throw this.#mapper.error(this.#end.error, this.#context);
    return this.#mapper.result(this.#end!, this.#context); // eslint-disable-line @typescript-eslint/no-non-null-assertion -- it has ended
  }
}

class Failure {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** @param partitionCount of the topic, if known */
export function invalidPartition(topic: string, partition: unknown, partitionCount?: number): ProducerError {
  const allowed =
    partitionCount === undefined
      ? 'partitions are whole numbers from 0'
      : `the topic has ${partitionCount} partitions, from 0 to ${partitionCount - 1}`;
  return new ProducerError(`${topic} has no partition ${describe(partition)}: ${allowed}`, {
    code: 'INVALID_PARTITION',
  });
}

const isBytes = (value: unknown): value is Bytes => value === null || Buffer.isBuffer(value);

const invalid = (rule: string, got: unknown): ProducerError =>
  new ProducerError(`${rule}, got ${describe(got)}`, { code: 'INVALID_RECORD' });

function copyOf(headers: NonNullable<ProducerRecord['headers']>, topic: string): Headers {
  try {
    return Headers.from(headers);
  } catch (cause) {
    throw new ProducerError(`the headers of a record for ${topic} cannot be written: ${String(cause)}`, {
      code: 'INVALID_RECORD',
      cause,
    });
  }
}
