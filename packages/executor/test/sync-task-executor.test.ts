import { exerciseTaskExecutor } from '@hearken/testing';
import { SyncTaskExecutor } from '@hearken/executor';

describe('SyncTaskExecutor', () => {
  exerciseTaskExecutor(() => new SyncTaskExecutor(), { concurrencies: [1] });
});
