import assert from 'node:assert/strict';
import {
  bytes,
  codeOf,
  DeserializationError,
  Headers,
  json,
  nullable,
  SerializationError,
  string,
  type Serde,
  type StandardSchemaV1,
} from '@hearken/core';
import { serializeDefault } from '@hearken/core/internal';
import fc from 'fast-check';

const context = { topic: 'orders', headers: new Headers() };

interface Order {
  readonly id: number;
}

type Check = (
  value: unknown,
) => { value: Order } | { issues: { message: string; path?: (PropertyKey | { key: PropertyKey })[] }[] };

/** What zod and its like give: an order, its id made a number. */
const check: Check = (value) => {
  const id = Number((value as { id?: unknown }).id);
  return Number.isNaN(id)
    ? { issues: [{ message: 'must be a number', path: ['order', { key: 'id' }] }] }
    : { value: { id } };
};
const schemaOf = (validate: (value: unknown) => ReturnType<Check> | Promise<ReturnType<Check>>) =>
  ({ '~standard': { version: 1, vendor: 'by hand', validate } }) as StandardSchemaV1<unknown, Order>;

describe('bytes()', () => {
  it('passes bytes and null through as they are', () => {
    const value = Buffer.from('a');
    assert.equal(bytes().serialize(value, context), value);
    assert.equal(bytes().deserialize(value, context), value);
    assert.equal(bytes().deserialize(null, context), null);
  });
});

describe('string()', () => {
  it('writes and reads any text as UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const written = string().serialize(text, context) as Buffer;
        assert.deepEqual(written, Buffer.from(text, 'utf8'));
        assert.equal(string().deserialize(written, context), text);
      }),
    );
  });

  it('refuses what is no text', () => {
    for (const value of [null, undefined, 5, {}]) {
      assert.throws(() => string().serialize(value as string, context), SerializationError);
    }
    assert.throws(() => string().deserialize(null, context), /nullable\(string\(\)\)/);
  });
});

describe('json()', () => {
  it('refuses at once what is no schema, and takes those that are functions', () => {
    for (const wrong of [{}, null, () => undefined])
      assert.throws(() => json(wrong as never), { name: 'TypeError', message: /takes a Standard Schema or nothing/ });
    const schema = Object.assign(
      () => undefined,
      schemaOf((value) => ({ value: value as Order })),
    );
    assert.deepEqual(json(schema).deserialize(Buffer.from('1'), context), 1);
  });

  it('writes and reads any JSON value', () => {
    const serde = json();
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(value !== null);
        const written = serde.serialize(value, context) as Buffer;
        assert.deepEqual(serde.deserialize(written, context), JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('refuses null both ways, and says what to use', () => {
    assert.throws(() => json().serialize(null, context), /nullable\(json\(\)\)/);
    assert.throws(
      () => json().deserialize(null, context),
      (error: DeserializationError) => {
        assert.deepEqual([error.code, error.retriable, error.bytes], ['DESERIALIZATION_FAILED', false, null]);
        assert.match(error.message, /nullable\(json\(\)\)/);
        return true;
      },
    );
  });

  it('refuses what JSON has no word for', () => {
    for (const value of [undefined, () => 1, Symbol('s')]) {
      assert.throws(() => json().serialize(value, context), { code: 'SERIALIZATION_FAILED' });
    }
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    for (const value of [circular, { id: 5n }]) {
      assert.throws(() => json().serialize(value, context), {
        code: 'SERIALIZATION_FAILED',
        message: /hold a BigInt, or refer to itself/,
      });
    }
  });

  it('throws on text that is no JSON', () => {
    assert.throws(() => json().deserialize(Buffer.from('{"id":'), context), SyntaxError);
  });

  it('checks both ways by a schema, and hands on what the schema made of the value', () => {
    const serde: Serde<Order> = json(schemaOf(check));
    assert.equal((serde.serialize({ id: '7' } as unknown as Order, context) as Buffer).toString(), '{"id":7}');
    assert.deepEqual(serde.deserialize(Buffer.from('{"id":"7"}'), context), { id: 7 });
  });

  it('names every issue of the schema and where it is, and keeps the bytes', () => {
    const serde = json(schemaOf(check));
    const wrong = Buffer.from('{"id":"secret"}');
    assert.throws(() => serde.serialize({ id: NaN }, context), {
      code: 'SERIALIZATION_FAILED',
      message: 'does not match the schema: order.id: must be a number',
    });
    assert.throws(
      () => serde.deserialize(wrong, context),
      (error: DeserializationError) => {
        assert.equal(error.bytes, wrong);
        assert.equal(error.message, 'does not match the schema: order.id: must be a number');
        return true;
      },
    );
    const issues = [{ message: 'too few' }, { message: 'too late', path: [0] }];
    const several = json(schemaOf(() => ({ issues })));
    assert.throws(() => several.serialize({ id: 1 }, context), { message: /: too few; 0: too late$/ });
  });

  it('waits for an asynchronous schema', async () => {
    const serde = json(schemaOf((value) => Promise.resolve(check(value))));
    assert.equal(String(await serde.serialize({ id: 7 }, context)), '{"id":7}');
    assert.deepEqual(await serde.deserialize(Buffer.from('{"id":7}'), context), { id: 7 });
    await assert.rejects(Promise.resolve(serde.serialize({ id: NaN }, context)), SerializationError);
    await assert.rejects(Promise.resolve(serde.deserialize(Buffer.from('{}'), context)), DeserializationError);
  });

  it('has the types that its schema or its caller says', () => {
    const byCaller: Serde<Order> = json<Order>();
    const bySchema: Serde<Order> = json(schemaOf(check));
    const unknownValue: Serde<unknown> = json();
    // @ts-expect-error the schema makes orders
    const wrong: Serde<string> = json(schemaOf(check));
    assert.ok([byCaller, bySchema, unknownValue, wrong].every((serde) => typeof serde.serialize === 'function'));
  });
});

describe('nullable()', () => {
  it('lets null through and leaves the rest to its serde', () => {
    const serde = nullable(string());
    assert.equal(serde.serialize(null, context), null);
    assert.equal(serde.deserialize(null, context), null);
    assert.deepEqual(serde.serialize('a', context), Buffer.from('a'));
    assert.equal(serde.deserialize(Buffer.alloc(0), context), '');
  });
});

describe('without a serde', () => {
  it('bytes pass uncopied, text becomes UTF-8, null stays null', () => {
    const value = Buffer.from('a');
    assert.equal(serializeDefault(value, 'value'), value);
    assert.equal(serializeDefault(null, 'value'), null);
    assert.deepEqual(serializeDefault('ü', 'key'), Buffer.from('ü'));
    const plain = new Uint8Array([1, 2, 3]).subarray(1);
    assert.deepEqual(serializeDefault(plain, 'value'), Buffer.from([2, 3]));
  });

  it('anything else is refused, with the option to give', () => {
    for (const value of [{}, [1], 5, 1n, true, undefined, () => 1]) {
      assert.throws(
        () => serializeDefault(value, 'key'),
        (error: SerializationError) => {
          assert.equal(codeOf(error), 'NO_SERDE');
          assert.match(error.message, /pass keySerde: json\(\)/);
          return true;
        },
      );
    }
    assert.throws(
      () => serializeDefault([], 'value'),
      /a value of type array needs a serde: pass valueSerde: json\(\)/,
    );
  });
});
