import type { Clock } from '@hearken/core';

/** Whether the promise settles well before the time is up. Rejects as it does if that comes first. */
export async function within(promise: Promise<unknown>, timeoutMs: number, clock: Clock): Promise<boolean> {
  let done: (inTime: boolean) => void = () => undefined;
  const timedOut = new Promise<boolean>((resolve) => (done = resolve));
  const timer = clock.setTimer(() => done(false), timeoutMs);
  try {
    return await Promise.race([promise.then(() => true), timedOut]);
  } finally {
    timer.clear();
  }
}
