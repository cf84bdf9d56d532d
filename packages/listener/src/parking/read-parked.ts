import {
  KafkaError,
  type Consumer,
  type ConsumerRecord,
  type TopicPartition,
  type TopicPartitionOffset,
  type TopicPartitionOffsets,
} from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';

/** A parked partition, as it is found. */
export interface ParkedReader extends TopicPartition {
  /** This stands there, and has to be read; -1 if nobody knows. */
  readonly markedAt: number;
  /** So many offsets are gone that were not committed: retention deleted them. */
  missed(offsets: number): void;
  begin(at: ParkedStart): void;
  read(record: ConsumerRecord): void;
  /** There was nothing more. @returns where to begin reading instead, once, as it cannot make sense of all */
  end(to: number): number | undefined;
}

export interface ParkedStart {
  /** What is ahead of this is done. */
  readonly from: number;
  /** Reading begins here. */
  readonly readFrom: number;
  /** What was committed with `from`. */
  readonly metadata: string | undefined;
}

/** A transaction that somebody left open there: a consumer is shown what stands ahead of it. */
const HIDDEN = { code: 'PARKED_TOPIC_HIDDEN', retriable: true } as const;
const RESET = { code: 'PARKED_TOPIC_RESET', retriable: true } as const;

/** How long one poll waits: only for the answer, as what is asked for is there. */
const POLL_MS = 1_000;

/**
 * Reads parked partitions from what their group committed to where they end now.
 * @returns false if it was cut short by the signal
 */
export async function readParked(
  consumer: Pick<
    Consumer,
    'assign' | 'committed' | 'beginningOffsets' | 'endOffsets' | 'seek' | 'poll' | 'position' | 'pause'
  >,
  partitions: readonly ParkedReader[],
  signal: AbortSignal,
): Promise<boolean> {
  const places = partitions.map(({ topic, partition }) => ({ topic, partition }));
  await consumer.assign(places);
  const committed = byPartition(await consumer.committed(places)); // first: it does not lie behind the end then
  const [begins, ends] = await Promise.all([
    consumer.beginningOffsets(places).then(offsetsOf),
    consumer.endOffsets(places).then(offsetsOf),
  ]);
  const open = new Map<string, Reading>();
  for (const reader of partitions) {
    const [begin = 0, end = 0] = [begins(reader), ends(reader)];
    if (end <= reader.markedAt) throw new KafkaError('what is parked cannot be read to its end yet', HIDDEN);
    const { offset, metadata } = committed(reader) ?? {};
    const from = startOf(offset, begin, end);
    const missing = begin - (offset ?? begin);
    if (missing > 0) reader.missed(missing);
    const start = { from, readFrom: from, metadata: offset !== undefined && offset > end ? undefined : metadata };
    reader.begin(start);
    consumer.seek(reader, from);
    if (from < end) open.set(topicPartitionKey(reader), { reader, begin, end, start });
    else reader.end(end);
  }
  consumer.pause(places.filter((at) => !open.has(topicPartitionKey(at))));
  while (open.size > 0) {
    if (signal.aborted) return false;
    for (const batch of (await consumer.poll(POLL_MS)).partitions) {
      const at = open.get(topicPartitionKey(batch));
      if (at === undefined) continue;
      // Where the log ends now is not known any more: it may never get there.
      if (batch.reset !== undefined) throw new KafkaError('what is parked changed while it was read', RESET);
      for (const record of batch.records) if (record.offset < at.end) at.reader.read(record);
      if (batch.nextOffset < at.end) continue;
      const readFrom = Math.max(at.reader.end(at.end) ?? at.start.readFrom, at.begin);
      if (readFrom < at.start.readFrom && !at.isSecond) {
        at.reader.begin({ ...at.start, readFrom });
        consumer.seek(batch, readFrom);
        open.set(topicPartitionKey(batch), { ...at, isSecond: true });
      } else {
        open.delete(topicPartitionKey(batch));
        consumer.pause([batch]);
      }
    }
  }
  return true;
}

interface Reading {
  readonly reader: ParkedReader;
  readonly begin: number;
  readonly end: number;
  readonly start: ParkedStart;
  /** It began anew, where the reader wanted it to. */
  readonly isSecond?: boolean;
}

/** What is committed may lie outside of the log: its head was deleted, or the topic made anew. */
const startOf = (committed: number | undefined, begin: number, end: number): number =>
  committed === undefined || committed < begin || committed > end ? begin : committed;

function byPartition(offsets: TopicPartitionOffsets): (at: TopicPartition) => TopicPartitionOffset | undefined {
  const found = new Map(offsets.map((at) => [topicPartitionKey(at), at]));
  return (at) => found.get(topicPartitionKey(at));
}

function offsetsOf(offsets: TopicPartitionOffsets): (at: TopicPartition) => number | undefined {
  const found = byPartition(offsets);
  return (at) => found(at)?.offset;
}
