import { SlotTaskExecutor } from './slot-task-executor.js';

/**
 * One task at a time, in the order they were given; the next starts when the promise of the one before has settled. A task
 * given while another runs waits, also one given by that task: awaiting it there would wait for ever.
 */
export class SyncTaskExecutor extends SlotTaskExecutor {
  constructor() {
    super(1);
  }
}
