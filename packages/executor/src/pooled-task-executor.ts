import { integer, oneOf, OptionsCheck, required } from '@hearken/core/internal';
import { TaskRejectedError } from './errors.js';
import { SlotTaskExecutor } from './slot-task-executor.js';
import type { Task } from './task-queue.js';

const POLICIES = ['abort', 'caller-runs', 'discard', 'discard-oldest'] as const;

/**
 * What happens to a task when every slot and every place in the queue is taken (after the policies of Java's
 * ThreadPoolExecutor):
 * - `'abort'`: it rejects with a retriable {@link TaskRejectedError};
 * - `'caller-runs'`: it runs at once, in a slot above the limit, so that the caller feels the load;
 * - `'discard'`: it rejects with a {@link TaskRejectedError} that is not retriable;
 * - `'discard-oldest'`: the task that waited longest rejects like that, and this one takes the place behind the others.
 */
export type RejectionPolicy = (typeof POLICIES)[number];

export interface PooledTaskExecutorOptions {
  /** How many tasks may run at once, from 1. */
  readonly concurrency: number;
  /** How many tasks may wait for a slot, from 0. @default no bound, as Spring's ThreadPoolTaskExecutor */
  readonly queueCapacity?: number;
  /** @default 'abort' */
  readonly rejection?: RejectionPolicy;
}

const RULES = {
  concurrency: required(integer(undefined, { min: 1 })),
  queueCapacity: integer(Number.MAX_SAFE_INTEGER),
  rejection: oneOf(POLICIES, 'abort'),
};

/** At most so many tasks at once and so many that wait; a policy decides about the next one. */
export class PooledTaskExecutor extends SlotTaskExecutor {
  readonly #queueCapacity: number;
  readonly #rejection: RejectionPolicy;

  /** @throws KafkaConfigError */
  constructor(options: PooledTaskExecutorOptions) {
    const { concurrency, queueCapacity, rejection } = resolve(options);
    super(concurrency);
    this.#queueCapacity = queueCapacity;
    this.#rejection = rejection;
  }

  /**
   * May be changed at any time. Less lets running tasks end; more starts waiting ones at once; 0 starts nothing.
   * @throws KafkaConfigError when set to anything but a whole number from 0
   */
  override get concurrency(): number {
    return super.concurrency;
  }

  override set concurrency(concurrency: number) {
    this.setConcurrency(concurrency);
  }

  protected override whenFull<T>(task: Task<T>): Promise<T> {
    if (this.waiting.size < this.#queueCapacity) return this.waiting.push(task);
    switch (this.#rejection) {
      case 'caller-runs':
        return this.runNow(task);
      case 'discard-oldest':
        this.waiting.shift()?.reject(this.#rejected('pushed out of the queue by a newer one', false));
        return this.waiting.push(task);
      case 'discard':
        return Promise.reject(this.#rejected('discarded', false));
      case 'abort':
        return Promise.reject(this.#rejected('refused', true));
    }
  }

  #rejected(what: string, retriable: boolean): TaskRejectedError {
    const limits = `${this.concurrency} slots and ${this.#queueCapacity} places in the queue are taken`;
    return new TaskRejectedError(`the task was ${what}: ${limits}`, { retriable });
  }
}

function resolve(options: PooledTaskExecutorOptions): Required<PooledTaskExecutorOptions> {
  const check = new OptionsCheck('PooledTaskExecutor');
  const resolved = check.resolve(options, RULES);
  if (check.ok && resolved.rejection === 'discard-oldest' && resolved.queueCapacity === 0) {
    check.problem(
      'queueCapacity',
      `must be at least 1 with rejection 'discard-oldest': there is no oldest in an empty queue`,
    );
  }
  check.throwIfAny();
  return resolved;
}
