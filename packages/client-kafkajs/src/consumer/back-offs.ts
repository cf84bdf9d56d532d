import type { Clock, Timer } from '@hearken/core';
import type { AssignedPartition } from './assigned-partition.js';

/** Partitions that are left alone for a while: told of as soon as the first of them may be fetched again. */
export class BackOffs {
  readonly #clock: Clock;
  readonly #onDue: (partitions: readonly AssignedPartition[]) => void;
  readonly #partitions = new Set<AssignedPartition>();
  #next: { readonly timer: Timer; readonly atMs: number } | undefined;

  /** @param onDue given every partition that was added, due or not; those that are not may be added again */
  constructor(clock: Clock, onDue: (partitions: readonly AssignedPartition[]) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** @param partition to be looked at again at its `retryAtMs` */
  add(partition: AssignedPartition): void {
    this.#partitions.add(partition);
    const { retryAtMs: atMs } = partition;
    if (this.#next !== undefined && this.#next.atMs <= atMs) return;
    this.#next?.timer.clear();
    const timer = this.#clock.setTimer(() => this.#tell(), atMs - this.#clock.monotonic());
    this.#next = { atMs, timer };
  }

  close(): void {
    this.#next?.timer.clear();
  }

  #tell(): void {
    const partitions = [...this.#partitions];
    this.#partitions.clear();
    this.#next = undefined;
    this.#onDue(partitions);
  }
}
