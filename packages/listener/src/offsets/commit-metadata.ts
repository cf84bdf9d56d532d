import type { Logger, TopicPartitionOffset } from '@hearken/core';
import { describe, describePartition } from '@hearken/core/internal';
import type { Ownership } from './ownership.js';

/** What the user wants to be kept with committed offsets. It must never be in the way of the offsets themselves. */
export class CommitMetadata {
  readonly #provide: ((offset: TopicPartitionOffset) => string | undefined) | undefined;
  readonly #logger: Logger;
  /** The offset that the broker would not take with its metadata. */
  readonly #refused = new WeakMap<Ownership, number>();

  constructor(provide: ((offset: TopicPartitionOffset) => string | undefined) | undefined, logger: Logger) {
    this.#provide = provide;
    this.#logger = logger;
  }

  /** The offset with its metadata, if there is some. */
  addTo(offset: TopicPartitionOffset, ownership: Ownership): TopicPartitionOffset {
    if (this.#provide === undefined || this.#refused.get(ownership) === offset.offset) return offset;
    const metadata = this.#ask(this.#provide, offset);
    return metadata === undefined ? offset : { ...offset, metadata };
  }

  /** This offset goes without from now on. */
  refused(offset: TopicPartitionOffset, ownership: Ownership): void {
    this.#refused.set(ownership, offset.offset);
  }

  #ask(provide: (offset: TopicPartitionOffset) => unknown, offset: TopicPartitionOffset): string | undefined {
    try {
      const metadata = provide(offset);
      if (metadata === undefined || typeof metadata === 'string') return metadata;
      throw new TypeError(`commitMetadata must return a string or undefined, got ${describe(metadata)}`);
    } catch (error) {
      const partition = describePartition(offset);
      this.#logger.error({ partition, offset: offset.offset, error }, 'an offset is committed without its metadata');
      return undefined;
    }
  }
}
