import type { TopicPartition, TopicPartitionOffsets } from '@hearken/core';
import type { ContainerState, StopOptions, StopReport } from './container-state.js';
import type { ListenerContainer } from './message-listener.js';
import type { PartitionTarget } from './pause/target-set.js';
import type { SeekTarget } from './seek/seeks.js';

/** The container as one listener sees it: its `stop` knows who asks, and so whom not to wait for. */
export class ListenerView implements ListenerContainer {
  readonly #container: ListenerContainer;
  readonly #stop: (options?: StopOptions) => Promise<StopReport>;

  constructor(container: ListenerContainer, stop: (options?: StopOptions) => Promise<StopReport>) {
    this.#container = container;
    this.#stop = stop;
  }

  get state(): ContainerState {
    return this.#container.state;
  }

  get groupId(): string | undefined {
    return this.#container.groupId;
  }

  assignment(): readonly TopicPartition[] {
    return this.#container.assignment();
  }

  pause(targets?: readonly PartitionTarget[]): void {
    this.#container.pause(targets);
  }

  resume(targets?: readonly PartitionTarget[]): void {
    this.#container.resume(targets);
  }

  isPaused(target?: PartitionTarget): boolean {
    return this.#container.isPaused(target);
  }

  seek(partition: TopicPartition, to: SeekTarget): Promise<void> {
    return this.#container.seek(partition, to);
  }

  seekToBeginning(targets?: readonly PartitionTarget[]): Promise<TopicPartitionOffsets> {
    return this.#container.seekToBeginning(targets);
  }

  seekToEnd(targets?: readonly PartitionTarget[]): Promise<TopicPartitionOffsets> {
    return this.#container.seekToEnd(targets);
  }

  seekToTimestamp(timestampMs: number, targets?: readonly PartitionTarget[]): Promise<TopicPartitionOffsets> {
    return this.#container.seekToTimestamp(timestampMs, targets);
  }

  stop(options?: StopOptions): Promise<StopReport> {
    return this.#stop(options);
  }
}
