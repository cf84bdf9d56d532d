import type { Bytes, ConsumerRecord, Logger, TopicPartition, TopicPartitionOffsets } from '@hearken/core';
import type { AckMode } from './container-properties.js';
import type { ContainerState, StopOptions, StopReport } from './container-state.js';
import type { PartitionTarget } from './pause/target-set.js';
import type { SeekTarget } from './seek/seeks.js';

/**
 * What becomes of a record under the manual modes. A record has one end: one of both methods, as often as you like. Called
 * after the partition was given up both are counted (`lateAcknowledgments`) and otherwise ignored: the record comes again,
 * here or at another member.
 */
export interface Acknowledgment {
  /** Whether the record is done. */
  readonly isAcknowledged: boolean;
  /**
   * The record is done: its offset is committed once all below it are. May be called at any time, in any order, more than
   * once, and after the listener returned.
   * @throws IllegalStateError `NACKED` after `nack`
   */
  acknowledge(): void;
  /**
   * Not now: the listener gets the record again `sleepMs` after it has returned. Its lane waits for that, so that no record
   * passes it; all other lanes go on. No failure: `attempt` stays what it is, and the error handler is not asked. If the
   * listener fails after this, it is the failure that counts. Called again, the last time counts.
   * @param sleepMs a whole number of milliseconds, from 0
   * @throws IllegalStateError `ACKNOWLEDGED` after `acknowledge`; `LISTENER_RETURNED` when the listener has returned or
   * failed, as records behind this one may have started
   * @throws KafkaConfigError for what is no duration
   */
  nack(sleepMs: number): void;
}

/** What a listener may do with the container it is called by. */
export interface ListenerContainer {
  readonly state: ContainerState;
  /** Undefined for a container without a group, which has its partitions given. */
  readonly groupId: string | undefined;
  assignment(): readonly TopicPartition[];
  pause(targets?: readonly PartitionTarget[]): void;
  resume(targets?: readonly PartitionTarget[]): void;
  isPaused(target?: PartitionTarget): boolean;
  seek(partition: TopicPartition, to: SeekTarget): Promise<void>;
  seekToBeginning(targets?: readonly PartitionTarget[]): Promise<TopicPartitionOffsets>;
  seekToEnd(targets?: readonly PartitionTarget[]): Promise<TopicPartitionOffsets>;
  seekToTimestamp(timestampMs: number, targets?: readonly PartitionTarget[]): Promise<TopicPartitionOffsets>;
  /**
   * Stops the container without waiting for the listener that calls this, or for records that would need its slot, if that is
   * of an executor of the container's own. Return without awaiting it and the record is committed with the others; await it and
   * the record is abandoned, and comes again.
   */
  stop(options?: StopOptions): Promise<StopReport>;
}

/** What a listener is told beside the record. */
export interface ListenerContext {
  /** The container's. */
  readonly ackMode: AckMode;
  /** @throws IllegalStateError `NO_ACKNOWLEDGMENT` unless `ackMode` is a manual one */
  readonly acknowledgment: Acknowledgment;
  /**
   * Aborts when the listener should give up: its partition was revoked or its container stopped and the time to drain is
   * over, or the executor was cancelled. The reason is a `ListenerAbortedError`, or the executor's. Made on first use.
   */
  readonly signal: AbortSignal;
  /** From 1; above 1 it is a retry after a failure. A record that comes again after `nack` keeps its number. */
  readonly attempt: number;
  /** Counts this container's ownerships of partitions, from 1: each assignment, seek and reset starts a new one. */
  readonly epoch: number;
  readonly container: ListenerContainer;
  readonly logger: Logger;
  /**
   * Goes on elsewhere in the partition of this record, as `container.seek` does, unless the partition was given up, reset or
   * sought since the record was polled. A new epoch begins: this record counts as abandoned, whatever its listener still does.
   * @returns whether it did; so it need not be awaited
   */
  seek(to: SeekTarget): Promise<boolean>;
}

/**
 * Handles one record. Returning, or resolving, ends the record (unless `ackMode` is a manual one); throwing or rejecting
 * fails the attempt. What it returns or resolves with is ignored.
 */
export type MessageListenerFunction<K = Bytes, V = Bytes> = (
  record: ConsumerRecord<K, V>,
  context: ListenerContext,
) => unknown;

export interface MessageListenerObject<K = Bytes, V = Bytes> {
  onMessage(record: ConsumerRecord<K, V>, context: ListenerContext): unknown;
}

export type MessageListener<K = Bytes, V = Bytes> = MessageListenerFunction<K, V> | MessageListenerObject<K, V>;
