import assert from 'node:assert/strict';
import { DeserializationError, isKafkaError, KafkaError } from '@hearken/core';
import { packThrown, unpackThrown } from '../../dist/worker/crossing-error.js';

const across = (thrown: unknown): unknown => unpackThrown(structuredClone(packThrown(thrown)));
const errorAcross = (thrown: unknown): Error & Record<string, unknown> => {
  const error = across(thrown);
  assert.ok(error instanceof Error);
  return error as Error & Record<string, unknown>;
};

class CardDeclined extends Error {
  readonly code = 'CARD_DECLINED';
  readonly at = new Date(0);
  readonly retry = (): void => undefined;
}

describe('what a listener in a thread throws', () => {
  it('comes back with class name, name, message, stack and fields', () => {
    const thrown = new CardDeclined('no money');
    const error = errorAcross(thrown);
    assert.equal(error.constructor.name, 'CardDeclined');
    assert.deepEqual([error.name, error.message, error.stack], ['Error', 'no money', thrown.stack]);
    assert.deepEqual(
      Object.assign({}, error),
      { code: 'CARD_DECLINED', at: new Date(0) },
      'all but what cannot be cloned',
    );
  });

  it('is of the same class where the engine has it', () => {
    for (const Class of [TypeError, RangeError, ReferenceError, SyntaxError, EvalError, URIError, Error]) {
      const error = errorAcross(new Class('x'));
      assert.equal(error.constructor, Class);
      assert.deepEqual(Object.keys(error), []);
    }
    class NoSuchOrder extends RangeError {}
    const special = errorAcross(new NoSuchOrder('x'));
    assert.ok(special instanceof RangeError);
    assert.equal(special.constructor.name, 'NoSuchOrder');
  });

  it('keeps a name that was set', () => {
    const thrown = new Error('x');
    thrown.name = 'Custom';
    assert.equal(errorAcross(thrown).name, 'Custom');
    assert.equal(errorAcross(new DOMException('stop', 'AbortError')).name, 'AbortError');
  });

  it('is one of ours with its code, whether it is retriable and its fields, as SkipRecord and RetryAfter need it', () => {
    class RetryAfter extends KafkaError {
      readonly delayMs = 30;
    }
    const error = errorAcross(new RetryAfter('later', { code: 'RETRY_AFTER', retriable: true }));
    assert.ok(isKafkaError(error));
    assert.deepEqual(error.toJSON(), { name: 'RetryAfter', code: 'RETRY_AFTER', message: 'later', retriable: true });
    assert.equal((error as unknown as RetryAfter).delayMs, 30);
    assert.equal(error.constructor.name, 'RetryAfter');
    const undecodable = errorAcross(new DeserializationError('no', { bytes: Buffer.from('secret'), part: 'key' }));
    assert.deepEqual([undecodable.code, undecodable.part], ['DESERIALIZATION_FAILED', 'key']);
  });

  it('has its causes, also those that are no errors', () => {
    const error = errorAcross(new Error('outer', { cause: new CardDeclined('inner', { cause: { status: 402 } }) }));
    const inner = error.cause as CardDeclined;
    assert.deepEqual([inner.message, inner.code, inner.cause], ['inner', 'CARD_DECLINED', { status: 402 }]);
    assert.deepEqual(Object.keys(error), [], 'a cause is no field');
  });

  it('ends where causes come back to themselves', () => {
    const thrown = new Error('round');
    thrown.cause = thrown;
    let depth = 0;
    for (let error: unknown = across(thrown); error instanceof Error; error = error.cause) depth++;
    assert.equal(depth, 17);
  });

  it('has all errors of an AggregateError', () => {
    const error = errorAcross(new AggregateError([new TypeError('a'), 'b'], 'both'));
    assert.ok(error instanceof AggregateError);
    const [first, second] = error.errors as unknown[];
    assert.ok(first instanceof TypeError);
    assert.equal(second, 'b');
  });

  it('may be no error', () => {
    for (const thrown of [undefined, null, 'text', 12n, { status: 500, body: Buffer.from('x') }])
      assert.deepEqual(across(thrown), thrown);
    assert.equal(
      across(() => 1),
      '[Function (anonymous)]',
      'as text, where it cannot be cloned',
    );
  });

  it('may be hostile', () => {
    const hostile = new Error('x');
    Object.defineProperty(hostile, 'field', {
      enumerable: true,
      get: () => {
        throw new Error('no access');
      },
    });
    const error = errorAcross(hostile);
    assert.match(error.message, /cannot be read/);
    assert.equal((error.cause as Error).message, 'no access');
    const odd = new Error('x');
    Object.assign(odd, { name: 7, stack: 8, message: Symbol('m') });
    assert.deepEqual([errorAcross(odd).name, errorAcross(odd).message], ['7', 'Symbol(m)']);
  });
});
