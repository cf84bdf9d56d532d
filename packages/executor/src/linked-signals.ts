import { setMaxListeners } from 'node:events';
import type { Task } from './task-queue.js';
import { whenOver } from './when-over.js';

interface Link {
  readonly controller: AbortController;
  /** Cuts it from what it follows. */
  readonly cut: () => void;
  tasks: number;
}

/**
 * The signals of an executor's own tasks, where the executor that runs them has others too: each follows the one that the task
 * was given, and aborts when its own executor is cancelled. Tasks that were given the same one share one.
 */
export class LinkedSignals {
  readonly #links = new Map<AbortSignal, Link>();

  /** Runs the task with a signal that follows `given` for as long as it runs. */
  run<T>(task: Task<T>, given: AbortSignal): T | Promise<T> {
    const link = this.#links.get(given) ?? this.#follow(given);
    link.tasks++;
    return whenOver(
      () => task(link.controller.signal),
      () => {
        if (--link.tasks === 0) this.#release(given, link);
      },
    );
  }

  /** Aborts those of all tasks that run. */
  abort(reason: Error): void {
    const links = [...this.#links.values()];
    this.#links.clear();
    for (const { controller, cut } of links) {
      cut();
      controller.abort(reason);
    }
  }

  #follow(given: AbortSignal): Link {
    const controller = new AbortController();
    const abort = (): void => controller.abort(given.reason);
    if (given.aborted) abort();
    setMaxListeners(0, controller.signal, given); // all tasks may listen, and Node takes more than ten for a leak
    given.addEventListener('abort', abort);
    const link = { controller, cut: () => given.removeEventListener('abort', abort), tasks: 0 };
    this.#links.set(given, link);
    return link;
  }

  #release(given: AbortSignal, link: Link): void {
    link.cut();
    if (this.#links.get(given) === link) this.#links.delete(given);
  }
}
