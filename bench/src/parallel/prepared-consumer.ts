import {
  ConsumerRecords,
  type Consumer,
  type ConsumerRebalanceListener,
  type ConsumerRecord,
  type PartitionLag,
  type TopicPartition,
  type TopicPartitionOffset,
  type TopicPartitionOffsets,
} from 'hearken';

const NONE: readonly never[] = [];

/**
 * Owns all partitions of a topic as long as it lives, and polls what was prepared: so a container's own cost is all there is.
 * A commit is written as soon as it is asked for.
 */
export class PreparedConsumer implements Consumer {
  /** Committed records of all partitions. */
  committedRecords = 0;
  readonly #partitions: readonly TopicPartition[];
  readonly #committed = new Map<number, number>();
  readonly #positions: number[];
  #ready: ConsumerRecords[] = [];
  #wake: () => void = () => undefined;

  constructor(topic: string, partitions: number) {
    this.#partitions = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
    this.#positions = this.#partitions.map(() => 0);
  }

  /** One poll after the other. Those before must have been taken. */
  give(polls: readonly ConsumerRecords[]): void {
    this.#ready = polls.toReversed();
    this.#wake();
  }

  async poll(timeoutMs: number): Promise<ConsumerRecords> {
    if (timeoutMs > 0 && this.#ready.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    const records = (timeoutMs > 0 ? this.#ready.pop() : undefined) ?? ConsumerRecords.EMPTY;
    for (const { partition, nextOffset } of records.partitions) this.#positions[partition] = nextOffset;
    return records;
  }

  wakeup(): void {
    this.#wake();
  }

  async subscribe(_: readonly string[] | RegExp, listener?: ConsumerRebalanceListener): Promise<void> {
    await listener?.onPartitionsAssigned(this.#partitions);
  }

  commit(offsets: TopicPartitionOffsets): Promise<void> {
    for (const { partition, offset } of offsets) {
      this.committedRecords += offset - (this.#committed.get(partition) ?? 0);
      this.#committed.set(partition, offset);
    }
    return Promise.resolve();
  }

  committed(): Promise<TopicPartitionOffsets> {
    return Promise.resolve(NONE);
  }

  assignment(): readonly TopicPartition[] {
    return this.#partitions;
  }

  position({ partition }: TopicPartition): number {
    return this.#positions[partition] ?? NaN;
  }

  lag(): readonly PartitionLag[] {
    return NONE;
  }

  paused(): readonly TopicPartition[] {
    return NONE;
  }

  groupMetadata(): ReturnType<Consumer['groupMetadata']> {
    return { groupId: 'bench', generationId: 1, memberId: 'bench' };
  }

  readonly pause = (): void => undefined;
  readonly resume = (): void => undefined;
  readonly close = (): Promise<void> => Promise.resolve();
  readonly assign = unasked;
  readonly seek = unasked;
  readonly seekToBeginning = unasked;
  readonly seekToEnd = unasked;
  readonly offsetsForTimes = unasked;
  readonly beginningOffsets = unasked;
  readonly endOffsets = unasked;
}

/** One answer: what it has of each partition, in its order. */
export function pollOf(topic: string, records: readonly ConsumerRecord[]): ConsumerRecords {
  const byPartition = new Map<number, ConsumerRecord[]>();
  for (const record of records) {
    const those = byPartition.get(record.partition) ?? [];
    byPartition.set(record.partition, those);
    those.push(record);
  }
  return new ConsumerRecords(
    Array.from(byPartition, ([partition, those]) => {
      const { offset = NaN }: Partial<TopicPartitionOffset> = those.at(-1) ?? {};
      return { topic, partition, records: those, nextOffset: offset + 1 };
    }),
  );
}

function unasked(): never {
  throw new Error('nobody asks that of a consumer whose polls are prepared');
}
