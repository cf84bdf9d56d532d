import {
  ConsumerRecords,
  IllegalStateError,
  type PartitionLag,
  type PartitionRecords,
  type TopicPartition,
} from '@hearken/core';
import { describePartition, topicPartitionKey } from '@hearken/core/internal';
import type { FakeLog } from './fake-log.js';

/** Reading of one assigned partition. */
interface Cursor extends TopicPartition {
  position: number;
  paused: boolean;
  /** False until `onPartitionsAssigned` and from `onPartitionsRevoked` on: nothing is taken from it. */
  fetching: boolean;
}

/** What a fake consumer is assigned, and where it reads. */
export class FakeAssignment {
  readonly #log: FakeLog;
  readonly #cursors = new Map<string, Cursor>();

  constructor(log: FakeLog) {
    this.#log = log;
  }

  add(partition: TopicPartition, position: number): void {
    const cursor = { ...plain(partition), position, paused: false, fetching: false };
    this.#cursors.set(topicPartitionKey(partition), cursor);
  }

  drop(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#cursors.delete(topicPartitionKey(partition));
  }

  keepOnly(partitions: readonly TopicPartition[]): void {
    const kept = new Set(partitions.map(topicPartitionKey));
    for (const key of this.#cursors.keys()) if (!kept.has(key)) this.#cursors.delete(key);
  }

  /** Another one each time that the partition is assigned; undefined while it is not. */
  stintOf(partition: TopicPartition): unknown {
    return this.#cursors.get(topicPartitionKey(partition));
  }

  all(): readonly TopicPartition[] {
    return [...this.#cursors.values()].map(plain);
  }

  paused(): readonly TopicPartition[] {
    return [...this.#cursors.values()].filter((cursor) => cursor.paused).map(plain);
  }

  setPaused(partitions: readonly TopicPartition[], paused: boolean): void {
    for (const cursor of this.#among(partitions)) cursor.paused = paused;
  }

  setFetching(partitions: readonly TopicPartition[], fetching: boolean): void {
    for (const cursor of this.#among(partitions)) cursor.fetching = fetching;
  }

  /** @throws IllegalStateError `NOT_ASSIGNED` */
  position(partition: TopicPartition): number {
    return this.#cursor(partition).position;
  }

  /** @throws IllegalStateError `NOT_ASSIGNED` */
  seek(partition: TopicPartition, offset: number): void {
    this.#cursor(partition).position = offset;
  }

  lag(): readonly PartitionLag[] {
    return Array.from(this.#cursors.values(), (cursor) => {
      const { topic, partition, position } = cursor;
      const endOffset = this.#log.endOffset(cursor);
      return { topic, partition, position, endOffset, lag: Math.max(0, endOffset - position) };
    });
  }

  /** What there is to read, at most so many, and positions go on; undefined if there is nothing and none moved. */
  take(maxRecords: number): ConsumerRecords | undefined {
    const taken: PartitionRecords[] = [];
    let room = maxRecords;
    for (const [key, cursor] of [...this.#cursors]) {
      if (room === 0) break;
      if (cursor.paused || !cursor.fetching) continue;
      const { records, nextOffset } = this.#log.read(cursor, cursor.position, room);
      if (nextOffset === cursor.position) continue;
      const leaderEpoch = records.at(-1)?.leaderEpoch;
      taken.push({ ...plain(cursor), records, nextOffset, ...(leaderEpoch !== undefined && { leaderEpoch }) });
      cursor.position = nextOffset;
      room -= records.length;
      this.#cursors.delete(key); // to the end of the line: what was served last is served first the next time
      this.#cursors.set(key, cursor);
    }
    return taken.length === 0 ? undefined : new ConsumerRecords(taken);
  }

  #among(partitions: readonly TopicPartition[]): Cursor[] {
    return partitions
      .map((partition) => this.#cursors.get(topicPartitionKey(partition)))
      .filter((cursor) => cursor !== undefined);
  }

  #cursor(partition: TopicPartition): Cursor {
    const cursor = this.#cursors.get(topicPartitionKey(partition));
    if (cursor !== undefined) return cursor;
    throw new IllegalStateError(`${describePartition(partition)} is not assigned`, 'NOT_ASSIGNED');
  }
}

const plain = ({ topic, partition }: TopicPartition): TopicPartition => ({ topic, partition });
