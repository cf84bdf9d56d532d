import type { TopicPartition } from '@hearken/core';
import type { ContainerState, StopOptions, StopReport } from './container-state.js';
import type { ListenerContainer } from './message-listener.js';

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

  assignment(): readonly TopicPartition[] {
    return this.#container.assignment();
  }

  pause(partitions?: readonly TopicPartition[]): void {
    this.#container.pause(partitions);
  }

  resume(partitions?: readonly TopicPartition[]): void {
    this.#container.resume(partitions);
  }

  seek(partition: TopicPartition, offset: number): Promise<void> {
    return this.#container.seek(partition, offset);
  }

  stop(options?: StopOptions): Promise<StopReport> {
    return this.#stop(options);
  }
}
