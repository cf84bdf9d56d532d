import assert from 'node:assert/strict';
import { isKafkaError, KafkaConfigError } from '@hearken/core';
import { EmbeddedKafkaError } from '../../dist/errors.js';
import { fromPlainError, toPlainError } from '../../dist/worker/plain-error.js';

/** What comes out at the other thread. */
const across = (error: unknown): Error => fromPlainError(structuredClone(toPlainError(error)));

describe('an error that goes from thread to thread', () => {
  it('stays one of ours, with code, stack and cause', () => {
    const cause = Object.assign(new TypeError('inner'), { code: 'ERR_INNER' });
    const error = new EmbeddedKafkaError('outer', { code: 'REFUSED', cause });
    const arrived = across(error);
    assert.ok(arrived instanceof EmbeddedKafkaError && isKafkaError(arrived));
    assert.deepEqual([arrived.code, arrived.message, arrived.stack], ['REFUSED', 'outer', error.stack]);
    const { name, message, code } = arrived.cause as Error & { code: string };
    assert.deepEqual([name, message, code], ['TypeError', 'inner', 'ERR_INNER']);
  });

  it('keeps the problems of a configuration, and the message made of them', () => {
    const error = new KafkaConfigError('EmbeddedKafka', [{ path: 'config', message: 'is refused' }]);
    const arrived = across(error);
    assert.ok(arrived instanceof KafkaConfigError, 'its class');
    assert.deepEqual(
      [arrived.problems, arrived.message, arrived.code],
      [error.problems, error.message, 'INVALID_CONFIG'],
    );
  });

  it('is an error even if something else was thrown', () => {
    assert.equal(across('a text').message, 'a text');
  });

  it('ends, if errors cause each other', () => {
    const [first, second] = [new Error('first'), new Error('second')];
    Object.assign(first, { cause: second });
    Object.assign(second, { cause: first });
    assert.equal((across(first).cause as Error).message, 'second');
  });
});
