import { Headers, type Bytes, type ConsumerRecord } from '@hearken/core';
import { bytesOf } from './lane.js';

/** Memory of the size that some bytes take which are copied to it. Of none that is shared with others, as `Buffer.from` has it. */
class Copies {
  readonly #memory: Buffer;
  #at = 0;

  constructor(size: number) {
    this.#memory = Buffer.allocUnsafeSlow(size);
  }

  of(bytes: Bytes): Bytes {
    if (bytes === null) return null;
    const from = this.#at;
    this.#at += bytes.copy(this.#memory, from);
    return this.#memory.subarray(from, this.#at);
  }
}

/** A record with bytes of its own. */
class DetachedRecord implements ConsumerRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: ConsumerRecord['timestampType'];
  readonly key: Bytes;
  readonly value: Bytes;
  declare readonly headers: Headers;
  declare readonly leaderEpoch?: number;
  readonly #sizeInBytes: number;

  constructor(record: ConsumerRecord, copies: Copies) {
    this.topic = record.topic;
    this.partition = record.partition;
    this.offset = record.offset;
    this.timestamp = record.timestamp;
    this.timestampType = record.timestampType;
    this.key = copies.of(record.key);
    this.value = copies.of(record.value);
    Object.defineProperty(this, 'headers', headersIn(copies, record));
    if (record.leaderEpoch !== undefined) this.leaderEpoch = record.leaderEpoch;
    this.#sizeInBytes = bytesOf(record);
  }

  /** As of the record that it is a copy of: what is counted once is taken off again later. */
  get sizeInBytes(): number {
    return this.#sizeInBytes;
  }
}

/**
 * The same record, out of what it was fetched with. Key, value and headers are slices of an answer of up to 50 MiB, all of
 * which is kept as long as one of them is: a record that stays for longer than its neighbours must not keep those. One that
 * is most of its answer is left as it is.
 */
export function detached(record: ConsumerRecord): ConsumerRecord {
  const memory = memoryOf(record);
  const isAlone = memory === undefined ? record instanceof DetachedRecord : memory.byteLength <= 2 * bytesOf(record);
  return isAlone ? record : new DetachedRecord(record, new Copies(contentOf(record)));
}

/** The same records, together in memory of their own. */
export function allDetached(records: readonly ConsumerRecord[]): readonly ConsumerRecord[] {
  const copies = new Copies(records.reduce((sum, record) => sum + contentOf(record), 0));
  return records.map((record) => new DetachedRecord(record, copies));
}

/** What its key and value are slices of; undefined if it has neither. */
export const memoryOf = ({ key, value }: ConsumerRecord): ArrayBufferLike | undefined => (value ?? key)?.buffer;

function contentOf(record: ConsumerRecord): number {
  const { key, value } = record;
  let size = (key?.length ?? 0) + (value?.length ?? 0);
  try {
    for (const [, header] of record.headers) size += header?.length ?? 0;
  } catch {
    // They cannot be read: whoever asks for them is told so, as below.
  }
  return size;
}

/** Headers that cannot be read are for those who ask for them to stumble over, as they would without the copy. */
function headersIn(copies: Copies, record: ConsumerRecord): PropertyDescriptor {
  try {
    const headers = Array.from(record.headers, ([name, value]) => [name, copies.of(value)] as const);
    return { value: Headers.from(headers), enumerable: true };
  } catch (error) {
    return {
      get: () => {
        throw error;
      },
    };
  }
}
