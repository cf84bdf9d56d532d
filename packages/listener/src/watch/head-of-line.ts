import type { ConsumerRecord, Logger, TopicPartition } from '@hearken/core';
import type { GuardedEvents } from '../container-events.js';
import type { DeliveryLane } from '../dispatch/delivery.js';
import type { Ownership } from '../offsets/ownership.js';

/** One record keeps a partition, in which all else is done, from being committed, and soon from being polled. */
export interface PartitionBlock extends TopicPartition {
  /** Of the record that blocks: the oldest that has not ended. */
  readonly offset: number;
  /** The record, raw; undefined if it waits to be acknowledged, or is one of a batch and not its first. */
  readonly record: ConsumerRecord | undefined;
  /** The attempt that runs or is waited for; undefined as `record` is, and while it waits for its turn. */
  readonly attempt: number | undefined;
  /** How long ago it was polled. */
  readonly ageMs: number;
  /** Records from it on to the newest that was polled. */
  readonly span: number;
  /** Those of them that have not ended. */
  readonly outstanding: number;
}

/** When a partition counts as blocked. */
export interface BlockLimits {
  readonly windowRecords: number;
  /** Of the window, how much has to be spanned. */
  readonly blockedSpanRatio: number;
  /** Of what is spanned, how much has to have ended. */
  readonly blockedEndedRatio: number;
}

/**
 * Whether one record, or next to none, holds up a partition: nearly all of the window is taken, and nearly all of that has
 * ended. The rule of Uber's uForwarder, with its figures as defaults.
 */
export function isBlocked(
  { span, outstanding }: { readonly span: number; readonly outstanding: number },
  { windowRecords, blockedSpanRatio, blockedEndedRatio }: BlockLimits,
): boolean {
  return span > blockedSpanRatio * windowRecords && span - outstanding > blockedEndedRatio * span;
}

export interface HeadOfLineInit {
  readonly limits: BlockLimits;
  readonly owned: Iterable<Ownership>;
  readonly logger: Logger;
  readonly events: GuardedEvents;
}

/** Looking more often would cost containers of a thousand partitions, and tell nothing sooner that anybody acts upon. */
const LOOK_EVERY_MS = 100;

/** Looks as the poll loop turns for partitions that one record holds up; tells of each such record once, and when it is done. */
export class HeadOfLine {
  readonly #init: HeadOfLineInit;
  readonly #blocked = new Map<Ownership, PartitionBlock>();
  #nextLookAt = -Infinity;

  constructor(init: HeadOfLineInit) {
    this.#init = init;
  }

  /** As it was when it was told. */
  get blocked(): readonly PartitionBlock[] {
    const standing = [...this.#blocked].filter(([ownership]) => !ownership.isOver);
    return standing.map(([, block]) => block);
  }

  /** The loop turns, at this time. */
  turned(now: number): void {
    if (now < this.#nextLookAt) return;
    this.#nextLookAt = now + LOOK_EVERY_MS;
    for (const [ownership, block] of this.#blocked) this.#lookAgain(ownership, block);
    for (const ownership of this.#init.owned)
      if (isBlocked(ownership.tracker, this.#init.limits) && !this.#blocked.has(ownership)) this.#tell(ownership, now);
  }

  #lookAgain(ownership: Ownership, { topic, partition, offset }: PartitionBlock): void {
    if (!ownership.isOver && ownership.tracker.oldestOutstanding === offset) return;
    this.#blocked.delete(ownership);
    if (ownership.isOver) return; // it was given up, which is no progress
    this.#init.logger.info({ topic, partition, offset }, 'a record that blocked its partition is done');
    this.#init.events.emit('partition:unblocked', { topic, partition, offset });
  }

  #tell(ownership: Ownership, now: number): void {
    const { topic, partition, tracker, oldestAt = now } = ownership;
    const { span, outstanding, committable: offset } = tracker;
    const { record, attempt } = find(ownership, offset);
    const details = { topic, partition, offset, attempt, ageMs: now - oldestAt, span, outstanding };
    const block = { ...details, record };
    this.#blocked.set(ownership, block);
    this.#init.logger.warn(details, 'one record blocks its partition: nearly all behind it has ended');
    this.#init.events.emit('partition:blocked', block);
  }
}

/** The record is looked for only when it blocks: nobody keeps account of where records are. */
function find(
  { lanes, retries }: Ownership,
  offset: number,
): { readonly record: ConsumerRecord | undefined; readonly attempt: number | undefined } {
  for (const { record, attempt } of retries) if (record.offset === offset) return { record, attempt };
  for (const lane of lanes.table) {
    const found = inLane(lane, offset);
    if (found !== undefined) return found;
  }
  return { record: undefined, attempt: undefined };
}

function inLane({ current, first }: DeliveryLane, offset: number): ReturnType<typeof find> | undefined {
  if (current?.lead.record.offset === offset) return current.lead;
  return first?.record.offset === offset ? { record: first.record, attempt: undefined } : undefined;
}
