import type { Bytes, ConsumerRecord, PartitionRecords, TopicPartition } from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';
import type { LaneKeys } from '../dispatch/lane-keys.js';
import { hashOf } from '../dispatch/lane-table.js';
import type { Ordering } from '../dispatch/lanes.js';
import { keyText } from '../key-text.js';
import { SpaceSaving, type Heavy } from './space-saving.js';

/** A key of a partition, or the partition where that is what is in order. */
export interface LaneName extends TopicPartition {
  readonly key: string | null;
}

/**
 * A key holds the others up if its share is above one part in `concurrency`. Shares above one in this are seen for sure, and
 * a sample of a key without a counter costs a look at all of them.
 */
const COUNTERS = 128;
/** Records after which what came before counts half. */
const MEMORY = 65_536;
/** Of each partition's part of a poll, at most. */
const SAMPLES = 32;
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/**
 * Looks at the keys of some records as they come, and so before a hot key is what holds the container up: of those that end it
 * has a small part then, as it waits for itself. One of each so many, now an earlier and now a later one: keys may come in turn.
 */
export class ArrivalSampler {
  readonly #ordering: Ordering;
  readonly #keys: LaneKeys<{ readonly record: ConsumerRecord }>;
  readonly #lanes = new SpaceSaving<LaneName>(COUNTERS, MEMORY);
  /** Of each partition, as much of the total. */
  readonly #ofPartition = new Map<string, number>();
  /** From 0 to 1, evenly (the golden ratio's multiples, without their whole parts). */
  #where = 0;

  constructor(ordering: Ordering, keys: LaneKeys<{ readonly record: ConsumerRecord }>) {
    this.#ordering = ordering;
    this.#keys = keys;
  }

  /** How many records it stands for. */
  get total(): number {
    return this.#lanes.total;
  }

  /** How many of them are the partition's. */
  totalOf(partition: TopicPartition): number {
    return this.#ofPartition.get(topicPartitionKey(partition)) ?? 0;
  }

  hottest(most: number): readonly Heavy<LaneName>[] {
    return this.#lanes.top(most);
  }

  readonly arrived = ({ records, topic, partition }: PartitionRecords): void => {
    if (this.#ordering === 'none') return;
    const each = Math.ceil(records.length / SAMPLES);
    for (let from = 0; from < records.length; from += each) {
      const among = Math.min(each, records.length - from);
      this.#where = (this.#where + GOLDEN_RATIO) % 1;
      const record = records[from + Math.floor(this.#where * among)];
      if (record !== undefined) this.#add({ topic, partition }, this.#keyOf(record), among);
    }
  };

  #keyOf(record: ConsumerRecord): Bytes {
    if (this.#ordering === 'partition') return null;
    return this.#keys.keyOf === undefined ? record.key : this.#keys.keyOf({ record });
  }

  #add(at: TopicPartition, key: Bytes, times: number): void {
    const partition = topicPartitionKey(at);
    const before = this.#lanes.total;
    this.#ofPartition.set(partition, (this.#ofPartition.get(partition) ?? 0) + times);
    this.#count(at, key, times);
    if (this.#lanes.total < before)
      for (const [each, count] of this.#ofPartition) this.#ofPartition.set(each, count / 2);
  }

  #count(at: TopicPartition, key: Bytes, times: number): void {
    if (key === null && this.#ordering === 'key' && this.#keys.nullKey === 'unordered') {
      this.#lanes.pass(times); // it waits for nothing
      return;
    }
    // The hash is of all bytes: that two frequent ones share it, their length and their beginning is next to impossible.
    const id = `${hashOf(key)} ${key?.length} ${at.partition} ${at.topic} ${key?.toString('latin1', 0, 32)}`;
    this.#lanes.add(id, () => ({ ...at, key: keyText(key) }), times);
  }
}
