import { setMaxListeners } from 'node:events';
import type { Task } from './task-queue.js';
import { whenOver } from './when-over.js';

/** On a signal that one task has to itself: who aborts it. A listener on each, in each executor of a stack, costs 20 µs. */
const OWN = Symbol('hearken:own-signal');

type MaybeOwn = AbortSignal & { [OWN]?: AbortController };

/** Tasks that were given the same signal, while one of them runs. */
interface Link {
  /** Those of tasks that have one to themselves, and the one that all others share. */
  readonly controllers: Set<AbortController>;
  shared: AbortController | undefined;
  tasks: number;
  readonly cut: () => void;
}

/**
 * The signals of an executor's own tasks, where the executor that runs them has others too: each follows the one that the task
 * was given, and aborts when its own executor is cancelled.
 */
export class LinkedSignals {
  readonly #links = new Map<AbortSignal, Link>();
  /** Of signals that were given to one task alone: they need not be followed, and nobody else is hit. */
  readonly #given = new Set<AbortController>();

  /** Runs the task with a signal that it may share with others. */
  run<T>(task: Task<T>, given: AbortSignal): T | Promise<T> {
    const own = (given as MaybeOwn)[OWN];
    if (own !== undefined) {
      this.#given.add(own);
      return whenOver(
        () => task(given),
        () => void this.#given.delete(own),
      );
    }
    const link = this.#linkTo(given);
    link.shared ??= newMember(link, given);
    const { signal } = link.shared;
    return whenOver(
      () => task(signal),
      () => this.#leave(given, link),
    );
  }

  /** Runs the task with a signal of its own, which `controller` aborts too. */
  runAlone<T>(task: Task<T>, given: AbortSignal, controller: AbortController): T | Promise<T> {
    const link = this.#linkTo(given);
    const { signal } = controller;
    (signal as MaybeOwn)[OWN] = controller;
    if (given.aborted) controller.abort(given.reason);
    link.controllers.add(controller);
    return whenOver(
      () => task(signal),
      () => {
        link.controllers.delete(controller);
        this.#leave(given, link);
      },
    );
  }

  /** Aborts those of all tasks that run. */
  abort(reason: Error): void {
    const controllers = [...this.#given, ...Array.from(this.#links.values(), (link) => [...link.controllers]).flat()];
    for (const { cut } of this.#links.values()) cut();
    this.#links.clear();
    this.#given.clear();
    for (const controller of controllers) controller.abort(reason);
  }

  #linkTo(given: AbortSignal): Link {
    const link = this.#links.get(given) ?? this.#newLink(given);
    link.tasks++;
    return link;
  }

  #newLink(given: AbortSignal): Link {
    const abort = (): void => {
      for (const controller of [...controllers]) controller.abort(given.reason);
    };
    const controllers = new Set<AbortController>();
    const link = { controllers, shared: undefined, tasks: 0, cut: () => given.removeEventListener('abort', abort) };
    given.addEventListener('abort', abort);
    this.#links.set(given, link);
    return link;
  }

  #leave(given: AbortSignal, link: Link): void {
    if (--link.tasks > 0) return;
    link.cut();
    if (this.#links.get(given) === link) this.#links.delete(given);
  }
}

function newMember(link: Link, given: AbortSignal): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal); // all tasks may listen, and Node takes more than ten for a leak
  if (given.aborted) controller.abort(given.reason);
  link.controllers.add(controller);
  return controller;
}
