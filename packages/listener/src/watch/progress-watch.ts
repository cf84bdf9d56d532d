import type { Clock, Logger, TaskExecutor, Timer, TopicPartition } from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';
import type { GuardedEvents } from '../container-events.js';
import type { PartitionSnapshot } from '../container-snapshot.js';
import { stallReasons, standstillOf, type StallReason, type Standstill } from './stall.js';

/** A partition that is owned, has something to do, and does not go on. */
export interface PartitionStall extends TopicPartition {
  /** For how long so far, as far as was seen: looked at every `monitorIntervalMs`. */
  readonly forMs: number;
  readonly reasons: readonly StallReason[];
  /** Offset of the oldest record that has not ended; undefined if none was polled. */
  readonly oldestOutstanding: number | undefined;
  readonly outstanding: number;
  readonly lag: number | undefined;
}

/** Why a container as a whole does nothing: its poll loop does not turn, or its group does not take it. */
export interface ContainerStall {
  readonly reason: 'loop' | 'group';
  readonly forMs: number;
  /** Why the last try to join the group failed. */
  readonly error?: unknown;
}

export interface ProgressWatchInit {
  readonly monitorIntervalMs: number;
  readonly noProgressTimeoutMs: number;
  readonly maxPollIntervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: GuardedEvents;
  readonly executor: Pick<TaskExecutor, 'available' | 'isPaused'>;
  readonly snapshot: () => readonly PartitionSnapshot[];
  /** When the loop last turned, on the monotonic clock. */
  readonly turnedAt: () => number | undefined;
  /** Since when the group does not take the container, if it does not, and why. */
  readonly notAssigned: () => { readonly since: number; readonly error: unknown } | undefined;
}

/** Looks every so often whether what is owned goes on, and tells once when it does not, and once when it does again. */
export class ProgressWatch {
  readonly #init: ProgressWatchInit;
  #standstills = new Map<string, Standstill>();
  #stalled = new Map<string, PartitionStall>();
  #stall: ContainerStall | undefined;
  #timer: Timer | undefined;

  constructor(init: ProgressWatchInit) {
    this.#init = init;
  }

  /** As seen when it last looked. */
  get stalled(): Iterable<PartitionStall> {
    return this.#stalled.values();
  }

  /** Does nothing when it has started. */
  start(): void {
    if (this.#timer !== undefined) return;
    const { clock, monitorIntervalMs } = this.#init;
    const look = (): void => {
      this.#timer = clock.setTimer(look, monitorIntervalMs, { keepAlive: false });
      this.#look();
    };
    this.#timer = clock.setTimer(look, monitorIntervalMs, { keepAlive: false });
  }

  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#standstills.clear();
    this.#stalled.clear();
    this.#stall = undefined;
  }

  #look(): void {
    this.#lookAtContainer();
    const { clock, executor } = this.#init;
    const now = clock.monotonic();
    const { isPaused = false } = executor;
    const standstills = new Map<string, Standstill>();
    const stalled = new Map<string, PartitionStall>();
    for (const partition of this.#init.snapshot()) {
      const key = topicPartitionKey(partition);
      const standstill = standstillOf(isPaused ? undefined : this.#standstills.get(key), partition, now);
      standstills.set(key, standstill);
      const stall = this.#stallOf(partition, now - standstill.since);
      if (stall !== undefined) stalled.set(key, stall);
    }
    const before = this.#stalled;
    this.#standstills = standstills;
    this.#stalled = stalled;
    for (const [key, stall] of stalled) if (!before.has(key)) this.#tellStalled(stall);
    for (const [key, stall] of before) if (!stalled.has(key)) this.#tellProgressed(stall, standstills.has(key));
  }

  #stallOf(partition: PartitionSnapshot, forMs: number): PartitionStall | undefined {
    const { noProgressTimeoutMs, executor } = this.#init;
    if (forMs < noProgressTimeoutMs) return undefined;
    const { topic, partition: number, oldestOutstanding, outstanding, lag } = partition;
    const reasons = stallReasons(partition, executor.available);
    return { topic, partition: number, forMs, reasons, oldestOutstanding, outstanding, lag };
  }

  #tellStalled(stall: PartitionStall): void {
    const { logger, events } = this.#init;
    logger.warn(stall, 'a partition does not go on');
    events.emit('partition:stalled', stall);
  }

  /** @param isOwned false for one that was given up, which is no progress */
  #tellProgressed({ topic, partition }: PartitionStall, isOwned: boolean): void {
    if (!isOwned) return;
    this.#init.logger.info({ topic, partition }, 'a partition goes on again');
    this.#init.events.emit('partition:progressed', { topic, partition });
  }

  #lookAtContainer(): void {
    const { logger, events } = this.#init;
    const before = this.#stall;
    this.#stall = this.#containerStall();
    if (this.#stall !== undefined && this.#stall.reason !== before?.reason) {
      logger.warn(this.#stall, 'a listener container does nothing');
      events.emit('container:stalled', this.#stall);
    } else if (this.#stall === undefined && before !== undefined) {
      logger.info({}, 'a listener container goes on again');
      events.emit('container:progressed', {});
    }
  }

  #containerStall(): ContainerStall | undefined {
    const { clock, noProgressTimeoutMs, maxPollIntervalMs, turnedAt, notAssigned } = this.#init;
    const now = clock.monotonic();
    const sinceTurnMs = now - (turnedAt() ?? now);
    if (sinceTurnMs >= maxPollIntervalMs) return { reason: 'loop', forMs: sinceTurnMs };
    const waits = notAssigned();
    if (waits === undefined || now - waits.since < noProgressTimeoutMs) return undefined;
    return { reason: 'group', forMs: now - waits.since, error: waits.error };
  }
}
