import assert from 'node:assert/strict';
import {
  DefaultKafkaProducerFactory,
  json,
  KafkaAdmin,
  KafkaTemplate,
  SendError,
  silentLogger,
  type Partitioner,
  type ProducerOptions,
  type SendResult,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { call, noUnhandledRejections, refused } from '../support/mistakes.js';
import { readTopic } from '../support/read-topic.js';

const PARTITIONS = 3;
const circular: Record<string, unknown> = {};
circular.self = circular;

/** What is sent to a topic that exists, by the code and the words it is refused with. */
const records: [mistake: string, args: (topic: string) => unknown[], code: string, says: RegExp][] = [
  ['nothing', () => [], 'INVALID_RECORD', /topic must be a non-empty string, got undefined/],
  ['null', () => [null], 'INVALID_RECORD', /must be an object, got null/],
  ['an empty topic', () => ['', 'v'], 'INVALID_RECORD', /non-empty string/],
  ['no value', (topic) => [topic], 'INVALID_RECORD', /value is undefined; null would be a tombstone/],
  ['a record in the style of kafkajs', (topic) => [{ topic, messages: [] }], 'INVALID_RECORD', /value is undefined/],
  ['options beside a record', (topic) => [{ topic, value: 'v' }, { key: 'k' }], 'INVALID_RECORD', /into the record/],
  ['a key for options', (topic) => [topic, 'v', 'key'], 'INVALID_RECORD', /such as \{ key \}/],
  ['null for options', (topic) => [topic, 'v', null], 'INVALID_RECORD', /such as \{ key \}/],
  [
    'a partition there is not',
    (topic) => [topic, 'v', { partition: 99 }],
    'INVALID_PARTITION',
    /3 partitions, from 0 to 2/,
  ],
  ['a negative partition', (topic) => [topic, 'v', { partition: -1 }], 'INVALID_RECORD', /whole number >= 0, got -1/],
  ['text for a partition', (topic) => [topic, 'v', { partition: '1' }], 'INVALID_RECORD', /got '1'/],
  ['NaN for a partition', (topic) => [topic, 'v', { partition: NaN }], 'INVALID_RECORD', /got NaN/],
  ['a Date for a timestamp', (topic) => [topic, 'v', { timestamp: new Date() }], 'INVALID_RECORD', /1970, got a Date/],
  ['a number for a header', (topic) => [topic, 'v', { headers: { a: 5 } }], 'INVALID_RECORD', /header "a" must be/],
  [
    'headers that are no pairs',
    (topic) => [topic, 'v', { headers: [1] }],
    'INVALID_RECORD',
    /name-value pairs, got number/,
  ],
  ['an object without a serde', (topic) => [topic, { a: 1 }], 'NO_SERDE', /valueSerde: json\(\)/],
  ['a number for a key', (topic) => [topic, 'v', { key: 7 }], 'NO_SERDE', /keySerde: json\(\)/],
  ['2 MB', (topic) => [topic, Buffer.alloc(2_000_000)], 'RECORD_TOO_LARGE', /maxRequestBytes 1048576.*raise it/],
  ['2 MB of key', (topic) => [topic, 'v', { key: Buffer.alloc(2_000_000) }], 'RECORD_TOO_LARGE', /or send less/],
  [
    '2 MB of headers',
    (topic) => [topic, 'v', { headers: { a: Buffer.alloc(2_000_000) } }],
    'RECORD_TOO_LARGE',
    /raise/,
  ],
  [
    'a topic there is not',
    () => [uniqueName('no-such'), 'v'],
    'UNKNOWN_TOPIC_OR_PARTITION',
    /KafkaAdmin\.createTopics/,
  ],
  ['what is no name', () => ['two words', 'v'], 'INVALID_TOPIC_EXCEPTION', /1 to 249 ASCII letters, digits/],
  ['a name no request can hold', () => ['x'.repeat(40_000), 'v'], 'INVALID_TOPIC_EXCEPTION', /1 to 249/],
];

const values: [mistake: string, value: unknown, says: RegExp][] = [
  ['a BigInt', 5n, /hold a BigInt, or refer to itself/],
  ['a BigInt inside', { id: 5n }, /hold a BigInt, or refer to itself/],
  ['a circular object', circular, /hold a BigInt, or refer to itself/],
  ['a function', () => 1, /cannot write function/],
  ['a symbol', Symbol('s'), /cannot write symbol/],
  ['null', null, /nullable\(json\(\)\)/],
];

describeWithKafka('bad input: records', function () {
  noUnhandledRejections();
  const kafka = () => ({ brokers: bootstrapServers(), clientId: 'bad-input' });
  const strict = { allowAutoTopicCreation: false };

  async function setup(options: ProducerOptions = strict) {
    const factory = new DefaultKafkaProducerFactory(kafka(), options);
    const template = new KafkaTemplate(factory);
    await using admin = new KafkaAdmin(kafka());
    const topic = uniqueName('bad-input');
    await admin.createTopics([{ topic, partitions: PARTITIONS }]);
    return { factory, template, topic, [Symbol.asyncDispose]: () => factory.close() };
  }

  /** Sends good records in the same tick, before and after the bad ones, and reads them back. */
  async function amongGoodOnes(
    { template, topic }: { template: KafkaTemplate; topic: string },
    bad: () => readonly Promise<unknown>[],
  ): Promise<void> {
    const before = [0, 1, 2].map((i) => template.send(topic, `before ${i}`));
    const refusals = bad();
    const after = [0, 1, 2].map((i) => template.send(topic, `after ${i}`));
    const good: SendResult[] = await Promise.all([...before, ...after]);
    await Promise.all(refusals);
    const read = await readTopic(bootstrapServers(), topic, good.length);
    assert.deepEqual(
      read.map(({ partition, offset, value }) => `${partition}/${offset} ${String(value)}`).sort(),
      good.map(({ record, metadata }) => `${metadata.partition}/${metadata.offset} ${String(record.value)}`).sort(),
    );
  }

  it('each is refused with what to do, and harms no other of its tick', async () => {
    await using bundle = await setup();
    const { template, topic } = bundle;
    await amongGoodOnes(bundle, () =>
      records.map(async ([mistake, args, code, says]) => {
        const error = await refused(() => call(template, 'send', ...args(topic)), code, says).catch(named(mistake));
        assert.ok(error instanceof SendError && error.message.startsWith('cannot send '), mistake);
      }),
    );
  });

  it('values that cannot be written are refused, and harm no other of their tick', async () => {
    await using bundle = await setup();
    const { factory, topic } = bundle;
    const template = new KafkaTemplate<never, unknown>(factory, { valueSerde: json() });
    await amongGoodOnes(bundle, () =>
      values.map(([mistake, value, says]) =>
        refused(() => template.send(topic, value), 'SERIALIZATION_FAILED', says).catch(named(mistake)),
      ),
    );
  });

  it('a record too large for its topic is refused alone, out of a batch', async () => {
    await using bundle = await setup();
    await using admin = new KafkaAdmin(kafka());
    const topic = uniqueName('small');
    await admin.createTopics([{ topic, partitions: 1, config: { 'max.message.bytes': 1_000 } }]);
    await amongGoodOnes({ ...bundle, topic }, () => [
      refused(() => bundle.template.send(topic, Buffer.alloc(5_000)), 'MESSAGE_TOO_LARGE', /max\.message\.bytes/),
    ]);
  });

  it('partitionsFor what is no name harms no record that waits for its topic', async () => {
    await using bundle = await setup();
    await amongGoodOnes(bundle, () =>
      [undefined, null, 5, '', {}].map((name) =>
        refused(() => call(bundle.template, 'partitionsFor', name), 'INVALID_TOPIC_EXCEPTION', /cannot be the name/),
      ),
    );
  });

  it('partitioners that throw, or choose none, or are asynchronous harm their record alone', async () => {
    const choices: Record<string, () => unknown> = {
      throws: () => assert.fail('bug'),
      none: () => 99,
      undefined: () => undefined,
      promise: () => Promise.resolve(1),
      rejection: () => Promise.reject(new Error('bug')),
    };
    const partitioner: Partitioner = ({ value }) => {
      const choose = choices[String(value)];
      return choose === undefined ? 0 : (choose() as number);
    };
    await using bundle = await setup({ ...strict, partitioner });
    await amongGoodOnes(bundle, () =>
      Object.keys(choices).map((value) =>
        refused(() => bundle.template.send(bundle.topic, value), 'INVALID_PARTITION', /partition/),
      ),
    );
  });

  it('interceptors, serdes and producer listeners that fail harm their record alone', async () => {
    await using bundle = await setup();
    const { factory, topic } = bundle;
    const failing = (): never => assert.fail('bug');
    const rejecting = () => Promise.reject(new Error('bug'));
    const sends: [options: object, code: string][] = [
      [{ interceptors: [failing] }, 'INTERCEPTOR_FAILED'],
      [{ interceptors: [rejecting] }, 'INTERCEPTOR_FAILED'],
      [{ interceptors: [() => undefined] }, 'INVALID_RECORD'],
      [{ valueSerde: { serialize: failing, deserialize: failing } }, 'SERIALIZATION_FAILED'],
      [{ valueSerde: { serialize: rejecting, deserialize: failing } }, 'SERIALIZATION_FAILED'],
      [{ valueSerde: { serialize: () => 'text', deserialize: failing } }, 'SERIALIZATION_FAILED'],
    ];
    await amongGoodOnes(bundle, () =>
      sends.map(([options, code]) => {
        const listened = {
          ...options,
          producerListener: { onError: rejecting, onSuccess: failing },
          logger: silentLogger,
        };
        return refused(() => new KafkaTemplate(factory, listened).send(topic, 'v'), code, /cannot send to/);
      }),
    );
  });

  it('what is used after close says so', async () => {
    await using bundle = await setup();
    const { template, factory, topic } = bundle;
    const other = new KafkaTemplate(factory);
    await template.send(topic, 'v');
    await other.send(topic, 'v');
    await template.close();
    await template.close();
    const closed = /the template is closed/;
    await refused(() => template.send(topic, 'v'), 'TEMPLATE_CLOSED', closed);
    await refused(() => template.partitionsFor(topic), 'TEMPLATE_CLOSED', closed);
    await refused(() => template.execute(() => 1), 'TEMPLATE_CLOSED', closed);
    await template.flush();

    await other.send(topic, 'the other template goes on');
    await factory.close();
    await refused(() => other.send(topic, 'v'), 'PRODUCER_CLOSED', /the producer is closed/);
    await refused(
      () => new KafkaTemplate(factory).send(topic, 'v'),
      'FACTORY_CLOSED',
      /the producer factory is closed/,
    );
    await call(other, 'close', null);
    await factory.close();
  });
});

const named =
  (mistake: string) =>
  (error: unknown): never => {
    throw new Error(mistake, { cause: error });
  };
