import assert from 'node:assert/strict';
import { IllegalStateError, KafkaConfigError, silentLogger } from '@hearken/core';
import { initProducerIdApi, metadataApi, produceApi } from '@hearken/protocol';
import { DefaultKafkaConsumerFactory, DefaultKafkaProducerFactory } from '../dist/index.js';
import { rejection } from './support/rejects.js';
import { ScriptedBroker } from './support/scripted-broker.js';

/** The paths of everything wrong with what a constructor was given. */
function problemsOf(construct: () => unknown): string[] {
  try {
    construct();
  } catch (error) {
    assert.ok(error instanceof KafkaConfigError);
    return error.problems.map(({ path }) => path);
  }
  return [];
}

describe('DefaultKafkaProducerFactory', () => {
  afterEach(() => ScriptedBroker.stopAll());

  async function setup() {
    const broker = await ScriptedBroker.start();
    broker.on(initProducerIdApi, () => ({ throttleTimeMs: 0, errorCode: 0, producerId: 1, producerEpoch: 0 }));
    broker.on(produceApi, ({ request }) => ({
      throttleTimeMs: 0,
      responses: request.topicData.map(({ name, partitionData }) => ({
        name,
        partitionResponses: partitionData.map(({ index }) => ({
          index,
          errorCode: 0,
          baseOffset: 40 + broker.countOf(produceApi),
          logAppendTimeMs: -1,
          logStartOffset: 0,
          recordErrors: [],
          errorMessage: null,
        })),
      })),
    }));
    return { broker, factory: new DefaultKafkaProducerFactory({ brokers: [broker.bootstrap], logger: silentLogger }) };
  }

  const RECORD = { topic: 't', value: Buffer.from('v') };

  it('lists everything wrong with both kinds of options at once', () => {
    const kafka = { brokers: ['nowhere'], clientID: 'a' } as never;
    const options = { lingerMS: 5, acks: 'none' } as never;
    assert.deepEqual(problemsOf(() => new DefaultKafkaProducerFactory(kafka, options)).sort(), [
      'kafka.brokers',
      'kafka.clientID',
      'options.acks',
      'options.lingerMS',
    ]);
  });

  it('does not connect before something is sent', async () => {
    const { broker, factory } = await setup();
    await factory.createProducer().close();
    await factory.close();
    assert.equal(broker.connections.count, 0);
  });

  it('shares one producer among all handles, and begins anew after the last was closed', async () => {
    const { broker, factory } = await setup();
    const [first, second] = [factory.createProducer(), factory.createProducer()];
    assert.equal((await first.send(RECORD)).offset, 41);
    await first.close();
    assert.equal((await second.send(RECORD)).offset, 42);
    assert.equal(broker.countOf(initProducerIdApi), 1);
    await second.close();
    await Promise.all(broker.connections.items.map(({ closed }) => closed));
    const third = factory.createProducer();
    assert.equal((await third.send(RECORD)).offset, 43);
    assert.equal(broker.countOf(initProducerIdApi), 2);
    await factory.close();
    await Promise.all(broker.connections.items.map(({ closed }) => closed));
  });

  it('makes none after it was closed, and those it made send no more', async () => {
    const { factory } = await setup();
    const producer = factory.createProducer();
    await factory.close();
    await factory.close();
    assert.throws(() => factory.createProducer(), IllegalStateError);
    await rejection(producer.send(RECORD), 'PRODUCER_CLOSED');
    await producer.close();
  });

  it('sends under the client id given', async () => {
    const broker = await ScriptedBroker.start();
    const factory = new DefaultKafkaProducerFactory({ brokers: [broker.bootstrap], clientId: 'billing' });
    await factory.createProducer().partitionsFor('t');
    const metadata = await broker.received.first(({ apiKey }) => apiKey === metadataApi.key);
    assert.ok(metadata.frame.includes('billing'));
    await factory.close();
  });
});

describe('DefaultKafkaConsumerFactory', () => {
  const kafka = { brokers: ['127.0.0.1:1'] };

  it('lists everything wrong with both kinds of options at once', () => {
    const options = { groupID: 'g', maxPollRecords: 0 } as never;
    assert.deepEqual(problemsOf(() => new DefaultKafkaConsumerFactory({ brokers: [] }, options)).sort(), [
      'kafka.brokers',
      'options.groupID',
      'options.maxPollRecords',
    ]);
  });

  it('tells what containers want to know', () => {
    const factory = new DefaultKafkaConsumerFactory(kafka, { groupId: 'g', maxPollIntervalMs: 77_000 });
    assert.equal(factory.groupId, 'g');
    assert.equal(factory.maxPollIntervalMs, 77_000);
  });

  it("lets a container's own group win", async () => {
    const factory = new DefaultKafkaConsumerFactory(kafka, { groupId: 'g' });
    const [own, other] = [factory.createConsumer(), factory.createConsumer({ groupId: 'h' })];
    assert.deepEqual([own.groupMetadata().groupId, other.groupMetadata().groupId], ['g', 'h']);
    await Promise.all([own.close(), other.close()]);
  });

  it('refuses unusable overrides', () => {
    const factory = new DefaultKafkaConsumerFactory(kafka);
    assert.deepEqual(
      problemsOf(() => factory.createConsumer({ maxPollRecords: -1, autoOffsetReset: 'newest' as never })).sort(),
      ['autoOffsetReset', 'maxPollRecords'],
    );
  });
});
