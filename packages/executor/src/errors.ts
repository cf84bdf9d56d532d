import { KafkaError } from '@hearken/core';

/**
 * An executor did not take a task, or threw it out of its queue; the task never ran. Code `TASK_REJECTED`. Retriable if
 * the policy was `'abort'` ("not now"), not if the task was discarded ("not wanted any more").
 */
export class TaskRejectedError extends KafkaError {
  constructor(message: string, options: { readonly retriable: boolean }) {
    super(message, { code: 'TASK_REJECTED', retriable: options.retriable });
  }
}

/**
 * A task ran for longer than `timeoutMs`: its signal was aborted with this, and it rejects with it when it ends, whatever it
 * came to. Code `TASK_TIMED_OUT`; retriable.
 */
export class TaskTimeoutError extends KafkaError {
  constructor(timeoutMs: number) {
    super(`the task did not end within ${timeoutMs} ms (timeoutMs)`, { code: 'TASK_TIMED_OUT', retriable: true });
  }
}
