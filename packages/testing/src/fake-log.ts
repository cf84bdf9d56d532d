import { topicPartitionKey } from '@hearken/core/internal';
import type { ConsumerRecord, TopicPartition, TopicPartitionOffset } from '@hearken/core';
import { aRecord, type RecordInit } from './a-record.js';

interface PartitionLog {
  readonly records: ConsumerRecord[];
  endOffset: number;
}

/** What stands in the partitions, and what groups committed: shared by the fakes of one test, as brokers are. */
export class FakeLog {
  /** What is set for topics, by name, for the test to set. @default nothing */
  readonly topicConfigs = new Map<string, Readonly<Record<string, string>>>();
  readonly #partitions = new Map<string, PartitionLog>();
  readonly #committed = new Map<string, Map<string, TopicPartitionOffset>>();
  readonly #readers = new Set<() => void>();

  /** Appends records; offsets follow each other unless one is given, which leaves a gap as compaction does. */
  append(topic: string, partition: number, ...records: readonly RecordInit[]): readonly ConsumerRecord[] {
    const log = this.#log({ topic, partition });
    const appended = records.map((init) => {
      const record = aRecord({ ...init, topic, partition, offset: init.offset ?? log.endOffset });
      if (record.offset < log.endOffset) throw new RangeError(`offset ${record.offset} is taken already`);
      log.records.push(record);
      log.endOffset = record.offset + 1;
      return record;
    });
    this.#wakeReaders();
    return appended;
  }

  /** Takes offsets without records, as transaction markers do. */
  skip(topic: string, partition: number, count: number): void {
    this.#log({ topic, partition }).endOffset += count;
    this.#wakeReaders();
  }

  records(topic: string, partition: number): readonly ConsumerRecord[] {
    return this.#log({ topic, partition }).records;
  }

  beginningOffset(partition: TopicPartition): number {
    return this.#log(partition).records[0]?.offset ?? 0;
  }

  endOffset(partition: TopicPartition): number {
    return this.#log(partition).endOffset;
  }

  /** At most so many records from this offset on, and where to go on after them. */
  read(
    partition: TopicPartition,
    offset: number,
    maxRecords: number,
  ): { readonly records: readonly ConsumerRecord[]; readonly nextOffset: number } {
    const { records, endOffset } = this.#log(partition);
    const from = lowerBound(records, offset);
    const taken = records.slice(from, from + maxRecords);
    if (from + taken.length === records.length) return { records: taken, nextOffset: Math.max(offset, endOffset) };
    const last = taken.at(-1);
    return { records: taken, nextOffset: last === undefined ? offset : last.offset + 1 };
  }

  commit(groupId: string, offsets: readonly TopicPartitionOffset[]): void {
    const committed = this.#committed.get(groupId) ?? new Map<string, TopicPartitionOffset>();
    this.#committed.set(groupId, committed);
    for (const offset of offsets) committed.set(topicPartitionKey(offset), offset);
  }

  committed(groupId: string, partition: TopicPartition): TopicPartitionOffset | undefined {
    return this.#committed.get(groupId)?.get(topicPartitionKey(partition));
  }

  /** Calls `wake` after every append. Returns what ends the calls. */
  onAppend(wake: () => void): () => void {
    this.#readers.add(wake);
    return () => void this.#readers.delete(wake);
  }

  #log(partition: TopicPartition): PartitionLog {
    const key = topicPartitionKey(partition);
    const log = this.#partitions.get(key) ?? { records: [], endOffset: 0 };
    this.#partitions.set(key, log);
    return log;
  }

  #wakeReaders(): void {
    for (const wake of this.#readers) wake();
  }
}

/** Index of the first record at or after the offset. */
function lowerBound(records: readonly ConsumerRecord[], offset: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((records[middle]?.offset ?? Infinity) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
