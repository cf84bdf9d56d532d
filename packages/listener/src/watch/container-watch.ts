import type { Clock, ConsumerRecords, Logger, TaskExecutor, TopicPartition } from '@hearken/core';
import { describePartitions, topicPartitionKey } from '@hearken/core/internal';
import type { GuardedEvents } from '../container-events.js';
import type { ContainerLifecycle } from '../container-lifecycle.js';
import type { ContainerState } from '../container-state.js';
import type { Line } from '../line.js';
import type { ResolvedContainerProperties } from '../resolved-properties.js';
import type { HealthReason, HealthReasonCode } from './container-health.js';
import { IdleWatch } from './idle-watch.js';
import type { HangingListener } from './listener-timeouts.js';
import { ProgressWatch } from './progress-watch.js';

export interface ContainerWatchInit {
  readonly properties: ResolvedContainerProperties;
  readonly maxPollIntervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: GuardedEvents;
  readonly executor: Pick<TaskExecutor, 'available' | 'isPaused'>;
  readonly line: Pick<Line, 'parkedKeys' | 'snapshot' | 'turnedAt' | 'whyNotAssigned' | 'hanging' | 'blocked'>;
  readonly lifecycle: Pick<ContainerLifecycle, 'state' | 'failure' | 'trouble'>;
}

/** What cannot be committed, since when, and why. */
interface FailingCommit extends TopicPartition {
  readonly since: number;
  readonly error: unknown;
}

/**
 * Looks on, and says what is not as it should be. It learns of the container by its events, as any observer does, and by
 * asking; it steers nothing.
 */
export class ContainerWatch {
  readonly #init: ContainerWatchInit;
  readonly #idle: IdleWatch;
  readonly #progress: ProgressWatch;
  readonly #failingCommits = new Map<string, FailingCommit>();
  readonly #owned = new Set<string>();
  /** Since when the container is without an assignment that it should have, on the monotonic clock. */
  #unassignedSince: number | undefined;

  constructor(init: ContainerWatchInit) {
    const { properties, line } = init;
    this.#init = init;
    this.#idle = new IdleWatch({ ...init, ...properties });
    this.#progress = new ProgressWatch({
      ...init,
      ...properties,
      snapshot: () => line.snapshot(),
      turnedAt: () => line.turnedAt,
      notAssigned: () => this.#notAssigned(),
    });
    this.#observe();
  }

  /** Once a poll, where idle times are to be told. */
  polled(records: ConsumerRecords): void {
    this.#idle.polled(records);
  }

  /** The gravest first. */
  reasons(): readonly HealthReason[] {
    return [
      ...this.#ofLife(),
      ...this.#ofLoop(),
      ...this.#ofGroup(),
      ...this.#ofListeners(),
      ...this.#ofPartitions(),
      ...this.#ofKeys(),
      ...this.#ofBlocked(),
      ...this.#ofCommits(),
    ];
  }

  #observe(): void {
    const { events } = this.#init;
    events.on('state:changed', ({ next }) => this.#entered(next));
    events.on('partitions:assigned', ({ partitions }) => this.#assigned(partitions));
    events.on('partitions:revoked', ({ partitions }) => this.#gone(partitions, 'revoked'));
    events.on('partitions:lost', ({ partitions }) => this.#gone(partitions, 'lost'));
    events.on('commit:failed', ({ offsets, error }) => this.#commitFailed(offsets, error));
    events.on('offsets:committed', ({ offsets }) => this.#commitsMended(offsets));
    events.on('offsets:dropped', ({ offsets }) => this.#commitsMended(offsets));
  }

  #entered(state: ContainerState): void {
    this.#idle.stop();
    if (state === 'starting') this.#forget();
    if (state === 'starting' || state === 'running') this.#progress.start();
    else this.#progress.stop();
    if (state !== 'running') return;
    this.#idle.start();
    this.#idle.assigned(this.#init.line.snapshot());
  }

  /** A new consumer: what the last one was not told of any more is no concern of this one. */
  #forget(): void {
    this.#owned.clear();
    this.#failingCommits.clear();
    this.#unassignedSince = this.#init.clock.monotonic();
  }

  #assigned(partitions: readonly TopicPartition[]): void {
    this.#init.logger.info({ partitions: describePartitions(partitions) }, 'partitions assigned');
    this.#unassignedSince = undefined;
    for (const at of partitions) this.#owned.add(topicPartitionKey(at));
    if (this.#init.lifecycle.state === 'running') this.#idle.assigned(partitions);
  }

  /** @param how to be lost is no part of an ordinary rebalance: listeners were cut short, and records come twice */
  #gone(partitions: readonly TopicPartition[], how: 'revoked' | 'lost'): void {
    const details = { partitions: describePartitions(partitions) };
    if (how === 'revoked') this.#init.logger.info(details, 'partitions revoked');
    else this.#init.logger.warn(details, 'partitions lost');
    for (const at of partitions) this.#owned.delete(topicPartitionKey(at));
    if (this.#owned.size === 0) this.#unassignedSince ??= this.#init.clock.monotonic(); // until the next assignment
    this.#commitsMended(partitions);
    this.#idle.gone(partitions);
  }

  #commitFailed(partitions: readonly TopicPartition[], error: unknown): void {
    for (const { topic, partition } of partitions) {
      const key = topicPartitionKey({ topic, partition });
      const since = this.#failingCommits.get(key)?.since ?? this.#init.clock.monotonic();
      this.#failingCommits.set(key, { topic, partition, since, error });
    }
  }

  #commitsMended(partitions: readonly TopicPartition[]): void {
    if (this.#failingCommits.size === 0) return; // told of every commit, and of next to none that failed
    for (const at of partitions) this.#failingCommits.delete(topicPartitionKey(at));
  }

  #notAssigned(): { readonly since: number; readonly error: unknown } | undefined {
    const since = this.#unassignedSince;
    return since === undefined ? undefined : { since, error: this.#init.line.whyNotAssigned };
  }

  #ofLife(): HealthReason[] {
    const { state, failure, trouble } = this.#init.lifecycle;
    const { code, message } = LIFE[state];
    if (code === undefined) return [];
    if (state === 'failed') return [{ code, message, error: failure?.error }];
    if (trouble === undefined || state === 'stopping' || state === 'stopped') return [{ code, message }];
    const { since, error, failures } = trouble;
    const again = `${LIFE.restarting.message}, for the ${failures}. time in a row`;
    return [{ code: 'RESTARTING', message: again, forMs: this.#since(since), error }];
  }

  #ofLoop(): HealthReason[] {
    const { lifecycle, line, maxPollIntervalMs } = this.#init;
    const forMs = line.turnedAt === undefined ? 0 : this.#since(line.turnedAt);
    if (lifecycle.state !== 'running' || forMs < maxPollIntervalMs) return [];
    return [{ code: 'LOOP_NOT_TURNING', message: 'nothing was polled for maxPollIntervalMs', forMs }];
  }

  #ofGroup(): HealthReason[] {
    const waits = this.#notAssigned();
    if (this.#init.lifecycle.state !== 'running' || waits === undefined) return [];
    const { error } = waits;
    const message = 'the group has not assigned partitions anew';
    return [
      { code: 'REBALANCING', message, forMs: this.#since(waits.since), ...(error === undefined ? {} : { error }) },
    ];
  }

  #ofListeners(): HealthReason[] {
    const hanging: readonly HangingListener[] = [...this.#init.line.hanging];
    const oldest = hanging[0];
    if (oldest === undefined) return [];
    const places = hanging
      .slice(0, 3)
      .map(({ work: { lead } }) => `${describePartitions([lead.record])}@${lead.record.offset}`);
    const more = hanging.length > 3 ? `, and ${hanging.length - 3} more` : '';
    const message = `listeners ignore that their time is over: ${places.join(', ')}${more}`;
    return [{ code: 'LISTENER_HANGING', message, forMs: this.#since(oldest.since), error: oldest.error }];
  }

  #ofPartitions(): HealthReason[] {
    return Array.from(this.#progress.stalled, ({ forMs, reasons, ...at }) => ({
      code: 'PARTITION_STALLED' as const,
      message: `${describePartitions([at])} does not go on: its records wait for ${reasons.join(', ')}`,
      forMs,
    }));
  }

  #ofBlocked(): HealthReason[] {
    return this.#init.line.blocked.map(({ offset, ...at }) => ({
      code: 'PARTITION_BLOCKED' as const,
      message: `${describePartitions([at])}@${offset} keeps its partition from being committed: nearly all behind it has ended`,
    }));
  }

  #ofKeys(): HealthReason[] {
    const { parkedKeys } = this.#init.line;
    if (parkedKeys === 0) return [];
    const message = `the records of ${parkedKeys} keys are parked, as one of each could not be processed: see snapshot().parked`;
    return [{ code: 'KEYS_PARKED', message }];
  }

  #ofCommits(): HealthReason[] {
    const failing = [...this.#failingCommits.values()];
    const oldest = failing[0];
    if (oldest === undefined) return [];
    const message = `offsets of ${describePartitions(failing)} cannot be committed`;
    return [{ code: 'COMMITS_FAILING', message, forMs: this.#since(oldest.since), error: oldest.error }];
  }

  #since(then: number): number {
    return this.#init.clock.monotonic() - then;
  }
}

const LIFE: Readonly<
  Record<ContainerState, { readonly code: HealthReasonCode | undefined; readonly message: string }>
> = {
  created: { code: 'NOT_STARTED', message: 'the container was not started' },
  starting: { code: 'STARTING', message: 'the container joins its group' },
  running: { code: undefined, message: '' },
  restarting: { code: 'RESTARTING', message: 'the container failed and starts again' },
  stopping: { code: 'STOPPING', message: 'the container stops' },
  stopped: { code: 'STOPPED', message: 'the container was stopped' },
  failed: { code: 'FAILED', message: 'the container failed' },
};
