import type { Bytes, TopicPartition } from '@hearken/core';
import { isIndex, isTopicPartition } from '../arguments.js';

/** Offsets of a partition that were skipped, and are to be replayed. */
export interface ShedRange extends TopicPartition {
  /** The lowest offset that had not ended. Some above it may have: they are replayed too. */
  readonly from: number;
  /** The offset after the last: where reading went on. */
  readonly to: number;
}

/** A range as it stands in its topic. */
export interface RecordedRange extends ShedRange {
  /** Of the topic that it is a range of, if brokers tell: one that is made anew under the same name has other records. */
  readonly topicId?: string;
  /** Where its replay goes on; `from` if it has not begun. */
  readonly done: number;
  /** Offsets below that which were not there any more when it was their turn; none if absent. */
  readonly missing?: number;
}

/** What listeners are told of it. */
export const nameOf = ({ topic, partition, from, to }: ShedRange): string => `${topic}/${partition}/${from}/${to}`;

/**
 * The key under which a range is recorded: its topic, partition and offsets, and which topic of that name it is.
 *
 * The end is part of it, as a key that stands for two ranges loses one of them: a container records 100 to 200 and dies
 * before it seeks; its successor sheds again, from 100 to 300; and the replay of the first range, which began at once, ends
 * and deletes what it knows by that key. With the end in it, whoever writes a key writes what was there. The topic's id
 * likewise: the range of one that was made anew has the same offsets as that of the one before, which is given up.
 */
export const keyOf = (range: Omit<RecordedRange, 'done'>): string =>
  range.topicId === undefined ? nameOf(range) : `${nameOf(range)}/${range.topicId}`;

export function rangeBytes({ topic, partition, from, to, topicId, done, missing = 0 }: RecordedRange): Buffer {
  const progress = done === from ? {} : { done, ...(missing > 0 && { missing }) };
  return Buffer.from(
    JSON.stringify({ topic, partition, from, to, ...(topicId !== undefined && { topicId }), ...progress }),
  );
}

/** The range that these bytes are of; undefined if they are of none. */
export function rangeOf(value: Bytes): RecordedRange | undefined {
  const parsed = parse(value);
  if (!isTopicPartition(parsed)) return undefined;
  const { topic, partition, from, to, topicId, done, missing } = parsed as TopicPartition &
    Partial<Record<string, unknown>>;
  if (!isIndex(from) || !isIndex(to) || (from as number) >= (to as number)) return undefined;
  const range = { topic, partition, from: from as number, to: to as number };
  const isWithin = isIndex(done) && (done as number) >= range.from && (done as number) < range.to;
  return {
    ...range,
    ...(typeof topicId === 'string' && { topicId }),
    done: isWithin ? (done as number) : range.from, // better twice than never
    ...(isWithin && isIndex(missing) && { missing: missing as number }),
  };
}

function parse(value: Bytes): unknown {
  try {
    return JSON.parse(value?.toString() ?? '');
  } catch {
    return undefined; // somebody else's record
  }
}

/** Without how far it got. */
export const bare = ({ topic, partition, from, to }: ShedRange): ShedRange => ({ topic, partition, from, to });
