import assert from 'node:assert/strict';
import { DeserializationError, KafkaError } from '@hearken/core';
import { FixedBackOff } from '../../dist/invoke/back-off.js';
import { afterFailure } from '../../dist/invoke/error-policy.js';

const backOff = new FixedBackOff({ intervalMs: 7, maxRetries: 1 });

describe('afterFailure', () => {
  it('tries again as the back-off says, until it gives up', () => {
    const error = new Error('busy');
    assert.deepEqual(afterFailure(error, 1, backOff), { kind: 'retry', error, delayMs: 7 });
    assert.deepEqual(afterFailure(error, 2, backOff), { kind: 'failed', error });
  });

  it('never tries again what cannot get better', () => {
    for (const error of [
      new TypeError('x is not a function'),
      new ReferenceError('x is not defined'),
      new DeserializationError('no JSON', { bytes: null }),
    ]) {
      assert.equal(afterFailure(error, 1, backOff).kind, 'failed', error.name);
    }
  });

  it('tries again what looks like it but is not', () => {
    for (const error of [
      new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }),
      new KafkaError('a broker said no', { code: 'X', retriable: false }),
      'a string',
      undefined,
      null,
    ]) {
      assert.equal(afterFailure(error, 1, backOff).kind, 'retry', String(error));
    }
  });
});
