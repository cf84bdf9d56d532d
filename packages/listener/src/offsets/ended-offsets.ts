import type { ConsumerRecord } from '@hearken/core';

/** Which offsets of a partition had ended at some time: all from `from` to before `to`, but for ranges that were open. */
export interface EndedOffsets {
  readonly from: number;
  readonly to: number;
  /** The newest leader epoch of the records among them; -1 if they told none. */
  readonly leaderEpoch: number;
  /** Where open ranges begin and, by turns, end: rising, from `from` on, the last end before `to`. */
  readonly open: readonly number[];
}

/**
 * Whether this record had ended. Offsets that held no record when they were passed count as ended, as nobody kept them
 * apart; no record turns up in them. But an election may lose records, and others be written in the place of any of them:
 * those are of a newer leader, and have not ended.
 */
export function hasEnded(
  { from, to, leaderEpoch: newest, open }: EndedOffsets,
  { offset, leaderEpoch = -1 }: Pick<ConsumerRecord, 'offset' | 'leaderEpoch'>,
): boolean {
  return offset >= from && offset < to && leaderEpoch <= newest && countUpTo(open, offset) % 2 === 0;
}

/** All that had ended by the one up to a position, which is how far it was read, and by the other from there on. */
export function followedBy(read: EndedOffsets, position: number, rest: EndedOffsets): EndedOffsets {
  const open = [...read.open];
  const endsOpen = read.to < position;
  if (endsOpen) open.push(read.to);
  const passed = countUpTo(rest.open, position);
  if (endsOpen !== (passed % 2 === 1)) open.push(position);
  for (let i = passed; i < rest.open.length; i++) open.push(rest.open[i] ?? 0);
  // The newer epoch would vouch for records that it did not see; with the older one, a few come again.
  return { from: read.from, to: rest.to, leaderEpoch: Math.min(read.leaderEpoch, rest.leaderEpoch), open };
}

/** How many of these rising numbers are not above `limit`. */
export function countUpTo(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? Infinity) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
