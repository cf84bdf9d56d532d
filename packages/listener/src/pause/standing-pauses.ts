import type { TopicPartition } from '@hearken/core';
import { TargetSet, type PartitionTarget } from './target-set.js';

/** What is paused until the user resumes it. It outlives assignments: a partition that comes back is still paused. */
export class StandingPauses {
  readonly #byUser = new TargetSet();
  readonly #byFailure = new TargetSet();

  pause(targets: readonly PartitionTarget[] | undefined): void {
    this.#byUser.add(targets);
  }

  /** The error handler paused it. */
  pauseFailed(partition: TopicPartition): void {
    this.#byFailure.add([partition]);
  }

  /** Ends both: it is the user who knows that what failed will do now. */
  resume(targets: readonly PartitionTarget[] | undefined): void {
    this.#byUser.remove(targets);
    this.#byFailure.remove(targets);
  }

  has(target?: PartitionTarget): boolean {
    return this.#byUser.has(target) || this.#byFailure.has(target);
  }

  isByUser(partition: TopicPartition): boolean {
    return this.#byUser.has(partition);
  }

  isByFailure(partition: TopicPartition): boolean {
    return this.#byFailure.has(partition);
  }
}
