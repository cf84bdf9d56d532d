import type { Bytes, ConsumerRecord } from '@hearken/core';
import type {
  BatchContainerProperties,
  BatchListenerContext,
  BatchReturn,
  ListenerContext,
  RecordContainerProperties,
} from '@hearken/listener';
import type { LevelDefinitions } from '../levels.js';
import type { PriorityNaming } from '../naming/priority-naming.js';
import type { DispatchPolicyFactory } from '../policy/dispatch-policy.js';
import type { QuotaDistributor } from '../quota/quota-distributor.js';
import type { LevelName } from './priority-events.js';

export type PriorityListenerFunction<K = Bytes, V = Bytes> = (
  record: ConsumerRecord<K, V>,
  context: ListenerContext,
  level: LevelName,
) => unknown;

export interface PriorityListenerObject<K = Bytes, V = Bytes> {
  onMessage(record: ConsumerRecord<K, V>, context: ListenerContext, level: LevelName): unknown;
}

/** A listener as the plain container takes it, told the level of the record besides. */
export type PriorityListener<K = Bytes, V = Bytes> = PriorityListenerFunction<K, V> | PriorityListenerObject<K, V>;

export type PriorityBatchListenerFunction<K = Bytes, V = Bytes> = (
  records: readonly ConsumerRecord<K, V>[],
  context: BatchListenerContext,
  level: LevelName,
) => BatchReturn | Promise<BatchReturn>;

export interface PriorityBatchListenerObject<K = Bytes, V = Bytes> {
  onBatch(
    records: readonly ConsumerRecord<K, V>[],
    context: BatchListenerContext,
    level: LevelName,
  ): BatchReturn | Promise<BatchReturn>;
}

/** A batch listener as the plain container takes it, told the level of the batch besides: no batch has records of two. */
export type PriorityBatchListener<K = Bytes, V = Bytes> =
  PriorityBatchListenerFunction<K, V> | PriorityBatchListenerObject<K, V>;

/** The policies by name; as functions they take options. */
export type PolicyName = 'weighted' | 'strict' | 'strict-with-floor' | 'drr' | 'flipkart-burst';

/** How much may be held beside what runs. */
export interface PriorityBuffer {
  /**
   * Records over all levels, from 1 a level. Each level has its part for itself, so a level that is behind takes no room from
   * another; what is left over is the most urgent level's. @default a plain container's, for each level
   */
  readonly records?: number;
  /**
   * Bytes of their keys and values, over all levels: of both bounds the one that is reached first counts. The most urgent
   * level's part is one fetch (the consumer factory's `fetchMaxBytes`) at least, so this has to be more than one; all else
   * as for `records`. One poll may bring too much, as `bufferBytes` of a plain container says.
   * @default 67108864 (64 MiB) for each level, a plain container's: one with less than a few fetches is busy giving memory back
   */
  readonly bytes?: number;
}

/** What the plain container is told here and not by the user. */
export type GivenByLevel =
  'topics' | 'topicPattern' | 'topicPartitions' | 'concurrency' | 'taskExecutor' | 'bufferRecords' | 'bufferBytes';

/** What is the priority container's own. */
export interface OwnPriorityProperties<Name extends string = string> {
  /** Logical topics: level i of `orders` is read from `orders-i`, unless `naming` says otherwise. */
  readonly topics: readonly string[];
  /** How many levels, or what each of them is, the least urgent first. From 1 to 16. */
  readonly levels: LevelDefinitions<Name>;
  /** Where levels live. @default new SuffixNaming(): `orders-2`, read by the group `billing-2` */
  readonly naming?: PriorityNaming;
  /**
   * How many listeners may run at once, over all levels, from 1. @default 50
   */
  readonly capacity?: number;
  /**
   * Whose record starts next. `'strict'` needs a `minShare` for at least one level below the highest, or
   * `starvation: 'allow'`; `'strict-with-floor'` needs the `minShare`. @default 'weighted'
   */
  readonly policy?: PolicyName | DispatchPolicyFactory;
  /** With `policy: 'strict'`: levels below may wait for ever. Needed where none of them has a `minShare`. */
  readonly starvation?: 'allow';
  /**
   * Where policies take their weights from: `distribution(levels, capacity)`. Not beside weights of the levels.
   * @default new ExponentialQuotaDistributor(), or its proportions where the capacity is too small for it
   */
  readonly quotaDistributor?: QuotaDistributor;
  readonly buffer?: PriorityBuffer;
  /** After how long without a start a level with records is told to starve (`level:starved`), in milliseconds, from 1. @default 10000 */
  readonly starvedAfterMs?: number;
  /** After how long without an end a level with running listeners is told to hang (`level:stalled`), in milliseconds, from 1. @default 60000 */
  readonly stalledAfterMs?: number;
}

/** Of one whose listener gets one record at a time. */
export interface PriorityRecordProperties<K = Bytes, V = Bytes> extends Omit<
  RecordContainerProperties<K, V>,
  GivenByLevel | 'listener'
> {
  /** Called for each record of each level. */
  readonly listener: PriorityListener<NoInfer<K>, NoInfer<V>>;
}

/** Of one whose listener gets several records of one level at once. */
export interface PriorityBatchProperties<K = Bytes, V = Bytes> extends Omit<
  BatchContainerProperties<K, V>,
  GivenByLevel | 'batchListener'
> {
  /** Called for each batch of each level. */
  readonly batchListener: PriorityBatchListener<NoInfer<K>, NoInfer<V>>;
}

/** What listens: one of the two. */
export interface PriorityListeners<K, V> {
  readonly listener?: PriorityListener<K, V> | undefined;
  readonly batchListener?: PriorityBatchListener<K, V> | undefined;
}

/**
 * How a priority container listens: what is said here, and whatever else a plain container takes, for each level alike.
 */
export type PriorityContainerProperties<
  K = Bytes,
  V = Bytes,
  Name extends string = string,
> = OwnPriorityProperties<Name> & (PriorityRecordProperties<K, V> | PriorityBatchProperties<K, V>);
