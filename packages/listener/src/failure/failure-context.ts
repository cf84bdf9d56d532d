import { AsyncResource } from 'node:async_hooks';

/** By delivery, and not in it: a field would cost every record, and hardly one fails. */
const contexts = new WeakMap<object, AsyncResource>();

/**
 * The listener of these deliveries failed, which was called in the async context that is current: what middleware set by
 * `AsyncLocalStorage` holds in it.
 * @param others took part in it, and keep the context of their own call if they have one
 */
export function failedHere(deliveries: Iterable<object>, others: Iterable<object> = []): void {
  const context = new AsyncResource('ListenerFailure');
  for (const delivery of deliveries) contexts.set(delivery, context);
  for (const delivery of others) if (!contexts.has(delivery)) contexts.set(delivery, context);
}

/** Does something about the failure of a delivery in the async context of its listener, if it was called through middleware. */
export function inFailureContext<R>(delivery: object, handle: () => R): R {
  const context = contexts.get(delivery);
  return context === undefined ? handle() : context.runInAsyncScope(handle);
}
