import type { Bytes, Clock, Logger, Serde, TaskExecutor, TopicPartition, TopicPartitionOffset } from '@hearken/core';
import type { KeySelector, NullKey } from './dispatch/lane-keys.js';
import type { Ordering } from './dispatch/lanes.js';
import type { BackOff } from './failure/back-off.js';
import type { BatchListener, BatchProperties } from './batch-listener.js';
import type { ErrorHandler } from './failure/error-handler.js';
import type { RecordFilter } from './invoke/record-filter.js';
import type { MessageListener } from './message-listener.js';
import type { ParkingProperties } from './parking/parking-properties.js';
import type { RebalanceListener } from './rebalance-listener.js';
import type { OnFatal } from './restart-policy.js';
import type { BatchMiddleware, RecordMiddleware } from './middleware/middleware.js';
import type { ShedProperties } from './shed/shed-properties.js';

/** When a record is done, and when that is committed; see `ContainerProperties.ackMode`. */
export type AckMode = 'record' | 'batch' | 'count' | 'time' | 'count-time' | 'manual' | 'manual-immediate';

/** Whether records are done when they are acknowledged. */
export const isManual = (mode: AckMode): boolean => mode === 'manual' || mode === 'manual-immediate';

/** A partition to read without group membership. */
export interface AssignedPartition extends TopicPartition {
  /**
   * Where to begin, at each start: at this offset; at the oldest record; at the end; at the first record whose timestamp, in
   * milliseconds since 1970, is at least this, or the end where there is none. A container that restarts by itself goes on
   * where it was. @default what the group committed, else the factory's `autoOffsetReset`
   */
  readonly offset?: number | 'beginning' | 'end' | { readonly timestamp: number };
}

/**
 * How a container listens. Exactly one of `topics`, `topicPattern`, `topicPartitions`, and of `listener`, `batchListener`.
 * The types of keys and values are those of the serdes: whatever else has to do with records follows them.
 */
export type ContainerProperties<K = Bytes, V = Bytes> =
  RecordContainerProperties<K, V> | BatchContainerProperties<K, V>;

/** Of a container that listens to one record at a time. */
export interface RecordContainerProperties<K = Bytes, V = Bytes> extends CommonContainerProperties<K, V> {
  /** Called for each record. */
  readonly listener: MessageListener<NoInfer<K>, NoInfer<V>>;
  /** What goes around the listener, the first outermost; more by `use`. @default none */
  readonly middleware?: readonly RecordMiddleware<NoInfer<K>, NoInfer<V>>[];
  readonly batchListener?: undefined;
  readonly batch?: undefined;
}

/** Of a container that listens to several records at once, of one partition; with key order, of one key unless `batch.by` says else. */
export interface BatchContainerProperties<K = Bytes, V = Bytes> extends CommonContainerProperties<K, V> {
  /** Called for each batch. */
  readonly batchListener: BatchListener<NoInfer<K>, NoInfer<V>>;
  /** How batches are made. */
  readonly batch?: BatchProperties;
  /** What goes around the listener, the first outermost; more by `use`. @default none */
  readonly middleware?: readonly BatchMiddleware<NoInfer<K>, NoInfer<V>>[];
  readonly listener?: undefined;
}

/** What containers of records and of batches have in common. */
// Long because each property is explained where it is declared.
export interface CommonContainerProperties<K = Bytes, V = Bytes> {
  /** Topics to subscribe to. */
  readonly topics?: readonly string[];
  /** Subscribes to every topic whose name matches, also to ones made later. */
  readonly topicPattern?: RegExp;
  /** Reads these partitions without group membership. Commits only if there is a `groupId`. */
  readonly topicPartitions?: readonly AssignedPartition[];
  /** @default the factory's */
  readonly groupId?: string;
  /**
   * Which records the listener gets: true keeps, as with `Array.filter` (Spring's `RecordFilterStrategy` says true to drop).
   * Sees decoded records. What it does not keep is done, in every `ackMode`: committed, and counted as `filtered`. One that
   * throws fails the record as its listener would; one that returns no boolean does so without a retry,
   * `INVALID_FILTER_RESULT`. @default all
   */
  readonly filter?: RecordFilter<NoInfer<K>, NoInfer<V>>;
  /** Decodes keys; without it they are `Buffer | null`. */
  readonly keySerde?: Serde<K>;
  /** Decodes values; without it they are `Buffer | null`. */
  readonly valueSerde?: Serde<V>;
  /**
   * Which records wait for each other: those of a partition, those with the same key in a partition, byte for byte, or none.
   * @default 'partition'
   */
  readonly ordering?: Ordering;
  /**
   * With `ordering: 'key'`, what a record without a key waits for: nothing (`'unordered'`), the one before it in its partition
   * (`'partition'`), or the same and only one at a time in the whole container (`'single'`). @default 'unordered'
   */
  readonly nullKey?: NullKey;
  /**
   * With `ordering: 'key'`: the key to order by, where that is not the record's own. Records of one key still wait for each
   * other only within a partition. Called for each record as it is polled, before anything of it is decoded, and sometimes once
   * more: it has to be quick, and to say the same each time. If it throws, or returns what is no key, the record fails without
   * a retry (`KEY_SELECTOR_FAILED`) when its turn comes, which is that of a record without a key. @default the record's key
   */
  readonly keySelector?: KeySelector;
  /**
   * How many listeners may run at once - not consumers, as in Spring: one consumer feeds them all. In partition order at
   * most one a partition runs. @default 1
   */
  readonly concurrency?: number;
  /** Runs the listeners, instead of `concurrency`; may be shared with other containers. */
  readonly taskExecutor?: TaskExecutor;
  /**
   * In all modes commits travel beside the listeners, one at a time, and cover everything that may be committed by then.
   * - `'batch'`: a record is done when its listener returns; commits go out as many records at a time as ended within
   *   `commitIntervalMs`.
   * - `'record'`: the same, and with `syncCommits` a lane goes on only when the record is committed.
   * - `'count'`: a commit goes out when it would cover `ackCount` records, and what is left over when none has ended for
   *   `pollTimeoutMs`.
   * - `'time'`: `ackTimeMs` after the last commit.
   * - `'count-time'`: whichever of both comes first.
   * - `'manual'`: a record is done when it is acknowledged, at any time and in any order; committed as with `'batch'`.
   *   Listeners that return without acknowledging hold back the commits of their partition, and in the end its polling: see
   *   `windowRecords`.
   * - `'manual-immediate'`: the same, and every acknowledgment is committed at once, or right after the commit in flight.
   * @default 'batch'
   */
  readonly ackMode?: AckMode;
  /** With `ackMode: 'count'` and `'count-time'`, which need it: records over all partitions, from 1. */
  readonly ackCount?: number;
  /** With `ackMode: 'time'` and `'count-time'`, in milliseconds, from 1. @default 5000 */
  readonly ackTimeMs?: number;
  /** With `ackMode: 'record'`: a lane's next record starts when the commit of the one before is written. @default false */
  readonly syncCommits?: boolean;
  /**
   * At most once: a record is committed *before* its listener runs, and the listener starts when that is written. A process
   * that dies takes the records with it that it had begun, `concurrency` of them at most, and as many of each partition whose
   * commits were refused just before. A record is never given to the listener again, so a failure is final: the recoverer
   * has it, or the container stops. In `'partition'` order or none, with `ackMode: 'record'` or none. Costs a commit a record
   * of each lane. @default false
   */
  readonly commitBefore?: boolean;
  /**
   * Commits are at least this far apart, in milliseconds; on stop and revoke they go out at once. Not with `ackMode: 'time'`,
   * `'manual-immediate'` and `commitBefore`, which say so themselves. @default 100
   */
  readonly commitIntervalMs?: number;
  /**
   * A commit that is not answered within this many milliseconds, from 1, has failed and is repeated, so that a broker or a
   * client that hangs holds up no lane, no revoke and no stop. Above the client's own time-out. @default 60000
   */
  readonly commitTimeoutMs?: number;
  /**
   * What is committed as partitions are assigned, where the group has committed nothing: `'always'` the position, so that a
   * crash before the first record ends loses none under `autoOffsetReset: 'latest'`; `'never'` nothing before a record ends.
   * Spring's option of that name; its `LATEST_ONLY` spares a commit that changes nothing. @default 'always'
   */
  readonly assignmentCommitOption?: 'always' | 'never';
  /**
   * A text to keep with an offset as it is committed, at most 4096 characters unless the broker is set otherwise; undefined is
   * none. Called for each partition of each commit, so it has to be quick. If it throws, or the broker finds the text too
   * long, the offset is committed without, and that is logged. Spring's `offsetAndMetadataProvider`.
   */
  readonly commitMetadata?: (offset: TopicPartitionOffset) => string | undefined;
  /**
   * Commits tell which records behind the offset have ended, in the text that Kafka keeps with it, so that after a crash or a
   * rebalance only those come again that had not; else all come that ended while one before them had not. For key order, none,
   * batches or acknowledgments by hand: in partition order a record listener leaves nothing behind. Not with
   * `commitMetadata`, which wants the same place, nor with `commitBefore`. Members without it ignore what is told. @default false
   */
  readonly offsetMap?: boolean;
  /**
   * With `offsetMap`: where an offset stays as it is because its record takes long, what ended behind it is told once in so
   * many milliseconds at most, from 1. Where offsets move it goes with each commit. @default 1000
   */
  readonly offsetMapIntervalMs?: number;
  /**
   * Records fetched and not yet started, about: polling waits while more than half are taken. 0 polls only for free slots.
   * Lanes whose records wait for a full batch share it.
   * @default the larger of 1000 and twice the concurrency; with a `batchListener` twice the concurrency times `maxRecords`
   */
  readonly bufferRecords?: number;
  /**
   * The same in bytes of keys, values and headers, from 1: whichever of both is reached first. While more than half are taken
   * nothing is polled. A record's size is known when it is there, so one poll may bring too much; a record larger than all of
   * it is read when no other waits. Batches of more bytes than that come out smaller. What waits to be tried again or is
   * with a recoverer counts too, each record with 1 KiB more for what it takes besides, so that a sink that is down fills no
   * memory. Records that run come on top, and what the consumer has fetched ahead (`fetchMaxBytes`). Records are slices of what
   * was fetched: they are copied out of it before a few times as much is kept for nothing. @default 67108864 (64 MiB)
   */
  readonly bufferBytes?: number;
  /**
   * How much of `bufferRecords` and `bufferBytes` one partition may hold while records of others wait to be read, above 0 and
   * up to 1. One that holds more is not polled until it is down to half of that, so that a partition with a backlog does not
   * keep the others out. While no other has anything it may hold all. @default 0.75
   */
  readonly maxPartitionBufferShare?: number;
  /**
   * How many records a partition may be ahead of its oldest unfinished one before it is polled no more (event
   * `window:filled`); less than twice as many, as the last poll may bring as many again. Bounds memory and, with what was not
   * committed yet, what comes again after a crash. From 1. @default 100000
   */
  readonly windowRecords?: number;
  /**
   * How much of `windowRecords` has to lie between a partition's oldest unfinished record and its newest, above 0 and up to 1,
   * and how much of that has to have ended (`blockedEndedRatio`), for that one record to be told as `partition:blocked`.
   * @default 0.9
   */
  readonly blockedSpanRatio?: number;
  /** See `blockedSpanRatio`. @default 0.98 */
  readonly blockedEndedRatio?: number;
  /** What `shed` needs: where it records what it skips, and the leave to do it. Needs a `groupId`. @default none: it refuses */
  readonly shed?: ShedProperties;
  /** Records of one poll at most, from 1. @default the factory's */
  readonly maxPollRecords?: number;
  /** How long one poll may wait for records, in milliseconds, from 1. @default 5000 */
  readonly pollTimeoutMs?: number;
  /**
   * Whether `start` fails, with a `MissingTopicsError` that names them, where some of the `topics` do not exist. Without it
   * there is a warning, and they are read once they do, found within the consumer's `metadataMaxAgeMs`, as long as one of
   * them exists at the start.
   * @default false
   */
  readonly missingTopicsFatal?: boolean;
  /**
   * How long `start` waits for an assignment. Above the consumer's `sessionTimeoutMs` for a reason: a group waits that long
   * for a member that was killed, and so does whoever replaces it. @default 60000
   */
  readonly startTimeoutMs?: number;
  /**
   * How long `stop` waits for running listeners, also of partitions that went meanwhile, before it aborts their signals; below
   * `maxPollIntervalMs`. With no broker to
   * commit to, `stop` gives up a second later at most. In milliseconds. @default 10000
   */
  readonly shutdownTimeoutMs?: number;
  /** How long a revoke waits for running listeners before it aborts their signals; below `maxPollIntervalMs`. @default 20000 */
  readonly revokeDrainTimeoutMs?: number;
  /**
   * How long a listener may wait before its signal aborts with a `ListenerTimeoutError`. From then on the attempt has failed
   * with it, also if the listener ends well in the end; only a `BatchListenerFailedError` still says how far it got. The error
   * handler decides what follows only then, as two listeners must not run on one record. Until then its lane is closed and its
   * slot taken. Counted from where the listener first waits for something: nothing can interrupt one that does not. In
   * milliseconds, from 1. @default none
   */
  readonly handlerTimeoutMs?: number;
  /**
   * While nothing is polled, `container:idle` is told every so many milliseconds, from 1, and `container:busy` when records
   * come again: for jobs that end with their data, and for scaling down. Spring's `idleEventInterval`. @default none
   */
  readonly idleEventIntervalMs?: number;
  /** The same for each partition: `partition:idle`, `partition:busy`. Finds the one that nobody writes to. @default none */
  readonly idlePartitionEventIntervalMs?: number;
  /** How often the container looks whether it goes on, in milliseconds, from 1; Spring's `monitorInterval`. @default 30000 */
  readonly monitorIntervalMs?: number;
  /**
   * A partition that has records to read or to end, is not paused, and in which nothing that may be committed has come about
   * for so many milliseconds, from 1, is told as `partition:stalled`, with what its records wait for. So is a container that its
   * group does not take, as `container:stalled`. Found when the container looks, so up to `monitorIntervalMs` later. Above
   * the longest that a record may take, retries included. @default 300000
   */
  readonly noProgressTimeoutMs?: number;
  /**
   * What follows an error that ends the container's consumer, or a record that cannot be brought to an end:
   * - `'stop'`: the container stops, and `finished` rejects.
   * - `'restart'`: it is taken down as a stop would, and starts again with a new consumer after `restartBackOff`. Not where a
   *   new one would only meet the same: another consumer has its `groupInstanceId`, its settings are refused, or
   *   `autoOffsetReset: 'none'` wants somebody to decide.
   * - a function: says which of both, and is not asked where only a stop is possible.
   * @default 'stop'
   */
  readonly onFatal?: OnFatal;
  /**
   * How long a restart waits, counted from 1 again once the container ran for a minute. When it gives up the container stops.
   * @default from 1 to 30 seconds, without end
   */
  readonly restartBackOff?: BackOff;
  /**
   * A login or permission that is refused is tried again so long after, for ever, also where `onFatal` says `'stop'`: for
   * credentials and access lists that are rolled out while containers run. In milliseconds, from 1; Spring's
   * `authExceptionRetryInterval`. @default none: it is fatal
   */
  readonly authRetryIntervalMs?: number;
  /** Told when partitions come and go, for what you keep per partition. */
  readonly rebalanceListener?: RebalanceListener;
  /**
   * Where the keys of records go that cannot be processed, with an error handler that parks them (`onExhausted: 'parkKey'`):
   * the record and every later one of its key are written to a parked topic in order and are done here; the container works
   * them off from there, beside all others, and the key is free again when nothing of it is left. In key order only.
   * @default none
   */
  readonly parking?: ParkingProperties;
  /** What follows when a listener fails. @default new DefaultErrorHandler(): nine retries, then the container stops */
  readonly errorHandler?: ErrorHandler;
  /** Appended to the client id. */
  readonly clientIdSuffix?: string;
  /**
   * How long listeners that end at once may hold the event loop, in milliseconds, from 1; a quarter longer for what is left
   * then, if it takes no more. Where several are busy, those that begin within 5 ms hold it together.
   * @default 1
   */
  readonly yieldAfterMs?: number;
}

/** What a container may be given beside its properties. */
export interface ContainerDependencies {
  /** @default the system's */
  readonly clock?: Clock;
  /** @default warnings and errors to stderr */
  readonly logger?: Logger;
}
