import type {
  Bytes,
  ConsumerRecord,
  Logger,
  PositionReset,
  TopicPartition,
  TopicPartitionOffsets,
} from '@hearken/core';
import type { ContainerState, StopReport } from './container-state.js';
import type { ContainerStall, PartitionStall } from './watch/progress-watch.js';
import { Observers } from './observers.js';
import type { PauseOwner } from './pause/pause-owner.js';
import type { ShedRange } from './shed/shed-range.js';
import type { PartitionBlock } from './watch/head-of-line.js';

/** A failure that the container answers with a new consumer. */
interface Restart {
  readonly error: unknown;
  /** How many there were without a good time between them, this one included. */
  readonly failures: number;
  readonly delayMs: number;
}

/** Everything a container tells. Observers only: none can change what it does. */
export interface ContainerEvents<K = Bytes, V = Bytes> {
  'state:changed': { readonly previous: ContainerState; readonly next: ContainerState };
  'container:started': { readonly assignment: readonly TopicPartition[] };
  /** It runs again, with a new consumer. */
  'container:restarted': { readonly assignment: readonly TopicPartition[] };
  /** A fatal error: the container is taken down, and starts again `delayMs` after that. */
  'restart:scheduled': Restart;
  /** The same, because a login or a permission was refused. */
  'auth:retried': Restart;
  /** A login or permission that was refused is granted. */
  'auth:recovered': { readonly failures: number };
  'container:stopped': { readonly report: StopReport; readonly error?: unknown };
  'partitions:assigned': { readonly partitions: readonly TopicPartition[] };
  /** They are drained and committed; other members get them now. */
  'partitions:revoked': { readonly partitions: readonly TopicPartition[] };
  'partitions:lost': { readonly partitions: readonly TopicPartition[] };
  /** The user's own rebalance listener failed, or took too long, for partitions that went all the same. */
  'rebalance-listener:failed': {
    readonly callback: string;
    readonly partitions: readonly TopicPartition[];
    readonly error: unknown;
  };
  /**
   * Reading goes on elsewhere though nobody sought: the log does not hold the position, an election lost records that were
   * read, or the topic was deleted and made anew. What had not ended is abandoned; offsets are committed from `to` on.
   */
  'position:reset': TopicPartition & PositionReset;
  /** A partition is not polled until its oldest record ends: it is `windowRecords` ahead of it. */
  'window:filled': TopicPartition & { readonly oldestOutstanding: number; readonly span: number };
  /** `shed` skipped these ranges; they are recorded, and no listener sees them before a CompensationListenerContainer does. */
  'partitions:shed': { readonly ranges: readonly ShedRange[] };
  /**
   * One record keeps a partition from being committed: nearly all of `windowRecords` lies behind it, and nearly all of that has
   * ended (`blockedSpanRatio`, `blockedEndedRatio`). Told once for each such record.
   */
  'partition:blocked': PartitionBlock;
  /** That record has ended. */
  'partition:unblocked': TopicPartition & { readonly offset: number };
  /** Nothing was polled for `idleEventIntervalMs`, or for as much longer. */
  'container:idle': { readonly idleMs: number };
  /** Records come again, after so long. */
  'container:busy': { readonly idleMs: number };
  /** Nothing was polled of a partition for `idlePartitionEventIntervalMs`, or for as much longer. */
  'partition:idle': TopicPartition & { readonly idleMs: number };
  'partition:busy': TopicPartition & { readonly idleMs: number };
  /** A partition has something to do and has not gone on for `noProgressTimeoutMs`. Told once. */
  'partition:stalled': PartitionStall;
  /** It goes on again, or has nothing to do any more. */
  'partition:progressed': TopicPartition;
  /** The poll loop does not turn, or the group has not taken the container for `noProgressTimeoutMs`. Told once. */
  'container:stalled': ContainerStall;
  'container:progressed': object;
  /** A listener ended well; under a manual `ackMode` its record may have yet to be acknowledged, or come again. The record is as it got it. */
  'listener:returned': { readonly record: ConsumerRecord<K, V>; readonly attempt: number };
  /** The filter did not keep a record: it is done. */
  'record:filtered': { readonly record: ConsumerRecord };
  /** A batch listener ended well with these records, as it got them; `listener:returned` tells of each. */
  'batch:returned': TopicPartition & { readonly records: readonly ConsumerRecord<K, V>[]; readonly attempt: number };
  /** An attempt failed; the next one follows after `delayMs`. */
  'record:retried': {
    readonly record: ConsumerRecord;
    readonly error: unknown;
    readonly attempt: number;
    readonly delayMs: number;
  };
  /**
   * An attempt failed while the record's partition was being given up: revoked, or the container stops. It is not tried again
   * here; the record comes again to whoever has the partition next, as its first attempt there.
   */
  'record:leftBehind': { readonly record: ConsumerRecord; readonly error: unknown; readonly attempt: number };
  /** A listener gave its record back: it comes again after `delayMs`. */
  'record:nacked': { readonly record: ConsumerRecord; readonly attempt: number; readonly delayMs: number };
  /** The last attempt failed. What becomes of the record follows: recovered, skipped, the container stops. */
  'record:failed': { readonly record: ConsumerRecord; readonly error: unknown; readonly attempt: number };
  /** The recoverer took a record: it is done. */
  'record:recovered': { readonly record: ConsumerRecord; readonly error: unknown; readonly attempt: number };
  /** A record is in the parked topic: it is done here. Without `error` it follows another of its key. */
  'record:parked': { readonly record: ConsumerRecord; readonly error?: unknown; readonly attempt: number };
  /** A record's last attempt failed: it is parked, and so is every later one of its key until `key:handedBack`. The key is what records are ordered by. */
  'key:parked': TopicPartition & { readonly key: Bytes; readonly record: ConsumerRecord; readonly error: unknown };
  /** All that was parked of a key is worked off: its records come straight to the listener again. */
  'key:handedBack': TopicPartition & { readonly key: Bytes; readonly parkedMs: number };
  /** So many parked records of the partition wait for keys that cannot go on that no others are read: a key that is mended waits too. */
  'parked:filled': TopicPartition;
  /** So many offsets of the partition's parked topic were deleted before they were worked off: the records in them are lost. */
  'parked:missing': TopicPartition & { readonly offsets: number };
  /** A record is done although it was not processed. */
  'record:skipped': { readonly record: ConsumerRecord; readonly error: unknown; readonly attempt: number };
  /**
   * The recoverer failed: it is asked again after `delayMs`. Where that is undefined the container stops, or the partition is
   * being given up already; either way the record comes again.
   */
  'recovery:failed': { readonly record: ConsumerRecord; readonly error: unknown; readonly delayMs: number | undefined };
  /**
   * Another owner keeps the partition from being polled. With `failure` the error handler said so: `record` comes next, on
   * `resume`, and had failed with `error` (both only at first, not when the partition is assigned anew).
   */
  'partition:paused': TopicPartition & {
    readonly owner: PauseOwner;
    readonly record?: ConsumerRecord;
    readonly error?: unknown;
  };
  /** An owner holds the partition no more; another may. A partition that is given up tells nothing. */
  'partition:resumed': TopicPartition & { readonly owner: PauseOwner };
  /** A listener ended after its record was abandoned; `error` if it failed. Of a batch: its first record, and all of them. */
  'listener:late': {
    readonly record: ConsumerRecord;
    readonly records?: readonly ConsumerRecord[];
    readonly error?: unknown;
  };
  /**
   * A listener has run for `handlerTimeoutMs`: its signal aborted. Its lane and its slot are taken until it ends; what follows
   * then is the error handler's. `record` is the first of a batch.
   */
  'listener:timedOut': { readonly record: ConsumerRecord; readonly attempt: number; readonly error: unknown };
  'offsets:committed': { readonly offsets: TopicPartitionOffsets };
  /** The topic was deleted: there is nowhere to write these offsets. */
  'offsets:dropped': { readonly offsets: TopicPartitionOffsets; readonly error: unknown };
  /**
   * With `offsetMap`: the text that the group keeps with this offset tells nothing of what ended behind it, so all of that
   * comes again. Somebody else wrote it (`'foreign'`); or it was damaged, or belongs to another offset, partition or topic
   * (`'mismatched'`).
   */
  'offset-map:ignored': TopicPartition & {
    readonly offset: number;
    readonly metadata: string;
    readonly reason: 'foreign' | 'mismatched';
  };
  /** These offsets stay to be committed; the next try follows. */
  'commit:failed': { readonly offsets: TopicPartitionOffsets; readonly error: unknown };
}

const NAMES = Object.keys({
  'state:changed': true,
  'container:started': true,
  'container:restarted': true,
  'restart:scheduled': true,
  'auth:retried': true,
  'auth:recovered': true,
  'container:stopped': true,
  'partitions:assigned': true,
  'partitions:revoked': true,
  'partitions:lost': true,
  'rebalance-listener:failed': true,
  'position:reset': true,
  'window:filled': true,
  'partitions:shed': true,
  'partition:blocked': true,
  'partition:unblocked': true,
  'container:idle': true,
  'container:busy': true,
  'partition:idle': true,
  'partition:busy': true,
  'partition:stalled': true,
  'partition:progressed': true,
  'container:stalled': true,
  'container:progressed': true,
  'listener:returned': true,
  'batch:returned': true,
  'record:filtered': true,
  'record:retried': true,
  'record:leftBehind': true,
  'record:nacked': true,
  'record:failed': true,
  'record:recovered': true,
  'record:parked': true,
  'key:parked': true,
  'key:handedBack': true,
  'parked:filled': true,
  'parked:missing': true,
  'record:skipped': true,
  'recovery:failed': true,
  'partition:paused': true,
  'partition:resumed': true,
  'listener:late': true,
  'listener:timedOut': true,
  'offsets:committed': true,
  'offsets:dropped': true,
  'offset-map:ignored': true,
  'commit:failed': true,
} satisfies Record<keyof ContainerEvents, true>);

export type ContainerEventListener<Name extends keyof ContainerEvents, K = Bytes, V = Bytes> = (
  payload: ContainerEvents<K, V>[Name],
) => unknown;

export class GuardedEvents extends Observers<ContainerEvents<unknown, unknown>> {
  constructor(logger: Logger) {
    super(logger, NAMES);
  }
}
