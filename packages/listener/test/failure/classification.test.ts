import assert from 'node:assert/strict';
import { DeserializationError, KafkaError } from '@hearken/core';
import { InvalidFilterResultError, NonRetriable, RetryAfter } from '../../dist/index.js';
import { isRetryable, type ErrorMatcher } from '../../dist/failure/classification.js';

class Busy extends Error {}
class VeryBusy extends Busy {}

const retries = (error: unknown, retryable: ErrorMatcher[] = [], notRetryable: ErrorMatcher[] = []): boolean =>
  isRetryable(error, { retryable, notRetryable });

describe('isRetryable', () => {
  it('is no for what cannot get better by itself', () => {
    for (const error of [
      new TypeError('x is not a function'),
      new ReferenceError('x is not defined'),
      new DeserializationError('no JSON', { bytes: null }),
      new NonRetriable(),
      new InvalidFilterResultError(1),
      new KafkaError('from a dead-letter topic into itself', { code: 'DEAD_LETTER_LOOP' }),
    ]) {
      assert.equal(retries(error), false, error.name);
    }
  });

  it('is yes for everything else, also for what only looks like it', () => {
    for (const error of [
      new Error('busy'),
      new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }),
      new KafkaError('a broker said no', { code: 'X', retriable: false }),
      'a string',
      undefined,
      null,
    ]) {
      assert.equal(retries(error), true, String(error));
    }
  });

  it('goes by class, code or function', () => {
    const coded = Object.assign(new Error('gone'), { code: 'ENOENT' });
    assert.equal(retries(new VeryBusy(), [], [Busy]), false);
    assert.equal(retries(new Busy(), [], [VeryBusy]), true);
    assert.equal(retries(coded, [], ['ENOENT']), false);
    assert.equal(retries(coded, [], ['EACCES']), true);
    assert.equal(retries('a string', [], [(error) => error === 'a string']), false);
    assert.equal(retries(null, [], ['ENOENT', Error]), true);
  });

  it('tries again what it is told to, mistakes in the program too', () => {
    assert.equal(retries(new TypeError('x is not a function'), [TypeError]), true);
    assert.equal(retries(new DeserializationError('no JSON', { bytes: null }), ['DESERIALIZATION_FAILED']), true);
  });

  it('looks along the causes: the first that is named decides, and "not" wins', () => {
    const wrapped = new Error('wrapped', { cause: new Busy() });
    assert.equal(retries(wrapped, [], [Busy]), false);
    assert.equal(
      retries(
        new VeryBusy('outer', { cause: new Error('inner') }),
        [VeryBusy],
        [(error) => (error as Error).message === 'inner'],
      ),
      true,
    );
    assert.equal(retries(new Busy(), [Busy], [Busy]), false);
  });

  it('is no for what cannot get better and was wrapped, and yes for what asks to be tried again', () => {
    for (const cause of [
      new ReferenceError('x'),
      new DeserializationError('no JSON', { bytes: null }),
      new NonRetriable(),
    ])
      assert.equal(retries(new Error('while billing', { cause })), false, cause.name);
    assert.equal(retries(new Error('while billing', { cause: new ReferenceError('x') }), [ReferenceError]), true);
    assert.equal(retries(new RetryAfter(5, 'later', new TypeError('x'))), true);
  });

  it('ends where causes go round', () => {
    const [a, b] = [new Error('a'), new Error('b')];
    a.cause = b;
    b.cause = a;
    assert.equal(retries(a, [], [Busy]), true);
  });
});
