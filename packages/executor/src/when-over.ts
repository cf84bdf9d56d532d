import { isThenable } from '@hearken/core/internal';

/** Calls it, and `over` once it has ended, however it did: at once if it ended at once. Returns or throws what it does. */
export function whenOver<T>(call: () => T | Promise<T>, over: () => void): T | Promise<T> {
  let result: T | Promise<T>;
  try {
    result = call();
  } catch (error) {
    over();
    throw error;
  }
  if (isThenable(result)) return promiseOver(Promise.resolve(result), over);
  over();
  return result;
}

/** The same for a promise. */
export function promiseOver<T>(promise: Promise<T>, over: () => void): Promise<T> {
  return promise.then(
    (value) => {
      over();
      return value;
    },
    (error: unknown) => {
      over();
      throw error;
    },
  );
}
