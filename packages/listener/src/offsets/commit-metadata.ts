import type { Logger, TopicPartitionOffset } from '@hearken/core';
import { atOnce, describe, describePartition } from '@hearken/core/internal';
import type { PendingOffset } from './pending-offset.js';

/** A text that is kept with committed offsets. It must never be in the way of the offsets themselves. */
export interface OffsetText {
  /** The offset with its text, if there is one; must not throw. */
  addTo(pending: PendingOffset): PendingOffset;
  /** The broker found one too long. */
  tooLong?(): void;
}

/** What the user wants to be kept. */
export class CommitMetadata implements OffsetText {
  readonly #provide: ((offset: TopicPartitionOffset) => string | undefined) | undefined;
  readonly #logger: Logger;

  constructor(provide: ((offset: TopicPartitionOffset) => string | undefined) | undefined, logger: Logger) {
    this.#provide = provide;
    this.#logger = logger;
  }

  addTo(pending: PendingOffset): PendingOffset {
    if (this.#provide === undefined) return pending;
    const metadata = this.#ask(this.#provide, pending.at);
    return metadata === undefined ? pending : { ...pending, at: { ...pending.at, metadata } };
  }

  #ask(provide: (offset: TopicPartitionOffset) => unknown, offset: TopicPartitionOffset): string | undefined {
    try {
      const metadata = atOnce('commitMetadata', provide(offset));
      if (metadata === undefined || typeof metadata === 'string') return metadata;
      throw new TypeError(`commitMetadata must return a string or undefined, got ${describe(metadata)}`);
    } catch (error) {
      const partition = describePartition(offset);
      this.#logger.error({ partition, offset: offset.offset, error }, 'an offset is committed without its metadata');
      return undefined;
    }
  }
}
