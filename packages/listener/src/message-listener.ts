import type { Bytes, ConsumerRecord, Logger, TopicPartition } from '@hearken/core';
import type { ContainerState, StopOptions, StopReport } from './container-state.js';

/** Ends its record under `ackMode: 'manual'`. */
export interface Acknowledgment {
  /**
   * The record is done: its offset is committed once all below it are. May be called at any time, in any order, more than
   * once, and after the listener returned. Called after the partition was given up it is counted (`lateAcknowledgments`)
   * and otherwise ignored: the record comes again, here or at another member.
   */
  acknowledge(): void;
}

/** What a listener may do with the container it is called by. */
export interface ListenerContainer {
  readonly state: ContainerState;
  assignment(): readonly TopicPartition[];
  pause(partitions?: readonly TopicPartition[]): void;
  resume(partitions?: readonly TopicPartition[]): void;
  seek(partition: TopicPartition, offset: number): Promise<void>;
  /**
   * Stops the container without waiting for the listener that calls this. Return without awaiting it and the record is
   * committed with the others; await it and the record is abandoned, and comes again.
   */
  stop(options?: StopOptions): Promise<StopReport>;
}

/** What a listener is told beside the record. */
export interface ListenerContext {
  /** @throws IllegalStateError `NO_ACKNOWLEDGMENT` unless `ackMode` is `'manual'` */
  readonly acknowledgment: Acknowledgment;
  /**
   * Aborts when the listener should give up: its partition was revoked or its container stopped and the time to drain is
   * over, or the executor was cancelled. The reason is a `ListenerAbortedError`, or the executor's. Made on first use.
   */
  readonly signal: AbortSignal;
  /** From 1; above 1 it is a retry. */
  readonly attempt: number;
  /** Counts this container's ownerships of partitions, from 1: each assignment, seek and reset starts a new one. */
  readonly epoch: number;
  readonly container: ListenerContainer;
  readonly logger: Logger;
}

/**
 * Handles one record. Returning, or resolving, ends the record (unless `ackMode` is `'manual'`); throwing or rejecting
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
