/** What `await` waits for. */
export const isThenable = (result: unknown): result is PromiseLike<unknown> =>
  typeof result === 'object' && result !== null && typeof (result as { then?: unknown }).then === 'function';
