import { systemClock, type Clock, type TaskExecutor } from '@hearken/core';
import { durationMs, isThenable, OptionsCheck, required } from '@hearken/core/internal';
import { TaskTimeoutError } from './errors.js';
import { GatedTaskExecutor } from './gated-task-executor.js';
import type { Task } from './task-queue.js';
import { promiseOver } from './when-over.js';

export interface TimeoutTaskExecutorOptions {
  /** How long a task may take from its start, in milliseconds, from 1. */
  readonly timeoutMs: number;
}

const RULES = { timeoutMs: required(durationMs(undefined, { min: 1 })) };

/**
 * Aborts the signal of a task that takes too long; the task then rejects with a {@link TaskTimeoutError}, whatever it comes to.
 * That is when it ends, and not before: a slot stands for work that is really going on, and two listeners must not run on
 * one record, as with the container's `handlerTimeoutMs`. Nothing can interrupt a task that does not wait for anything.
 *
 * resilience4j's TimeLimiter rejects at once and leaves the task running on its own.
 */
export class TimeoutTaskExecutor extends GatedTaskExecutor {
  /** It times every record by itself. */
  readonly unit = 'record';
  readonly #timeoutMs: number;
  readonly #clock: Clock;

  /** @throws KafkaConfigError */
  constructor(
    executor: TaskExecutor,
    options: TimeoutTaskExecutorOptions,
    { clock = systemClock }: { readonly clock?: Clock } = {},
  ) {
    super(executor);
    const check = new OptionsCheck('TimeoutTaskExecutor');
    this.#timeoutMs = check.resolve(options, RULES).timeoutMs;
    check.throwIfAny();
    this.#clock = clock;
  }

  protected override get permits(): number {
    return Infinity;
  }

  /** What ends at once is not timed. */
  protected override run<T>(task: Task<T>, given: AbortSignal): T | Promise<T> {
    const controller = new AbortController();
    const result = this.signals.runAlone(task, given, controller);
    if (!isThenable(result)) return result;
    let error: TaskTimeoutError | undefined;
    const abort = (): void => controller.abort((error = new TaskTimeoutError(this.#timeoutMs)));
    const timer = this.#clock.setTimer(abort, this.#timeoutMs, { keepAlive: false });
    return promiseOver(Promise.resolve(result), () => {
      timer.clear();
      if (error !== undefined) throw error; // in place of what it came to
    });
  }
}
