import { isThenable } from '@hearken/core/internal';

/** Told how a call of `next` ended, with what it returned, threw, or its promise came to. */
export interface Ending {
  returned(result: unknown): void;
  failed(error: unknown): void;
}

/** Calls `next` and tells how that ended: at once, or with its promise. It throws or rejects as `next` does. */
export function observe(next: () => unknown, ending: Ending): unknown {
  const returned = (result: unknown): void => ending.returned(result);
  const failed = (error: unknown): never => {
    ending.failed(error);
    throw error;
  };
  let result: unknown;
  try {
    result = next();
  } catch (error) {
    return failed(error);
  }
  if (isThenable(result)) return result.then(returned, failed);
  returned(result);
  return undefined;
}
