import type { ConsumerRecord, PartitionRecords, PositionReset, TopicPartition } from '@hearken/core';

/** What was taken of a partition. A class, for the reason that is told at `youngArray`. */
export class TakenRecords implements PartitionRecords {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly ConsumerRecord[];
  readonly nextOffset: number;
  declare readonly leaderEpoch?: number;
  declare readonly reset?: PositionReset;
  declare readonly memoryBytes?: number;

  /**
   * @param leaderEpoch -1 if unknown
   * @param memoryBytes 0 for none
   */
  constructor(
    { topic, partition }: TopicPartition,
    records: readonly ConsumerRecord[],
    nextOffset: number,
    leaderEpoch: number,
    memoryBytes: number,
    reset: PositionReset | undefined,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.records = records;
    this.nextOffset = nextOffset;
    if (leaderEpoch >= 0) this.leaderEpoch = leaderEpoch;
    if (memoryBytes > 0) this.memoryBytes = memoryBytes;
    if (reset !== undefined) this.reset = reset;
  }
}
