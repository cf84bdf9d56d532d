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
