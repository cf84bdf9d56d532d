import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { isKafkaError, json, KafkaError, string } from '@hearken/core';
import { SendError, type KafkaTemplate } from '@hearken/template';
import { setup } from './setup.js';

// What JavaScript callers can do and the types forbid.
const untyped = (template: object) => template as { send(...args: unknown[]): Promise<unknown> };

async function failureOf(send: () => Promise<unknown>): Promise<SendError> {
  let promise: Promise<unknown>;
  try {
    promise = send();
  } catch (error) {
    assert.fail(`threw synchronously: ${String(error)}`);
  }
  const [end] = await Promise.allSettled([promise]);
  assert.ok(end.status === 'rejected' && end.reason instanceof SendError);
  return end.reason;
}

describe('SendError', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const invalid: Readonly<Record<string, [args: unknown[], code: string, says: RegExp]>> = {
    'no topic': [['', 'v'], 'INVALID_RECORD', /topic must be a non-empty string/],
    'a topic that is no string': [[7, 'v'], 'INVALID_RECORD', /topic must be a non-empty string, got 7/],
    'nothing at all': [[], 'INVALID_RECORD', /topic must be a non-empty string, got undefined/],
    'null for a record': [[null], 'INVALID_RECORD', /must be an object/],
    'a record without topic': [[{ value: 'v' }], 'INVALID_RECORD', /topic must be/],
    'an undefined value': [['t', undefined], 'INVALID_RECORD', /value is undefined; null would be a tombstone/],
    'a record without value': [[{ topic: 't' }], 'INVALID_RECORD', /value is undefined/],
    'a negative partition': [['t', 'v', { partition: -1 }], 'INVALID_RECORD', /partition must be .* got -1/],
    'half a partition': [['t', 'v', { partition: 0.5 }], 'INVALID_RECORD', /partition must be/],
    'text for a partition': [['t', 'v', { partition: '0' }], 'INVALID_RECORD', /partition must be .* got '0'/],
    'a negative timestamp': [['t', 'v', { timestamp: -1 }], 'INVALID_RECORD', /timestamp must be/],
    'a Date for a timestamp': [['t', 'v', { timestamp: new Date() }], 'INVALID_RECORD', /milliseconds since 1970/],
    'a number for a header': [['t', 'v', { headers: { a: 1 } }], 'INVALID_RECORD', /header "a" must be/],
    'text for headers': [['t', 'v', { headers: 'secret' }], 'INVALID_RECORD', /headers must be an object/],
    'a key where options belong': [['t', 'v', 'key'], 'INVALID_RECORD', /such as \{ key \}/],
    'options beside a record': [[{ topic: 't', value: 'v' }, { key: 'k' }], 'INVALID_RECORD', /belong into the record/],
    'null where options belong': [['t', 'v', null], 'INVALID_RECORD', /such as \{ key \}/],
    'an object without a serde': [['t', { secret: 1 }], 'NO_SERDE', /pass valueSerde: json\(\)/],
    'a number as key without a serde': [['t', 'v', { key: 5 }], 'NO_SERDE', /pass keySerde: json\(\)/],
  };
  for (const [what, [args, code, says]] of Object.entries(invalid)) {
    it(`rejects ${what} with ${code} and sends nothing`, async () => {
      const { template, factory } = setup();
      const error = await failureOf(() => untyped(template).send(...args));
      assert.equal(error.code, code);
      assert.match(error.message, says);
      assert.equal(error.retriable, false);
      assert.doesNotMatch(error.message, /secret/);
      assert.equal(factory.producers.count, 0);
    });
  }

  const unserialisable: Readonly<Record<string, unknown>> = {
    'a circular object': circular,
    'a BigInt': 1n,
    'a function': () => 1,
    null: null,
  };
  for (const [what, value] of Object.entries(unserialisable)) {
    it(`rejects ${what} that json() cannot write`, async () => {
      const { template } = setup({ valueSerde: json() });
      const error = await failureOf(() => template.send('orders', value));
      assert.deepEqual([error.code, error.record.value], ['SERIALIZATION_FAILED', value]);
      assert.ok(isKafkaError(error.cause));
    });
  }

  it('does not repeat what a serde said: it may quote the payload', async () => {
    const words = new Error('cannot encode "4111 1111 1111 1111"');
    const serializers = [
      () => {
        throw words;
      },
      () => Promise.reject(words),
    ];
    for (const serialize of serializers) {
      const { template } = setup({ valueSerde: { serialize, deserialize: () => '' } });
      const error = await failureOf(() => template.send('orders', 'v'));
      assert.equal(error.message, 'cannot send to orders: valueSerde failed with Error, see the cause');
      assert.equal((error.cause as Error).cause, words);
    }
  });

  it('rejects what a serde returns that is no bytes', async () => {
    const { template } = setup({ valueSerde: { serialize: () => 'text' as unknown as Buffer, deserialize: () => '' } });
    const error = await failureOf(() => template.send('orders', 'v'));
    assert.match(error.message, /valueSerde must return a Buffer or null/);
  });

  it('is one failure when both serdes fail', async () => {
    const failing = (message: string) => ({
      serialize: () => Promise.reject(new Error(message)),
      deserialize: () => '',
    });
    const { template } = setup({ keySerde: failing('key'), valueSerde: failing('value') });
    const error = await failureOf(() => template.send('orders', 'v', { key: 'k' }));
    assert.match(error.message, /keySerde failed/);
  });

  it("keeps the producer error's code and retriable, and carries the record", async () => {
    const { template, factory } = setup();
    await template.send('orders', 'first');
    const cause = new KafkaError('not enough replicas', { code: 'NOT_ENOUGH_REPLICAS', retriable: true });
    factory.producer.failSends(cause);
    const record = { topic: 'orders', partition: 3, value: 'v' };
    const error = await failureOf(() => template.send(record));
    assert.deepEqual([error.name, error.code, error.retriable], ['SendError', 'NOT_ENOUGH_REPLICAS', true]);
    assert.equal(error.message, 'cannot send to orders-3: not enough replicas');
    assert.equal(error.cause, cause);
    assert.equal(error.record, record);
    assert.ok(isKafkaError(error));
  });

  it('says whether the record may be written all the same', async () => {
    const { template, factory } = setup();
    await template.send('orders', 'first');
    const cause = new KafkaError('no answer', { code: 'OUTCOME_UNKNOWN' });
    factory.producer.failSends(cause);
    assert.equal((await failureOf(() => template.send('orders', 'v'))).mayBeWritten, false);
    factory.producer.failSends(Object.assign(cause, { mayBeWritten: true }));
    assert.equal((await failureOf(() => template.send('orders', 'v'))).mayBeWritten, true);
  });

  it('says SEND_FAILED of errors that are not ours, and leaves their words to the cause', async () => {
    const { template, factory } = setup();
    await template.send('orders', 'first');
    factory.producer.failSends(new RangeError('about "secret"'));
    const error = await failureOf(() => template.send('orders', 'v'));
    assert.deepEqual([error.code, error.retriable], ['SEND_FAILED', false]);
    assert.equal(error.message, 'cannot send to orders: the producer failed with RangeError, see the cause');
  });

  it('shows no payload when it is logged', async () => {
    const { template } = setup({ keySerde: string(), valueSerde: string() });
    const error = await failureOf(() =>
      template.send({ topic: 'orders', partition: -1, key: 'secret', value: 'secret' }),
    );
    assert.doesNotMatch(inspect(error), /secret/);
    assert.doesNotMatch(JSON.stringify(error), /secret/);
    assert.doesNotMatch(JSON.stringify(Object.entries(error)), /secret/);
  });

  it('harms no other send', async () => {
    const { template } = setup({ valueSerde: json() });
    const ends = await Promise.allSettled([template.send('t', 1), template.send('t', 2n), template.send('t', 3)]);
    assert.deepEqual(
      ends.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
  });
});

/** Only compiled: the types that a user sees. */
export function types(template: KafkaTemplate<string, { id: number }>, plain: KafkaTemplate): Promise<unknown>[] {
  return [
    template.send('orders', { id: 1 }, { key: 'k', partition: 1, timestamp: 2, headers: { a: ['b', null] } }),
    template.send({ topic: 'orders', value: { id: 1 } }),
    template.sendDefault({ id: 1 }).then(({ record }) => record.value.id.toFixed()),
    template
      .send('orders', { id: 1 })
      .catch((error: unknown) => (error as SendError<string, { id: number }>).record.value.id),
    plain.send('orders', null, { key: Buffer.alloc(1) }),
    plain.send('orders', 'text'),
    // @ts-expect-error the value has another type
    template.send('orders', { id: 'one' }),
    // @ts-expect-error the key has another type
    template.send('orders', { id: 1 }, { key: 1 }),
    // @ts-expect-error no such option
    template.send('orders', { id: 1 }, { partion: 1 }),
    // @ts-expect-error the value is missing
    template.send('orders'),
    // @ts-expect-error the value is missing
    template.send({ topic: 'orders' }),
    // @ts-expect-error a tombstone needs a nullable serde
    template.send('orders', null),
    // @ts-expect-error no options beside a record
    template.send({ topic: 'orders', value: { id: 1 } }, { key: 'k' }),
    // @ts-expect-error objects need a serde
    plain.send('orders', { id: 1 }),
    // @ts-expect-error the key comes in the options
    plain.send('orders', 'value', 'key'),
  ];
}
