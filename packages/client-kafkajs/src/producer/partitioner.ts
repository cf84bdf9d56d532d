import { Headers, type Bytes, type PartitionInfo } from '@hearken/core';
import { atOnce, partitionForKey } from '@hearken/core/internal';

/** What a partitioner may look at. */
export interface PartitionableRecord {
  readonly topic: string;
  readonly key: Bytes;
  readonly value: Bytes;
  readonly headers: Headers;
}

/**
 * Chooses a partition: called once per record that names none, in the order of the sends. `partitions` are all of the
 * topic, in order; those without a leader have none to send to just now. What it throws, or a number that is no partition,
 * rejects that record alone with `INVALID_PARTITION`.
 */
export type Partitioner = (record: PartitionableRecord, partitions: readonly PartitionInfo[]) => number;

export type PartitionerName = 'murmur2' | 'round-robin' | 'random';
export type PartitionerChoice = PartitionerName | Partitioner;

/** One topic's partitions, as a partitioner needs them. */
export interface PartitionsView {
  readonly partitions: readonly PartitionInfo[];
  /** Numbers of the partitions that have a leader; all of them while none has. */
  readonly available: readonly number[];
}

/** A record as the producer holds it: most have no headers. */
type HeldRecord = Omit<PartitionableRecord, 'headers'> & { readonly headers: Headers | undefined };

/** A partitioner with what it remembers of one topic. */
export interface TopicPartitioner {
  choose(record: HeldRecord, view: PartitionsView): number;
  /** The partition's open batch is full or on its way: the next one may go elsewhere. */
  onBatchClosed(partition: number): void;
}

/**
 * A partitioner for one topic.
 * @param random a number from 0 up to 1
 */
export function topicPartitioner(choice: PartitionerChoice, random: () => number): TopicPartitioner {
  if (choice === 'murmur2') return new KeyedOrSticky(random);
  return { choose: chooser(choice, random), onBatchClosed: () => undefined };
}

function chooser(choice: Exclude<PartitionerChoice, 'murmur2'>, random: () => number): TopicPartitioner['choose'] {
  if (choice === 'random') return (_record, { available }) => pick(available, Math.floor(random() * available.length));
  if (choice === 'round-robin') {
    let next = 0;
    return (_record, { available }) => pick(available, next++);
  }
  return ({ topic, key, value, headers }, { partitions }) =>
    atOnce('it', choice({ topic, key, value, headers: headers ?? new Headers() }, partitions));
}

/** Records with a key go by its hash; those without fill one partition's batch, then another's (KIP-480). */
class KeyedOrSticky implements TopicPartitioner {
  readonly #random: () => number;
  #sticky = -1;
  #last = -1;

  constructor(random: () => number) {
    this.#random = random;
  }

  choose({ key }: HeldRecord, view: PartitionsView): number {
    if (key !== null) return partitionForKey(key, view.partitions.length);
    if (this.#sticky < 0 || this.#sticky >= view.partitions.length) this.#sticky = this.#another(view.available);
    return this.#sticky;
  }

  onBatchClosed(partition: number): void {
    if (partition !== this.#sticky) return;
    this.#last = partition;
    this.#sticky = -1;
  }

  /** Any but the last one, each as likely. */
  #another(available: readonly number[]): number {
    const others = available.filter((partition) => partition !== this.#last);
    return pick(others.length > 0 ? others : available, Math.floor(this.#random() * others.length));
  }
}

const pick = (available: readonly number[], index: number): number => available[index % available.length] ?? -1;
