import { deferred } from '@hearken/core/internal';

/** Resolves when it does, or the signal aborts; rejects as it does, unless that was aborted before: then nobody is told. */
export async function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const aborted = deferred();
  const abort = (): void => aborted.resolve();
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort);
  try {
    await Promise.race([aborted.promise, work]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
