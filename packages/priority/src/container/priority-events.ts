import { KafkaConfigError, type Logger } from '@hearken/core';
import { describe, didYouMean, guarded } from '@hearken/core/internal';
import type { StopReport } from '@hearken/listener';
import type { PriorityContainerState } from './priority-container-state.js';
import type { PolicySnapshot } from './priority-metrics.js';

/** A level, as events and errors name it. */
export interface LevelName {
  readonly priority: number;
  /** Its name, or its number as a text. */
  readonly name: string;
}

/** What a PriorityListenerContainer tells beside what its levels' containers tell. */
export interface PriorityEvents {
  'state:changed': { readonly previous: PriorityContainerState; readonly next: PriorityContainerState };
  'container:started': { readonly levels: number };
  'container:stopped': { readonly report: StopReport; readonly error?: unknown };
  /** Records of the level could start for `waitedMs`, it had not all the slots it may have, and none did; once until one does. */
  'level:starved': LevelName & { readonly waitedMs: number; readonly queued: number };
  /** Listeners of the level have been running for `forMs` without one of them ending; once until one does. */
  'level:stalled': LevelName & { readonly forMs: number; readonly running: number };
  /** How many listeners may run at once is another number; `policy:changed` follows, as quotas are shares of it. */
  'capacity:changed': { readonly previous: number; readonly next: number };
  /** The next dispatch is the new policy's. */
  'policy:changed': { readonly before: PolicySnapshot; readonly after: PolicySnapshot };
}

type Observer = (payload: never) => unknown;

const FAILED = 'an observer of container events failed';

const NAMES: ReadonlySet<string> = new Set(
  Object.keys({
    'state:changed': true,
    'container:started': true,
    'container:stopped': true,
    'level:starved': true,
    'level:stalled': true,
    'capacity:changed': true,
    'policy:changed': true,
  } satisfies Record<keyof PriorityEvents, true>),
);

/** A level's container does not know our events: what is none of its own may be one of ours, misspelt. */
export function withOurEvents(name: string, error: unknown): unknown {
  const isUnknown = error instanceof KafkaConfigError && error.problems.some(({ path }) => path === 'event');
  const hint = isUnknown ? didYouMean(name, [...NAMES]) : '';
  if (hint === '') return error;
  return new KafkaConfigError('on', [{ path: 'event', message: `is none, got ${describe(name)}${hint}` }]);
}

export const isPriorityEvent = (name: string): name is keyof PriorityEvents => NAMES.has(name);

/** Tells observers; what one throws or rejects with is logged, and neither the others nor the container notice. */
export class PriorityObservers {
  readonly #observers = new Map<string, Set<Observer>>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @returns what unsubscribes */
  on(name: keyof PriorityEvents, listener: Observer): () => void {
    const known = this.#observers.get(name) ?? new Set();
    const observer: Observer = guarded(listener, (error) => this.#logger.error({ event: name, error }, FAILED));
    this.#observers.set(name, known.add(observer)); // the same function given twice is two observers
    return () => void known.delete(observer);
  }

  emit<Name extends keyof PriorityEvents>(name: Name, payload: PriorityEvents[Name]): void {
    for (const observer of [...(this.#observers.get(name) ?? [])]) observer(payload as never);
  }
}
