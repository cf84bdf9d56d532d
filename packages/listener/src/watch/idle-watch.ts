import type { Clock, ConsumerRecords, TopicPartition } from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';
import type { GuardedEvents } from '../container-events.js';
import { Deadlines } from '../deadlines.js';

/** Something that records come for, or do not. */
interface Watched {
  /** When the last one came, or it was first looked at; on the monotonic clock. */
  lastAt: number;
  isIdle: boolean;
  readonly tell: (isIdle: boolean, idleMs: number) => void;
}

export interface IdleWatchInit {
  readonly idleEventIntervalMs: number | undefined;
  readonly idlePartitionEventIntervalMs: number | undefined;
  readonly clock: Clock;
  readonly events: GuardedEvents;
}

/** Tells when nothing is polled, of a container or of one of its partitions, every so often, and when that is over. */
export class IdleWatch {
  readonly #clock: Clock;
  readonly #events: GuardedEvents;
  readonly #containers: Deadlines<Watched> | undefined;
  readonly #partitions: Deadlines<Watched> | undefined;
  readonly #byPartition = new Map<string, Watched>();
  #container: Watched | undefined;

  constructor({ clock, events, ...init }: IdleWatchInit) {
    this.#clock = clock;
    this.#events = events;
    this.#containers = this.#deadlines(init.idleEventIntervalMs);
    this.#partitions = this.#deadlines(init.idlePartitionEventIntervalMs);
  }

  /** The container runs. */
  start(): void {
    this.#container = this.#begin(this.#containers, (isIdle, idleMs) =>
      this.#events.emit(isIdle ? 'container:idle' : 'container:busy', { idleMs }),
    );
  }

  assigned(partitions: readonly TopicPartition[]): void {
    if (this.#partitions === undefined) return;
    for (const { topic, partition } of partitions) {
      const tell = (isIdle: boolean, idleMs: number): void =>
        this.#events.emit(isIdle ? 'partition:idle' : 'partition:busy', { topic, partition, idleMs });
      const key = topicPartitionKey({ topic, partition });
      this.#forget(key);
      const watched = this.#begin(this.#partitions, tell);
      if (watched !== undefined) this.#byPartition.set(key, watched);
    }
  }

  gone(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#forget(topicPartitionKey(partition));
  }

  /** Once a poll. */
  polled(records: ConsumerRecords): void {
    if (records.count === 0) return;
    const now = this.#clock.monotonic();
    this.#touch(this.#containers, this.#container, now);
    if (this.#partitions === undefined) return;
    for (const batch of records.partitions)
      if (batch.records.length > 0) this.#touch(this.#partitions, this.#byPartition.get(topicPartitionKey(batch)), now);
  }

  /** Nothing is watched any more, until it starts again. */
  stop(): void {
    this.#containers?.clear();
    this.#partitions?.clear();
    this.#byPartition.clear();
    this.#container = undefined;
  }

  #deadlines(intervalMs: number | undefined): Deadlines<Watched> | undefined {
    if (intervalMs === undefined) return undefined;
    const deadlines = new Deadlines<Watched>(this.#clock, intervalMs, (watched) => {
      watched.isIdle = true;
      deadlines.add(watched);
      watched.tell(true, this.#clock.monotonic() - watched.lastAt);
    });
    return deadlines;
  }

  #begin(deadlines: Deadlines<Watched> | undefined, tell: Watched['tell']): Watched | undefined {
    if (deadlines === undefined) return undefined;
    const watched = { lastAt: this.#clock.monotonic(), isIdle: false, tell };
    deadlines.add(watched);
    return watched;
  }

  #touch(deadlines: Deadlines<Watched> | undefined, watched: Watched | undefined, now: number): void {
    if (deadlines === undefined || watched === undefined) return;
    const idleMs = now - watched.lastAt;
    watched.lastAt = now;
    deadlines.delete(watched);
    deadlines.add(watched);
    if (!watched.isIdle) return;
    watched.isIdle = false;
    watched.tell(false, idleMs);
  }

  #forget(key: string): void {
    const watched = this.#byPartition.get(key);
    if (watched === undefined) return;
    this.#byPartition.delete(key);
    this.#partitions?.delete(watched);
  }
}
