import type { ConsumerRecord, TopicPartition, TopicPartitionOffsets } from '@hearken/core';

interface Events {
  'listener:returned': { readonly record: ConsumerRecord };
  'record:retried': { readonly record: ConsumerRecord; readonly error: unknown; readonly attempt: number };
  'record:failed': Events['record:retried'];
  'offsets:committed': { readonly offsets: TopicPartitionOffsets };
  'container:stopped': { readonly error?: unknown };
}

/** As much of a container as what waits for one looks at. The real one is tested in `test/flow/testing.test.ts`. */
export class FakeContainer {
  readonly #listeners = new Map<string, Set<(event: never) => unknown>>();
  state = 'running';
  committed: (TopicPartition & { readonly committed: number | undefined })[] = [];
  #processed = 0;

  assignment(): readonly TopicPartition[] {
    return [{ topic: 'topic', partition: 0 }];
  }

  metrics(): { processed: number; outstanding: number } {
    return { processed: this.#processed, outstanding: 2 };
  }

  snapshot(): { partitions: FakeContainer['committed'] } {
    return { partitions: this.committed };
  }

  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => unknown): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) listener(event as never);
  }

  returned(...records: readonly ConsumerRecord[]): void {
    for (const record of records) {
      this.#processed++;
      this.emit('listener:returned', { record });
    }
  }

  stop(error?: unknown): void {
    this.state = error === undefined ? 'stopped' : 'failed';
    this.emit('container:stopped', error === undefined ? {} : { error });
  }

  /** Observers there are. */
  get observers(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }
}
