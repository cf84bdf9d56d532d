import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import {
  codeOf,
  CommitFailedError,
  DeserializationError,
  IllegalStateError,
  isKafkaError,
  KafkaConfigError,
  KafkaError,
  SerializationError,
} from '@hearken/core';

class QuotaError extends KafkaError {
  constructor(cause?: unknown) {
    super('over the quota', { code: 'QUOTA', retriable: true, cause });
  }
}

describe('KafkaError', () => {
  it('has name, code, retriable and cause', () => {
    const cause = new Error('why');
    const error = new QuotaError(cause);
    assert.deepEqual(
      [error.name, error.code, error.retriable, error.message],
      ['QuotaError', 'QUOTA', true, 'over the quota'],
    );
    assert.equal(error.cause, cause);
    assert.ok(error instanceof Error && error.stack?.includes('errors.test'));
    assert.equal('cause' in new QuotaError(), false);
    assert.equal(new KafkaError('m', { code: 'C' }).retriable, false);
  });

  it('is recognised by its brand, also from another copy of the package', () => {
    const foreign = Object.assign(new Error('from another copy'), { code: 'X' });
    Object.defineProperty(foreign, Symbol.for('hearken:KafkaError'), { value: true });
    assert.equal(isKafkaError(foreign), true);
    assert.equal(isKafkaError(new QuotaError()), true);
    for (const other of [new Error('plain'), { code: 'X' }, null, undefined, 'text', 5]) {
      assert.equal(isKafkaError(other), false);
      assert.equal(codeOf(other), undefined);
    }
    assert.equal(codeOf(new QuotaError()), 'QUOTA');
  });

  it('is one line of JSON without cause, and shows no brand', () => {
    const error = new QuotaError(new Error('secret'));
    const expected = { name: 'QuotaError', code: 'QUOTA', message: 'over the quota', retriable: true };
    assert.deepEqual(JSON.parse(JSON.stringify(error)), expected);
    assert.doesNotMatch(inspect(error), /hearken:KafkaError/);
  });
});

describe('the errors every package shares', () => {
  it('lists configuration problems in message and JSON', () => {
    const problems = [{ path: 'a.b', message: 'must be c' }, { path: 'd', message: 'is required' }]; // prettier-ignore
    const error = new KafkaConfigError('Thing', problems);
    assert.equal(error.message, 'Thing cannot be used:\n  a.b: must be c\n  d: is required');
    assert.deepEqual([error.code, error.retriable, error.problems], ['INVALID_CONFIG', false, problems]);
    assert.deepEqual((JSON.parse(JSON.stringify(error)) as { problems: unknown }).problems, problems);
  });

  it('has codes that say which state was wrong', () => {
    assert.equal(new IllegalStateError('closed').code, 'ILLEGAL_STATE');
    assert.equal(new IllegalStateError('closed', 'TEMPLATE_CLOSED').code, 'TEMPLATE_CLOSED');
  });

  it('tells a missing serde from one that failed', () => {
    assert.equal(new SerializationError('failed').code, 'SERIALIZATION_FAILED');
    assert.equal(new SerializationError('none', { code: 'NO_SERDE' }).code, 'NO_SERDE');
  });

  it('keeps the bytes that could not be read, and shows them nowhere', () => {
    const bytes = Buffer.from('secret');
    const error = new DeserializationError('not JSON', { bytes, cause: new SyntaxError('at 1') });
    assert.equal(error.bytes, bytes);
    const shown = [JSON.stringify(error), inspect(error), JSON.stringify(Object.entries(error))].join('\n');
    assert.doesNotMatch(shown, /secret|73 65 63|115,101,99/);
  });

  it('names the partitions of a failed commit', () => {
    const partitions = [{ topic: 'orders', partition: 1, code: 'ILLEGAL_GENERATION' }];
    const error = new CommitFailedError('fenced', { code: 'ILLEGAL_GENERATION', partitions });
    assert.deepEqual(
      [error.name, error.code, error.partitions],
      ['CommitFailedError', 'ILLEGAL_GENERATION', partitions],
    );
  });
});
