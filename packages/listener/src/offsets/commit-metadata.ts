import type { Logger, TopicPartitionOffset } from '@hearken/core';
import { describe, describePartition } from '@hearken/core/internal';

/** What the user wants to be kept with committed offsets. It must never be in the way of the offsets themselves. */
export class CommitMetadata {
  readonly #provide: ((offset: TopicPartitionOffset) => string | undefined) | undefined;
  readonly #logger: Logger;

  constructor(provide: ((offset: TopicPartitionOffset) => string | undefined) | undefined, logger: Logger) {
    this.#provide = provide;
    this.#logger = logger;
  }

  /** The offset with its metadata, if there is some. */
  addTo(offset: TopicPartitionOffset): TopicPartitionOffset {
    if (this.#provide === undefined) return offset;
    const metadata = this.#ask(this.#provide, offset);
    return metadata === undefined ? offset : { ...offset, metadata };
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
