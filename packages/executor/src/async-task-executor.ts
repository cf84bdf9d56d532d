import { integer, OptionsCheck, required } from '@hearken/core/internal';
import { SlotTaskExecutor } from './slot-task-executor.js';

export interface AsyncTaskExecutorOptions {
  /** How many tasks may run at once, from 1. */
  readonly concurrency: number;
}

const RULES = { concurrency: required(integer(undefined, { min: 1 })) };

/**
 * At most so many tasks at once; the rest waits in the order it came, in a queue without a bound. A container gives tasks
 * only while a slot is free, so its executor's queue stays empty.
 */
export class AsyncTaskExecutor extends SlotTaskExecutor {
  /** @throws KafkaConfigError */
  constructor(options: AsyncTaskExecutorOptions) {
    const check = new OptionsCheck('AsyncTaskExecutor');
    const { concurrency } = check.resolve(options, RULES);
    check.throwIfAny();
    super(concurrency);
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
}
