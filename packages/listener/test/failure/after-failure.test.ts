import assert from 'node:assert/strict';
import { aRecord } from '@hearken/testing';
import { afterFailure } from '../../dist/failure/after-failure.js';
import type { ErrorHandler, FailureDecision } from '../../dist/index.js';

const error = new Error('busy');
const failure = { record: aRecord(), error, attempt: 1 };
const after = (decision: unknown, more: Partial<ErrorHandler> = {}) =>
  afterFailure(failure, { decide: () => decision as FailureDecision, ...more });

describe('afterFailure', () => {
  it('is what the handler decides, with its error or the failure’s', () => {
    const other = new Error('why');
    assert.deepEqual(after({ action: 'retry', delayMs: 7 }), { kind: 'retry', error, delayMs: 7 });
    assert.deepEqual(after({ action: 'skip' }), { kind: 'skip', error });
    assert.deepEqual(after({ action: 'stop', error: other }), { kind: 'stop', error: other });
    assert.deepEqual(after({ action: 'pause', givenUp: true }), { kind: 'pause', error, givenUp: true });
    assert.deepEqual(after({ action: 'pause' }), { kind: 'pause', error });
    assert.deepEqual(after({ action: 'recover' }, { recoverer: () => undefined }), { kind: 'recover', error });
  });

  it('is a stop with both errors where the handler is broken', () => {
    const delays = [NaN, -1, Infinity, '5', 2 ** 31].map((delayMs) => ({ action: 'retry', delayMs }));
    for (const decision of [...delays, { action: 'recover' }, { action: 'ignore' }, {}, undefined, null]) {
      const outcome = after(decision);
      assert.ok(outcome.kind === 'stop' && outcome.error instanceof AggregateError, JSON.stringify(decision));
      const [first, second] = outcome.error.errors as Error[];
      assert.equal(first, error);
      assert.ok(second instanceof TypeError);
    }
  });

  it('is a stop with both errors where the handler throws', () => {
    const mistake = new Error('bug');
    const outcome = afterFailure(failure, {
      decide: () => {
        throw mistake;
      },
    });
    assert.ok(outcome.kind === 'stop' && outcome.error instanceof AggregateError);
    assert.deepEqual(outcome.error.errors, [error, mistake]);
  });
});
