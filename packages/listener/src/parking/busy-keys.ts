import type { Bytes, TopicPartition } from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';
import { unlessAborted } from './unless-aborted.js';

/** Resolves when a listener ends that a straight record of the key left running in an ownership that is over; undefined if none does. */
export type StrayOf = (partition: TopicPartition, key: Bytes) => Promise<void> | undefined;

/**
 * Keeps two listeners from one key that is or was parked. One that ignores that its partition went away still runs when that
 * comes back, and with it another worker, which knows nothing of the one before; or its key is free by then, as it was worked
 * off elsewhere, and its records come straight.
 */
export class BusyKeys {
  readonly #running = new Map<string, Promise<void>>();
  readonly #strayOf: StrayOf;

  constructor(strayOf: StrayOf) {
    this.#strayOf = strayOf;
  }

  /** Calls the listener when the last one of its key has ended. @throws the signal's reason, if it aborts before */
  async run(partition: TopicPartition, key: Bytes, signal: AbortSignal, listen: () => unknown): Promise<void> {
    if (key === null) {
      await listen();
      return;
    }
    const name = nameOf(partition, key);
    const whenEnded = (): Promise<void> | undefined => this.#running.get(name) ?? this.#strayOf(partition, key);
    for (let end = whenEnded(); end !== undefined; end = whenEnded()) {
      await unlessAborted(end, signal);
      signal.throwIfAborted();
    }
    const work = Promise.resolve(listen());
    const end = work.then(
      () => void this.#running.delete(name),
      () => void this.#running.delete(name), // whoever waits is not concerned
    );
    this.#running.set(name, end);
    await work;
  }

  /** Asked about every record. */
  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  /** Resolves when the listener of the key has ended; undefined if none runs. */
  whenFree(partition: TopicPartition, key: Bytes): Promise<void> | undefined {
    return key === null ? undefined : this.#running.get(nameOf(partition, key));
  }
}

const nameOf = (partition: TopicPartition, key: Buffer): string =>
  `${topicPartitionKey(partition)} ${key.toString('latin1')}`;
