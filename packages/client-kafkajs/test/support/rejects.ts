import assert from 'node:assert/strict';
import { codeOf, isKafkaError, type KafkaError } from '@hearken/core';

/** Waits for a promise to reject with one of our errors, and returns it. */
export async function rejection(promise: Promise<unknown>, code?: string): Promise<KafkaError> {
  const error = await promise.then(
    () => assert.fail('it resolved'),
    (reason: unknown) => reason,
  );
  if (!isKafkaError(error)) throw error;
  if (code !== undefined) assert.equal(codeOf(error), code, error.message);
  return error;
}
