import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { isKafkaError, type KafkaError } from 'hearken';

/** Calls a method as JavaScript would: nothing checks the arguments. */
export const call = (target: object, method: string, ...args: readonly unknown[]): unknown =>
  Reflect.apply(Reflect.get(target, method) as () => unknown, target, args);

/** Constructs as JavaScript would. */
export const construct = (Class: unknown, ...args: readonly unknown[]): unknown =>
  Reflect.construct(Class as new () => unknown, args);

/**
 * What a call rejects with: one of our errors, with this code and these words. Throwing instead is a failure, and so is an
 * error that is not ours.
 */
export async function refused(send: () => unknown, code: string, says: RegExp): Promise<KafkaError> {
  let promise: unknown;
  try {
    promise = send();
  } catch (error) {
    assert.fail(`threw synchronously: ${String(error)}`);
  }
  const [end] = await Promise.allSettled([promise]);
  assert.ok(end.status === 'rejected', 'it resolved');
  const error: unknown = end.reason;
  assert.ok(isKafkaError(error), `not one of ours: ${String(error)}`);
  assert.equal(error.code, code, error.message);
  assert.match(error.message, says);
  assert.equal(typeof error.retriable, 'boolean');
  return error;
}

/** In a suite: no promise may reject without a handler during any of its tests. */
export function noUnhandledRejections(): void {
  const unhandled: unknown[] = [];
  const keep = (reason: unknown): void => void unhandled.push(reason);
  before(() => process.on('unhandledRejection', keep));
  afterEach(async () => {
    await turn(); // Node tells of them when the microtasks of a turn are done
    assert.deepEqual(unhandled.splice(0), []);
  });
  after(() => process.off('unhandledRejection', keep));
}
