import { isThenable } from './is-thenable.js';

/** Nobody waits for what a callback returned: what it rejects with is reported, and must not end the process. */
export function unawaited(result: unknown, report: (error: unknown) => void = () => undefined): void {
  if (isThenable(result)) void result.then(undefined, report);
}

/**
 * What a callback returned that has to answer before it returns.
 * @param what the callback's name, for the message
 * @throws TypeError for a promise; what that rejects with comes too late to matter
 */
export function atOnce<T>(what: string, answer: T): T {
  if (!isThenable(answer)) return answer;
  unawaited(answer);
  throw new TypeError(`${what} returned a promise; it must answer at once`);
}
