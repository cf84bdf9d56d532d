import type { Logger } from '@hearken/core';
import { callable, guarded, oneOf, OptionsCheck, required } from '@hearken/core/internal';
import { EventEmitter } from 'eventemitter3';

/** Tells observers, and keeps whatever they throw or reject with away from who tells them: it is logged. */
export class Observers<Events> {
  readonly #emitter = new EventEmitter();
  readonly #logger: Logger;
  readonly #names: readonly string[];

  /** @param names of all events there are */
  constructor(logger: Logger, names: readonly string[]) {
    this.#logger = logger;
    this.#names = names;
  }

  /**
   * @returns what unsubscribes
   * @throws KafkaConfigError for an event there is not, or no function
   */
  on(event: keyof Events & string, listener: (payload: never) => unknown): () => void {
    const check = new OptionsCheck('on');
    const rules = { event: required(oneOf(this.#names, undefined)), listener: required(callable()) };
    check.resolve({ event, listener }, rules);
    check.throwIfAny();
    const observer = guarded(listener as (payload: unknown) => unknown, (error) =>
      this.#logger.error({ event, error }, 'an observer of container events failed'),
    );
    this.#emitter.on(event, observer);
    return () => void this.#emitter.off(event, observer);
  }

  /** For events of every record: what nobody hears need not be made. */
  isHeard(event: keyof Events & string): boolean {
    return this.#emitter.listenerCount(event) > 0;
  }

  emit<Name extends keyof Events & string>(event: Name, payload: Events[Name]): void {
    this.#emitter.emit(event, payload);
  }
}
