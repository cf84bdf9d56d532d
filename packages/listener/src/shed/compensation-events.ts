import type { Logger } from '@hearken/core';
import type { ContainerState } from '../container-state.js';
import { Observers } from '../observers.js';
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

export class CompensationObservers extends Observers<CompensationEvents> {
  constructor(logger: Logger) {
    super(logger, NAMES);
  }
}
