/** Whether a signal was aborted, as a field: the signal's own getter, asked after every record, costs as much as all the rest of going on. */
export interface Cancellation {
  readonly isCancelled: boolean;
}

const known = new WeakMap<AbortSignal, Cancellation>();

/** Of a signal always the same one, so that a signal which many tasks get is listened to once. */
export function cancellationBy(signal: AbortSignal): Cancellation {
  return known.get(signal) ?? listenTo(signal);
}

function listenTo(signal: AbortSignal): Cancellation {
  const cancellation = { isCancelled: signal.aborted };
  known.set(signal, cancellation);
  signal.addEventListener('abort', () => (cancellation.isCancelled = true), { once: true });
  return cancellation;
}
