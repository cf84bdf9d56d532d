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

  it('gives up, with both errors, when the back-off is broken', () => {
    const error = new Error('busy');
    const broken = [NaN, -1, Infinity, '5', 2 ** 31].map((delayMs) => () => delayMs as number);
    const mistake = new Error('bug');
    const throwing = (): never => {
      throw mistake;
    };
    for (const delayMs of [...broken, throwing]) {
      const outcome = afterFailure(error, 1, { delayMs });
      assert.ok(outcome.kind === 'failed' && outcome.error instanceof AggregateError);
      const [first, second] = outcome.error.errors as Error[];
      assert.equal(first, error);
      if (delayMs !== throwing) assert.match(second?.message ?? '', /delayMs must return milliseconds from 0 to/);
      else assert.equal(second, mistake);
    }
    assert.deepEqual(afterFailure(error, 1, { delayMs: () => null as unknown as undefined }), {
      kind: 'failed',
      error,
    });
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
