import type { PriorityListenerContainer } from 'hearken';
import type { Dispatches } from './fairness.js';

/** Notes which level's record starts, and which levels could have: called first thing in the listener. */
export class DispatchTrace implements Dispatches {
  readonly levels: number[] = [];
  readonly ready: number[] = [];
  #container: PriorityListenerContainer | undefined;

  of(container: PriorityListenerContainer): void {
    this.#container = container;
  }

  /** Whether any level has a record that may start. */
  get isReady(): boolean {
    return this.#container?.levels.some(({ isReady, isPaused }) => isReady && !isPaused) ?? false;
  }

  /** The level that starts may have no other record: it could start all the same. */
  started(level: number): void {
    let ready = 1 << level;
    for (const { priority, isReady, isPaused } of this.#container?.levels ?? []) {
      if (isReady && !isPaused) ready |= 1 << priority;
    }
    this.levels.push(level);
    this.ready.push(ready);
  }
}
