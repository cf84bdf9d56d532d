import assert from 'node:assert/strict';
import {
  AsyncTaskExecutor,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  ExponentialBackOff,
  FixedBackOff,
  json,
  KafkaAdmin,
  KafkaConfigError,
  KafkaTemplate,
  MessageListenerContainer,
  PooledTaskExecutor,
  SyncTaskExecutor,
} from 'hearken';
import { construct } from '../support/mistakes.js';

const kafka = { brokers: ['127.0.0.1:1'] };
const consumerFactory = new DefaultKafkaConsumerFactory(kafka, { groupId: 'g' });
const producerFactory = new DefaultKafkaProducerFactory(kafka);
const listener = (): void => undefined;
const valid = { topics: ['orders'], listener };
const container = (properties: object) => [MessageListenerContainer, consumerFactory, properties];

/** What is constructed, and every problem that has to be told, by path. */
type Mistake = [what: string, construct: unknown[], problems: Record<string, RegExp>];

const mistakes: Mistake[] = [
  ['no kafka', [KafkaAdmin], { 'kafka.brokers': /required/ }],
  ['null for kafka', [KafkaAdmin, null], { kafka: /must be an object, got null/, 'kafka.brokers': /required/ }],
  [
    'kafka: names, types, sasl',
    [KafkaAdmin, { broker: ['a:1'], clientID: 'x', ssl: 'yes', sasl: { mechanism: 'plane' }, connectionTimeout: '3s' }],
    {
      'kafka.broker': /did you mean 'brokers'/,
      'kafka.clientID': /did you mean 'clientId'/,
      'kafka.brokers': /required/,
      'kafka.ssl': /must be true, false or the settings of tls\.connect, got a string/,
      'kafka.sasl': /unknown mechanism 'plane': use plain, scram-sha-256/,
      'kafka.connectionTimeout': /whole number from 1 .* got '3s'/,
    },
  ],
  [
    'an address without port',
    [KafkaAdmin, { brokers: ['kafka'] }],
    { 'kafka.brokers': /'localhost:9092'.* got 'kafka'/ },
  ],
  [
    'sasl without password',
    [KafkaAdmin, { ...kafka, sasl: { mechanism: 'plain' } }],
    { 'kafka.sasl': /username and password/ },
  ],
  [
    'both arguments of a producer factory',
    [DefaultKafkaProducerFactory, { broker: [] }, { ack: 1, batchSize: 5, compression: 'gzipp', partitioner: {} }],
    {
      'kafka.broker': /did you mean/,
      'kafka.brokers': /required/,
      'options.ack': /did you mean 'acks'/,
      'options.batchSize': /did you mean 'batchSizeBytes'/,
      'options.compression': /did you mean 'gzip'/,
      'options.partitioner': /must be a function or 'murmur2'/,
    },
  ],
  [
    'pairs of a producer, beside other problems',
    [
      DefaultKafkaProducerFactory,
      kafka,
      { lingerMS: 1, acks: 1, idempotent: true, deliveryTimeoutMs: 10, bufferMemoryBytes: 10, maxBlockMs: -1 },
    ],
    {
      'options.lingerMS': /did you mean 'lingerMs'/,
      'options.maxBlockMs': /got -1/,
      'options.idempotent': /needs acks 'all', got acks 1/,
      'options.deliveryTimeoutMs': /at least lingerMs \+ requestTimeoutMs/,
      'options.bufferMemoryBytes': /at least batchSizeBytes/,
    },
  ],
  ['a string for options', [DefaultKafkaProducerFactory, kafka, 'fast'], { options: /must be an object, got 'fast'/ }],
  [
    'a consumer: names, types, pairs',
    [
      DefaultKafkaConsumerFactory,
      kafka,
      {
        groupID: 'g',
        autoOffsetReset: 'earlyest',
        maxPollRecords: 0,
        heartbeatIntervalMs: 20_000,
        fetchMaxWaitMs: 1e6,
      },
    ],
    {
      'options.groupID': /did you mean 'groupId'/,
      'options.autoOffsetReset': /did you mean 'earliest'/,
      'options.maxPollRecords': />= 1, got 0/,
      'options.heartbeatIntervalMs': /a third of sessionTimeoutMs/,
      'options.fetchMaxWaitMs': /below requestTimeoutMs/,
    },
  ],
  ['no factory for a template', [KafkaTemplate], { producerFactory: /createProducer, got undefined/ }],
  [
    'the other factory for a template, and its options',
    [KafkaTemplate, consumerFactory, { defaulttopic: 'x', valueSerde: json, interceptors: [5], producerListener: {} }],
    {
      producerFactory: /got a DefaultKafkaConsumerFactory/,
      defaulttopic: /did you mean 'defaultTopic'/,
      valueSerde: /got a function; is it to be called, as in json\(\)\?/,
      producerListener: /onSuccess, onError or both/,
      interceptors: /number 0 is 5/,
    },
  ],
  [
    'nothing for a container',
    [MessageListenerContainer],
    {
      consumerFactory: /createConsumer, got undefined/,
      listener: /exactly one of listener and batchListener/,
      topics: /exactly one of topics/,
    },
  ],
  [
    'the other factory for a container, and its dependencies',
    [MessageListenerContainer, producerFactory, { ...valid, groupId: 'g' }, { logger: 'debug', timer: 1 }],
    {
      consumerFactory: /got a DefaultKafkaProducerFactory/,
      'dependencies.logger': /must have the methods debug, info, warn, error, got 'debug'/,
      'dependencies.timer': /is not an option/,
    },
  ],
  [
    'a container: names and types',
    container({
      topic: ['a'],
      listner: listener,
      concurrency: '10',
      ackMode: 'Manual',
      ordering: 'keys',
      errorHandler: 3,
    }),
    {
      topic: /did you mean 'topics'/,
      listner: /did you mean 'listener'/,
      listener: /exactly one of listener and batchListener/,
      ordering: /did you mean 'key'/,
      concurrency: />= 1, got '10'/,
      ackMode: /did you mean 'manual'/,
      errorHandler: /must have the method decide, got 3/,
      topics: /exactly one of topics, topicPattern and topicPartitions is needed, got none/,
    },
  ],
  [
    'pairs of a container',
    container({
      ...valid,
      topicPattern: /a/,
      concurrency: 5,
      taskExecutor: new SyncTaskExecutor(),
      syncCommits: true,
      shutdownTimeoutMs: 1e6,
    }),
    {
      topics: /got topics and topicPattern/,
      taskExecutor: /cannot go with concurrency/,
      syncCommits: /needs ackMode: 'record', got 'batch'/,
      shutdownTimeoutMs: /below the factory's maxPollIntervalMs/,
    },
  ],
  [
    'a container without a group',
    [MessageListenerContainer, new DefaultKafkaConsumerFactory(kafka), valid],
    { groupId: /required, here or at the factory, unless topicPartitions/ },
  ],
  ['topics that are no names', container({ listener, topics: ['a', ''] }), { topics: /number 1 is ''/ }],
  [
    'topicPartitions that are none',
    container({ listener, topicPartitions: [{ topic: 'a', partition: -1 }] }),
    { topicPartitions: /number 0 is an object/ },
  ],
  [
    'an executor that is none',
    container({ ...valid, taskExecutor: { execute: listener, onAvailable: listener } }),
    { taskExecutor: /the numbers concurrency and available/ },
  ],
  ['an executor without options', [AsyncTaskExecutor], { concurrency: /required/ }],
  [
    'an executor: names and types',
    [PooledTaskExecutor, { concurency: 2, concurrency: 0, rejection: 'abrt' }],
    { concurency: /did you mean 'concurrency'/, concurrency: />= 1, got 0/, rejection: /did you mean 'abort'/ },
  ],
  [
    'a pair of an executor',
    [PooledTaskExecutor, { concurrency: 1, queueCapacity: 0, rejection: 'discard-oldest' }],
    { queueCapacity: /there is no oldest in an empty queue/ },
  ],
  ['a number for a back-off', [FixedBackOff, 1000], { options: /must be an object, got 1000/ }],
  [
    'a back-off: names and types',
    [ExponentialBackOff, { multiplier: 0.5, jitter: 2, initialIntervalMS: 1 }],
    { initialIntervalMS: /did you mean 'initialIntervalMs'/, multiplier: /number from 1/, jitter: /from 0 to 1/ },
  ],
];

describe('bad input: options', () => {
  for (const [what, [Class, ...args], expected] of mistakes) {
    it(`${what}: one error, with every problem`, () => {
      assert.throws(
        () => construct(Class, ...args),
        (error: unknown) => {
          assert.ok(error instanceof KafkaConfigError, String(error));
          assert.equal(error.code, 'INVALID_CONFIG');
          const found = new Map(error.problems.map(({ path, message }) => [path, message]));
          assert.deepEqual([...found.keys()].sort(), Object.keys(expected).sort(), error.message);
          for (const [path, says] of Object.entries(expected)) {
            assert.match(found.get(path) ?? '', says);
            assert.ok(error.message.includes(`\n  ${path}: ${found.get(path) ?? ''}`));
          }
          return true;
        },
      );
    });
  }
});
