import { deferred } from '@hearken/core/internal';

/** Resolves when it does, or the signal aborts; rejects as it does. */
export async function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const aborted = deferred();
  const abort = (): void => aborted.resolve();
  signal.addEventListener('abort', abort);
  try {
    if (!signal.aborted) await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
