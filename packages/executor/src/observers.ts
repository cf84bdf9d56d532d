import type { Logger } from '@hearken/core';
import { guarded } from '@hearken/core/internal';

/** Who is told of something. Each is guarded by itself: what one throws goes to the logger, and the next is told all the same. */
export class Observers<Payload> {
  readonly #logger: Logger;
  readonly #observers = new Set<(payload: Payload) => void>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @returns what ends it */
  add(observer: (payload: Payload) => unknown): () => void {
    const one = guarded(observer, (error) => this.#logger.error({ error }, 'an observer of an executor failed'));
    this.#observers.add(one);
    return () => void this.#observers.delete(one);
  }

  tell(payload: Payload): void {
    for (const observer of [...this.#observers]) observer(payload);
  }
}
