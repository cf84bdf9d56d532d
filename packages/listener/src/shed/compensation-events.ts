import type { Logger } from '@hearken/core';
import { callable, oneOf, OptionsCheck, required } from '@hearken/core/internal';
import { EventEmitter } from 'eventemitter3';
import { guardedObserver } from '../container-events.js';
import type { ContainerState } from '../container-state.js';
import type { ShedRange } from './shed-range.js';

/** What a CompensationListenerContainer tells. Observers only: none can change what it does. */
export interface CompensationEvents {
  'state:changed': { readonly previous: ContainerState; readonly next: ContainerState };
  /** The replay of a range begins, or goes on, at `from`. */
  'range:started': { readonly range: ShedRange; readonly from: number };
  /** All of a range has ended, and it is forgotten. `missing` offsets of it had been deleted before they could be read. */
  'range:compensated': { readonly range: ShedRange; readonly missing: number };
  /** The replay of a range could not begin, or nothing came any more; others go first, and it is tried again after `delayMs`. */
  'range:postponed': { readonly range: ShedRange; readonly error: unknown; readonly delayMs: number };
}

export type CompensationEventListener<Name extends keyof CompensationEvents> = (
  payload: CompensationEvents[Name],
) => unknown;

const NAMES = Object.keys({
  'state:changed': true,
  'range:started': true,
  'range:compensated': true,
  'range:postponed': true,
} satisfies Record<keyof CompensationEvents, true>);

const RULES = { event: required(oneOf(NAMES, undefined)), listener: required(callable()) };

/** Tells observers, and keeps whatever they throw or reject with away: it is logged. */
export class CompensationObservers {
  readonly #emitter = new EventEmitter();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @throws KafkaConfigError for an event there is not, or no function */
  on<Name extends keyof CompensationEvents>(name: Name, listener: CompensationEventListener<Name>): () => void {
    const check = new OptionsCheck('on');
    check.resolve({ event: name, listener }, RULES);
    check.throwIfAny();
    const guarded = guardedObserver(this.#logger, name, listener);
    this.#emitter.on(name, guarded);
    return () => void this.#emitter.off(name, guarded);
  }

  emit<Name extends keyof CompensationEvents>(name: Name, payload: CompensationEvents[Name]): void {
    this.#emitter.emit(name, payload);
  }
}
