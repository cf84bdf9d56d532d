import type { Bytes, TopicPartition } from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';

/**
 * Keeps two listeners from one parked key. One that ignores that its partition went away still runs when that comes back, and
 * with it another worker, which knows nothing of the one before.
 */
export class BusyKeys {
  readonly #running = new Map<string, Promise<unknown>>();

  /** Calls the listener when the last one of its key has ended. @throws the signal's reason, if it aborts before */
  async run(partition: TopicPartition, key: Bytes, signal: AbortSignal, listen: () => unknown): Promise<void> {
    if (key === null) {
      await listen();
      return;
    }
    const name = `${topicPartitionKey(partition)} ${key.toString('latin1')}`;
    await this.#running.get(name);
    signal.throwIfAborted();
    const end = Promise.resolve(listen()).finally(() => this.#running.delete(name));
    this.#running.set(
      name,
      end.catch(() => undefined),
    ); // whoever waits is not concerned
    await end;
  }
}
