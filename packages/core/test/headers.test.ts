import assert from 'node:assert/strict';
import { Headers, type HeadersInit, type HeaderValue } from '@hearken/core';
import fc from 'fast-check';

const bytes = (text: string) => Buffer.from(text);
const all = (headers: Headers) => [...headers].map(([name, value]) => [name, value?.toString() ?? null]);

describe('Headers', () => {
  it('keeps names in order, a name several times, and null apart from empty', () => {
    const headers = new Headers().add('a', '1').add('b', null).add('a', bytes('2')).add('c', '');
    assert.deepEqual(all(headers), [['a', '1'], ['b', null], ['a', '2'], ['c', '']]); // prettier-ignore
    assert.equal(headers.size, 4);
    assert.deepEqual(headers.get('a'), bytes('2'));
    assert.deepEqual(headers.getAll('a'), [bytes('1'), bytes('2')]);
    assert.equal(headers.get('b'), null);
    assert.equal(headers.get('c')?.length, 0);
    assert.equal(headers.get('d'), undefined);
    assert.deepEqual(headers.getAll('d'), []);
  });

  it('tells the last value as text', () => {
    const headers = Headers.from({ a: ['x', 'ü'], b: null });
    assert.equal(headers.string('a'), 'ü');
    assert.equal(headers.string('b'), undefined);
    assert.equal(headers.string('c'), undefined);
    assert.equal(headers.has('b'), true);
    assert.equal(headers.has('c'), false);
  });

  it('replaces and removes every value of a name', () => {
    const headers = Headers.from([['a', '1'], ['b', '2'], ['a', '3']]); // prettier-ignore
    headers.set('a', '4');
    assert.deepEqual(all(headers), [['b', '2'], ['a', '4']]); // prettier-ignore
    assert.equal(headers.delete('a'), true);
    assert.equal(headers.delete('a'), false);
    assert.deepEqual(all(headers), [['b', '2']]);
  });

  it('is made from objects, pairs, maps and other headers, which it copies', () => {
    const expected = [['a', '1'], ['a', '2'], ['b', null]]; // prettier-ignore
    const first = Headers.from({ a: ['1', bytes('2')], b: null });
    const pairs: [string, HeaderValue][] = [['a', '1'], ['a', '2'], ['b', null]]; // prettier-ignore
    const copy = Headers.from(first);
    for (const headers of [first, Headers.from(pairs), copy, Headers.from(pairs.values())]) {
      assert.deepEqual(all(headers), expected);
    }
    copy.set('a', 'changed');
    assert.deepEqual(all(first), expected);
    assert.deepEqual(all(Headers.from(new Map([['m', 'v']]))), [['m', 'v']]);
    assert.equal(Headers.from().size, 0);
    assert.equal(Headers.from({}).size, 0);
  });

  it('takes plain bytes without copying them', () => {
    const plain = new Uint8Array([1, 2, 3]).subarray(1);
    const value = new Headers().add('a', plain as Buffer).get('a');
    assert.deepEqual(value, Buffer.from([2, 3]));
    plain[0] = 9;
    assert.deepEqual(value, Buffer.from([9, 3]));
  });

  it('keeps what it has when it cannot take more', () => {
    const headers = new Headers().add('a', '1');
    assert.throws(() => headers.add('a', 5 as never), {
      name: 'TypeError',
      message: /header "a" must be .* got number/,
    });
    assert.throws(() => headers.add(5 as never, 'v'), /name must be a string, got number/);
    assert.deepEqual(all(headers), [['a', '1']]);
  });

  it('refuses what is no headers', () => {
    for (const init of [null, 'secret', 5, true]) {
      assert.throws(() => Headers.from(init as unknown as HeadersInit), {
        name: 'TypeError',
        message: 'headers must be an object, name-value pairs or Headers',
      });
    }
    assert.throws(() => Headers.from({ a: undefined } as never), TypeError);
    assert.throws(() => Headers.from([1] as never), { name: 'TypeError', message: /name-value pairs, got number/ });
  });

  it('keeps a value when it could not be replaced', () => {
    const headers = new Headers().add('a', '1');
    assert.throws(() => headers.set('a', 5 as never), TypeError);
    assert.deepEqual(all(headers), [['a', '1']]);
  });

  it('behaves as a list of pairs, for any calls', () => {
    const name = fc.constantFrom('a', 'b', '__proto__', 'constructor');
    const call = fc.tuple(fc.constantFrom('add', 'set', 'delete'), name, fc.option(fc.string()));
    fc.assert(
      fc.property(fc.array(call), (calls) => {
        const headers = new Headers();
        let model: [string, string | null][] = [];
        for (const [method, key, value] of calls) {
          if (method === 'delete') headers.delete(key);
          else headers[method](key, value);
          if (method !== 'add') model = model.filter(([other]) => other !== key);
          if (method !== 'delete') model.push([key, value]);
        }
        assert.deepEqual(all(headers), model);
        assert.equal(headers.size, model.length);
        for (const key of ['a', '__proto__']) {
          const values = model.filter(([other]) => other === key).map(([, value]) => value);
          assert.deepEqual(
            headers.getAll(key).map((one) => one?.toString() ?? null),
            values,
          );
          assert.equal(headers.has(key), values.length > 0);
        }
      }),
    );
  });
});
