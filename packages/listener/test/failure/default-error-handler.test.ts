import assert from 'node:assert/strict';
import { codeOf, KafkaConfigError } from '@hearken/core';
import { aRecord } from '@hearken/testing';
import {
  DeadLetter,
  DefaultErrorHandler,
  FixedBackOff,
  NonRetriable,
  RetryAfter,
  SkipRecord,
  type DefaultErrorHandlerOptions,
} from '../../dist/index.js';

const record = aRecord({ value: 'v' });
const backOff = new FixedBackOff({ intervalMs: 7, maxRetries: 1 });
const recoverer = (): void => undefined;
const decide = (error: unknown, attempt = 1, options: DefaultErrorHandlerOptions = {}) =>
  new DefaultErrorHandler({ backOff, ...options }).decide({ record, error, attempt });

describe('DefaultErrorHandler', () => {
  it('tries again as the back-off says, then recovers, or stops where nobody does', () => {
    const error = new Error('busy');
    assert.deepEqual(decide(error), { action: 'retry', delayMs: 7 });
    assert.deepEqual(decide(error, 2), { action: 'stop', error, givenUp: true });
    assert.deepEqual(decide(error, 2, { recoverer }), { action: 'recover', error });
    assert.deepEqual(decide(error, 2, { recoverer: { recover: recoverer } }), { action: 'recover', error });
  });

  it('does what it is told to with a record whose last attempt failed', () => {
    const error = new Error('busy');
    assert.deepEqual(decide(error, 2, { onExhausted: 'parkKey' }), { action: 'park', error });
    assert.deepEqual(decide(error, 1, { onExhausted: 'parkKey', recoverer }), { action: 'retry', delayMs: 7 });
    const letter = new DeadLetter();
    assert.deepEqual(decide(letter, 1, { onExhausted: 'parkKey', recoverer }), { action: 'recover', error: letter });
    assert.deepEqual(decide(error, 2, { onExhausted: 'stop', recoverer }), { action: 'stop', error, givenUp: true });
    assert.throws(() => new DefaultErrorHandler({ onExhausted: 'recover' }), KafkaConfigError);
  });

  it('does not try again what cannot get better', () => {
    const error = new ReferenceError('x is not defined');
    assert.deepEqual(decide(error), { action: 'stop', error, givenUp: true });
    assert.deepEqual(decide(error, 1, { recoverer }), { action: 'recover', error });
    assert.equal(decide(error, 1, { retryable: [ReferenceError] }).action, 'retry');
    assert.equal(decide(new Error('busy'), 1, { notRetryable: [Error] }).action, 'stop');
  });

  it('asks for another back-off for some failures', () => {
    const backOffFor: DefaultErrorHandlerOptions['backOffFor'] = (failed, error) =>
      failed === record && (error as Error).message === 'slow' ? new FixedBackOff({ intervalMs: 900 }) : undefined;
    assert.deepEqual(decide(new Error('slow'), 1, { backOffFor }), { action: 'retry', delayMs: 900 });
    assert.deepEqual(decide(new Error('quick'), 1, { backOffFor }), { action: 'retry', delayMs: 7 });
  });

  it('lets a listener decide by what it throws', () => {
    assert.deepEqual(decide(new SkipRecord('a duplicate')), { action: 'skip' });
    assert.deepEqual(decide(new RetryAfter(1_234)), { action: 'retry', delayMs: 1_234 });
    assert.equal(decide(new RetryAfter(1_234), 2).action, 'stop', 'the back-off says when to give up');
    const hopeless = new NonRetriable('no such customer');
    assert.deepEqual(decide(hopeless), { action: 'stop', error: hopeless, givenUp: true });
    const cause = new Error('no such customer');
    assert.deepEqual(decide(new DeadLetter('given up', cause), 1, { recoverer }), { action: 'recover', error: cause });
    const bare = new DeadLetter();
    assert.deepEqual(decide(bare, 1, { recoverer }), { action: 'recover', error: bare });
  });

  it('hears a listener whose error was wrapped', () => {
    const wrapped = (cause: Error): Error => new Error('while billing', { cause });
    assert.deepEqual(decide(wrapped(new SkipRecord('a duplicate'))), { action: 'skip' });
    assert.deepEqual(decide(wrapped(new RetryAfter(1_234))), { action: 'retry', delayMs: 1_234 });
    const cause = new Error('no such customer');
    const deadLetter = wrapped(new DeadLetter('given up', cause));
    assert.deepEqual(decide(deadLetter, 1, { recoverer }), { action: 'recover', error: cause });
    const hopeless = wrapped(new NonRetriable());
    assert.deepEqual(decide(hopeless, 1, { retryable: [Error] }), { action: 'stop', error: hopeless, givenUp: true });
  });

  it('waits for as long as a timer can where the listener asks for longer', () => {
    for (const longest of [2 ** 31, Infinity])
      assert.deepEqual(decide(new RetryAfter(longest)), { action: 'retry', delayMs: 2 ** 31 - 1 });
  });

  it('makes ten attempts of a record and of its recovery, if nothing else is said', () => {
    const { onExhausted, recoveryBackOff } = new DefaultErrorHandler();
    const handler = new DefaultErrorHandler();
    const attempts = (attempt: number): string => handler.decide({ record, error: new Error('busy'), attempt }).action;
    assert.deepEqual([attempts(9), attempts(10), onExhausted], ['retry', 'stop', 'stop']);
    assert.deepEqual([recoveryBackOff.delayMs(9), recoveryBackOff.delayMs(10)], [1_000, undefined]);
  });

  it('says so where a dead letter has nowhere to go', () => {
    const decision = decide(new DeadLetter());
    assert.ok(decision.action === 'stop');
    assert.equal(codeOf(decision.error), 'NO_RECOVERER');
  });

  it('names every problem of its options', () => {
    const wrong = {
      backOff: 3,
      recoverer: 'dlt',
      notRetryable: [3],
      retryable: TypeError,
      onRetry: 1,
      backof: backOff,
    };
    assert.throws(
      () => new DefaultErrorHandler(wrong as never),
      (error) => {
        assert.ok(error instanceof KafkaConfigError);
        const paths = error.problems.map(({ path }) => path).sort();
        assert.deepEqual(paths, ['backOff', 'backof', 'notRetryable', 'onRetry', 'recoverer', 'retryable']);
        return true;
      },
    );
    assert.throws(() => new RetryAfter(-1), RangeError);
  });
});
