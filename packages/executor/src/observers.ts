import type { Logger } from '@hearken/core';

/** Who is told of something. Each is guarded by itself: what one throws goes to the logger, and the next is told all the same. */
export class Observers<Payload> {
  readonly #logger: Logger;
  readonly #observers = new Set<(payload: Payload) => void>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @returns what ends it */
  add(observer: (payload: Payload) => unknown): () => void {
    const report = (error: unknown): void => this.#logger.error({ error }, 'an observer of an executor failed');
    const guarded = (payload: Payload): void => {
      try {
        const result = observer(payload);
        if (result instanceof Promise) result.catch(report);
      } catch (error) {
        report(error);
      }
    };
    this.#observers.add(guarded);
    return () => void this.#observers.delete(guarded);
  }

  tell(payload: Payload): void {
    for (const observer of [...this.#observers]) observer(payload);
  }
}
