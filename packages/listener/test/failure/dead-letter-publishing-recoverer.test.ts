import assert from 'node:assert/strict';
import {
  codeOf,
  DeserializationError,
  Headers,
  KafkaConfigError,
  type ConsumerRecord,
  type PartitionInfo,
  type ProducerRecord,
} from '@hearken/core';
import { aRecord, FakeProducer, type RecordInit } from '@hearken/testing';
import fc from 'fast-check';
import {
  DeadLetterPublishingRecoverer,
  type DeadLetterPublishingRecovererOptions,
  type DeadLetterTemplate,
} from '../../dist/index.js';

class NoSuchCustomer extends Error {}

const error = new NoSuchCustomer('no such customer');
const context = { attempt: 10, groupId: 'billing', logger: console };

function setup(options?: DeadLetterPublishingRecovererOptions, partitions = 4) {
  const producer = new FakeProducer({ partitions });
  const template: DeadLetterTemplate = {
    execute: async (callback) => await callback(producer),
    partitionsFor: (topic) =>
      Promise.resolve(Array.from({ length: partitions }, (_, partition) => ({ topic, partition }) as PartitionInfo)),
  };
  const recoverer = new DeadLetterPublishingRecoverer(template, options);
  const publish = async (record: ConsumerRecord, reason: unknown = error): Promise<ProducerRecord> => {
    await recoverer.recover(record, reason, context);
    return producer.sent.items.at(-1)!;
  };
  return { producer, recoverer, publish };
}

const anOrder = (init: RecordInit = {}): ConsumerRecord =>
  aRecord({
    topic: 'orders',
    partition: 2,
    offset: 2 ** 40,
    timestamp: 1_700_000_000_000,
    key: 'k',
    value: '{',
    ...init,
  });

const headersOf = (record: ProducerRecord): Headers => Headers.from(record.headers);

describe('DeadLetterPublishingRecoverer', () => {
  it('publishes key and value as received, to the same partition of the topic with -dlt', async () => {
    const { publish } = setup();
    const record = anOrder();
    const { topic, partition, key, value } = await publish(record);
    assert.deepEqual([topic, partition], ['orders-dlt', 2]);
    assert.equal(key, record.key);
    assert.equal(value, record.value);
    assert.equal((await publish(anOrder({ key: null, value: null }))).value, null);
  });

  it('leaves the partition to the key where the dead-letter topic has fewer', async () => {
    const same: DeadLetterPublishingRecovererOptions = {
      destination: ({ partition }) => ({ topic: 'failures', partition }),
    };
    for (const options of [{}, same]) {
      assert.equal((await setup(options, 2).publish(anOrder())).partition, undefined);
      assert.equal((await setup(options, 3).publish(anOrder())).partition, 2);
    }
  });

  it('says where it came from and why, in Spring’s names and encodings', async () => {
    const cause = new TypeError('inner');
    const failed = new NoSuchCustomer('no such customer', { cause });
    const headers = headersOf(await setup().publish(anOrder({ headers: { trace: 't-1' } }), failed));
    const hex = (name: string): string | undefined => headers.get(`kafka_dlt-${name}`)?.toString('hex');
    const text = (name: string): string | undefined => headers.string(`kafka_dlt-${name}`);
    assert.equal(headers.string('trace'), 't-1');
    assert.equal(text('original-topic'), 'orders');
    assert.equal(hex('original-partition'), '00000002');
    assert.equal(hex('original-offset'), '0000010000000000');
    assert.equal(hex('original-timestamp'), '0000018bcfe56800');
    assert.equal(text('original-timestamp-type'), 'CreateTime');
    assert.equal(text('original-consumer-group'), 'billing');
    assert.equal(text('exception-fqcn'), 'NoSuchCustomer');
    assert.equal(text('exception-cause-fqcn'), 'TypeError');
    assert.equal(text('exception-message'), 'no such customer');
    assert.equal(text('exception-stacktrace'), failed.stack);
    const logTime = headersOf(await setup().publish(anOrder({ timestampType: 'log-append-time' }), 'a string'));
    assert.equal(logTime.string('kafka_dlt-original-timestamp-type'), 'LogAppendTime');
    assert.equal(logTime.string('kafka_dlt-exception-fqcn'), 'string');
    assert.equal(logTime.string('kafka_dlt-exception-message'), 'a string');
  });

  it('has names of its own for a key that could not be decoded, and Spring’s order', async () => {
    const undecodable = (part: 'key' | 'value') =>
      new DeserializationError('not JSON', { bytes: null, part, cause: new SyntaxError('at 1') });
    const names = async (failed: unknown): Promise<string[]> =>
      Array.from(headersOf(await setup().publish(anOrder(), failed)), ([name]) => name.replace('kafka_dlt-', ''));
    const origin = ['topic', 'partition', 'offset', 'timestamp', 'timestamp-type', 'consumer-group'].map(
      (name) => `original-${name}`,
    );
    assert.deepEqual(await names(undecodable('key')), [
      'key-exception-fqcn',
      'exception-cause-fqcn',
      'key-exception-message',
      'key-exception-stacktrace',
      ...origin,
    ]);
    assert.deepEqual(await names(undecodable('value')), [
      'exception-fqcn',
      'exception-cause-fqcn',
      'exception-message',
      'exception-stacktrace',
      ...origin,
    ]);
  });

  it('keeps the places that a dead letter came from, the newest last, and what failed only now', async () => {
    const { publish } = setup({ destination: () => ({ topic: 'second-dlt' }) });
    const first = await publish(anOrder());
    const again = headersOf(
      await publish(aRecord({ topic: 'orders-dlt', offset: 5, headers: first.headers! }), new Error('again')),
    );
    const topics = again.getAll('kafka_dlt-original-topic').map(String);
    assert.deepEqual(topics, ['orders', 'orders-dlt']);
    assert.deepEqual(again.getAll('kafka_dlt-exception-message').map(String), ['again']);
    assert.equal(again.string('kafka_dlt-original-topic'), 'orders-dlt');
  });

  it('cuts a message that quotes too much', async () => {
    const headers = headersOf(await setup().publish(anOrder(), new Error('é'.repeat(1_000_000))));
    const message = headers.get('kafka_dlt-exception-message')!;
    assert.equal(message.length, 4_096);
    assert.equal(message.toString('utf8'), 'é'.repeat(2_048));
  });

  it('takes whatever was thrown, and whatever an error says that its message is', async () => {
    const { publish } = setup();
    const silent = { toString: () => assert.fail('no text') };
    const odd = Object.assign(new Error('replaced'), { name: 7, message: { reason: 1 }, stack: ['at 1', 'at 2'] });
    const told: unknown[] = [];
    for (const thrown of [Object.create(null), silent, null, Symbol('s'), odd]) {
      const headers = headersOf(await publish(anOrder(), thrown));
      told.push(['fqcn', 'message'].map((name) => headers.string(`kafka_dlt-exception-${name}`)).join(': '));
    }
    const silence = 'object: [object Object]';
    assert.deepEqual(told, [silence, silence, 'object: null', 'symbol: Symbol(s)', '7: [object Object]']);
  });

  it('cuts the stack trace at so many bytes, never inside a character', async () => {
    const stacks = fc.string({ unit: 'grapheme', maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(stacks, fc.nat(80), async (stack, maxStackTraceBytes) => {
        const reason = Object.assign(new Error('x'), { stack });
        const told = headersOf(await setup({ maxStackTraceBytes }).publish(anOrder(), reason)).get(
          'kafka_dlt-exception-stacktrace',
        )!;
        assert.ok(
          told.length <= maxStackTraceBytes && told.length > Math.min(Buffer.byteLength(stack), maxStackTraceBytes) - 4,
        );
        assert.ok(stack.startsWith(told.toString('utf8')));
      }),
    );
  });

  it('goes where it is told, with headers of one’s own, and without those one does not want', async () => {
    const { publish } = setup({
      suffix: '.DLT',
      destination: (record, reason) =>
        reason === error ? { topic: `${record.topic}-customers`, partition: 0 } : undefined,
      headers: ({ offset }) => ({ ticket: `t-${offset}` }),
      excludeHeaders: ['kafka_dlt-exception-stacktrace', 'secret'],
    });
    const sent = await publish(anOrder({ offset: 3, headers: { secret: 's' } }));
    assert.deepEqual([sent.topic, sent.partition], ['orders-customers', 0]);
    const headers = headersOf(sent);
    assert.equal(headers.string('ticket'), 't-3');
    assert.ok(!headers.has('kafka_dlt-exception-stacktrace') && !headers.has('secret'));
    assert.equal((await publish(anOrder(), new Error('other'))).topic, 'orders.DLT');
  });

  it('rejects when the dead letter is not acknowledged', async () => {
    const { producer, publish } = setup();
    const refused = new Error('refused');
    producer.failSends(refused);
    await assert.rejects(publish(anOrder()), (failure) => failure === refused);
  });

  it('refuses to make dead letters of dead letters, or to send a record where it came from', async () => {
    for (const [options, topic] of [
      [{}, 'orders-dlt'],
      [{ destination: () => ({ topic: 'orders' }) }, 'orders'],
    ] as const) {
      const { producer, publish } = setup(options);
      await assert.rejects(publish(anOrder({ topic })), (failure) => codeOf(failure) === 'DEAD_LETTER_LOOP');
      assert.equal(producer.sent.count, 0);
    }
  });

  it('names every problem of its options', () => {
    const wrong = { suffix: '', destination: 'dlt', maxStackTraceBytes: -1, excludeHeaders: [1], header: {} };
    assert.throws(
      () => new DeadLetterPublishingRecoverer({} as never, wrong as never),
      (failure) => {
        assert.ok(failure instanceof KafkaConfigError);
        const paths = failure.problems.map(({ path }) => path).sort();
        assert.deepEqual(paths, [
          'destination',
          'excludeHeaders',
          'header',
          'maxStackTraceBytes',
          'suffix',
          'template',
        ]);
        return true;
      },
    );
  });

  it('tells where dead letters of a topic go, unless that is decided record by record', () => {
    assert.equal(setup().recoverer.deadLetterTopic('orders'), 'orders-dlt');
    assert.equal(setup({ suffix: '.DLT' }).recoverer.deadLetterTopic('orders'), 'orders.DLT');
    const { recoverer } = setup({ destination: () => ({ topic: 'graveyard' }) });
    assert.equal(recoverer.deadLetterTopic('orders'), undefined);
  });
});
