import assert from 'node:assert/strict';
import { codeOf, string, type ConsumerRecord } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import { DefaultErrorHandler, DeadLetterPublishingRecoverer } from '@hearken/listener';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import { KafkaTemplate } from '@hearken/template';
import { Recorder, RecordingLogger } from '@hearken/testing';
import { Container } from 'inversify';
import { DefaultKafkaProducerFactory } from '@hearken/client-kafkajs';
import { kafkaModule, newTopic, startKafka, type KafkaModuleConfig } from '../../dist/index.js';
import { configFor, endpoint, start } from './support.js';

describe('the life of an application', () => {
  let kafka: EmbeddedKafka;
  before(async () => (kafka = await EmbeddedKafka.start({ topics: ['orders:2', 'orders-dlt:1'] })));
  afterEach(() => kafka.reset());
  after(() => kafka.stop());

  async function send(...values: string[]): Promise<void> {
    await using factory = new DefaultKafkaProducerFactory({ brokers: kafka.brokers });
    const template = new KafkaTemplate(factory);
    await Promise.all(values.map((value) => template.send('orders', value)));
  }

  const running = new Error('the listener fails');
  const failing = endpoint('failing', {
    properties: { errorHandler: { decide: () => ({ action: 'stop' }) } },
    listener: () => {
      throw running;
    },
  });

  it('starts phases upwards and stops them downwards', async () => {
    const told: string[] = [];
    const inPhase = (phase: number) => endpoint(`phase-${phase}`, { phase });
    const app = await start(kafka, [inPhase(2), inPhase(-1), inPhase(0)], {}, { autoStart: false });
    const starting = app.start();
    assert.equal(app.state, 'starting');
    await starting;
    const steps = app.startReport.map(({ step }) => step);
    for (const { id, container } of app.registry.list()) {
      const tell = (payload: { readonly next: string }): unknown => payload.next === 'stopped' && told.push(id);
      if ('concurrency' in container) container.on('state:changed', tell);
    }
    assert.deepEqual(
      steps.slice(-3),
      [-1, 0, 2].map((phase) => `start listeners of phase ${phase}`),
    );
    assert.deepEqual(steps.slice(0, -3), ['make topics', 'make templates', 'resolve beans', 'check listeners']);
    await app.stop();
    assert.deepEqual(told, ['phase-2', 'phase-0', 'phase--1']);
  });

  it('lets a listener end what it has begun before its beans go', async () => {
    const [begun, mayEnd, told] = [deferred(), deferred(), [] as string[]];
    const listener = async (): Promise<void> => {
      begun.resolve();
      await mayEnd.promise;
      told.push('listener ended');
    };
    const container = new Container();
    container
      .bind('database')
      .toDynamicValue(() => ({}))
      .inSingletonScope()
      .onDeactivation(() => void told.push('database closed'));
    container.get('database');
    container.load(kafkaModule(configFor(kafka)));
    const app = await startKafka(container, { signals: false, endpoints: [endpoint('slow', { listener })] });
    await send('one');
    await begun.promise;
    const stopping = app.stop();
    assert.equal(app.stop(), stopping, 'a second stop is the same');
    mayEnd.resolve();
    const { listeners } = await stopping;
    assert.deepEqual(told, ['listener ended', 'database closed']);
    assert.equal(listeners.get('slow')?.committed.length, 2);
    assert.equal(app.state, 'stopped');
    await app.finished;
  });

  it('aborts what would not end', async () => {
    const [begun, aborted] = [deferred(), deferred()];
    const app = await start(kafka, [
      endpoint('hanging', {
        listener: async (_, { signal }) => {
          const over = new Promise((resolve) => signal.addEventListener('abort', resolve));
          begun.resolve();
          await over;
          aborted.resolve();
          throw signal.reason;
        },
      }),
    ]);
    await send('one');
    await begun.promise;
    const stopping = app.stop();
    const { listeners } = await app.abort();
    await aborted.promise;
    assert.equal(listeners.get('hanging')?.abandoned, 1);
    assert.equal((await stopping).listeners, listeners);
  });

  it("keeps the beans where they are somebody else's", async () => {
    const container = new Container();
    container.load(kafkaModule(configFor(kafka)));
    container.bind('mine').toConstantValue(1);
    await using app = await startKafka(container, { signals: false, unbindBeans: false });
    await app.stop();
    assert.equal(container.get('mine'), 1);
  });

  it('ends when a container fails, and says which', async () => {
    const app = await start(kafka, [failing, endpoint('other')]);
    const other = app.registry.get('other');
    await send('one');
    await assert.rejects(app.finished, (error: Error & { id?: string }) => {
      assert.equal(codeOf(error), 'LISTENER_CONTAINER_FAILED');
      assert.equal(error.id, 'failing');
      assert.match(error.message, /the listener 'failing' \(failing\.on\) failed: .*/);
      return true;
    });
    assert.equal(app.state, 'failed');
    assert.equal(other.state, 'stopped');
    assert.equal(app.health().live, false);
  });

  it('takes everything down where a listener does not start, and says which', async () => {
    const properties = { topics: ['no-such-topic'], missingTopicsFatal: true };
    const endpoints = [endpoint('fine', { phase: -1 }), endpoint('broken', { properties })];
    const app = await start(kafka, endpoints, { checks: 'off' }, { autoStart: false });
    await assert.rejects(app.start(), (error: unknown) => codeOf(error) === 'LISTENER_NOT_STARTED');
    assert.equal(app.registry.get('fine').state, 'stopped');
    assert.equal(app.state, 'failed');
    await assert.rejects(app.finished);
    await assert.rejects(app.registry.start('fine'), { code: 'APPLICATION_STOPPED' });
  });

  it('says what is missing where a level of a listener does not start', async () => {
    const properties = { topics: ['rush'], levels: ['bulk', 'high'], missingTopicsFatal: true };
    await assert.rejects(start(kafka, [endpoint('urgent', { properties })], { checks: 'off' }), {
      code: 'LISTENER_NOT_STARTED',
      message: /^the listener 'urgent' \(urgent\.on\) did not start: level (bulk|high) failed: .*rush-[01]/,
    });
  });

  it('can be stopped while it starts', async () => {
    const app = await start(kafka, [endpoint('billing')], {}, { autoStart: false });
    const starting = app.start();
    const stopping = app.stop();
    await assert.rejects(starting, { code: 'APPLICATION_STOPPED' });
    const { steps } = await stopping;
    assert.ok(steps.every(({ outcome }) => outcome === 'done'));
    assert.equal(app.state, 'stopped');
    await app.finished;
  });

  it('makes its topics, and fails where they differ and should not', async () => {
    const topics = [newTopic('made', { partitions: 3, compact: true }), newTopic('orders', { partitions: 4 })];
    const logger = new RecordingLogger();
    await using app = await start(kafka, [], { topics, logger });
    assert.deepEqual(
      logger.entries.items.filter(({ level }) => level === 'warn').map(({ message }) => message),
      [`topic 'orders' should have partitions 4 and has 2`],
    );
    await app.stop();
    await assert.rejects(start(kafka, [], { topics, admin: { onDifference: 'fail' } }), { code: 'TOPIC_DIFFERS' });
    await using grown = await start(kafka, [], { topics, admin: { onDifference: 'grow' } });
    assert.equal(grown.state, 'running');
    assert.equal((await kafka.records('made')).length, 0);
    await assert.doesNotReject(start(kafka, [], { topics, admin: { onDifference: 'fail' } }).then((one) => one.stop()));
  });

  it('looks at its listeners as it starts', async () => {
    const logger = new RecordingLogger();
    const errorHandler = new DefaultErrorHandler({
      recoverer: new DeadLetterPublishingRecoverer({
        execute: () => assert.fail('nothing fails'),
        partitionsFor: () => assert.fail('nothing fails'),
      }),
    });
    const endpoints = [
      endpoint('a', { properties: { groupId: 'g', errorHandler } }),
      endpoint('b', { properties: { topics: ['orders-dlt'], groupId: 'g' } }),
    ];
    await using app = await start(kafka, endpoints, { logger });
    const codes = logger.entries.items.flatMap(({ details }) => (details as { code?: string }).code ?? []);
    assert.deepEqual(codes, ['ONE_GROUP_DIFFERENT_TOPICS', 'FEWER_DEAD_LETTER_PARTITIONS']);
    await app.stop();
    const checks = { ONE_GROUP_DIFFERENT_TOPICS: 'fail' } as const;
    await assert.rejects(start(kafka, endpoints, { checks }), { code: 'START_CHECKS_FAILED' });
  });

  it('waits for brokers that are not there yet, unless that is to be fatal', async () => {
    const clusters = { default: { brokers: ['127.0.0.1:1'], bootstrapTimeoutMs: 50 } };
    await using app = await start(kafka, [], { clusters, topics: [newTopic('made')] });
    assert.equal(app.state, 'running');
    const admin = { fatalIfBrokerNotAvailable: true };
    await assert.rejects(start(kafka, [], { clusters, admin }), { code: 'CONNECTION_FAILED' });
  });

  it('is the only one of its container', async () => {
    const container = new Container();
    container.load(kafkaModule(configFor(kafka)));
    await using app = await startKafka(container, { signals: false });
    await assert.rejects(startKafka(container, { signals: false }), { code: 'APPLICATION_EXISTS' });
    assert.equal(app.state, 'running');
    assert.ok(container.get(KafkaTemplate), 'its beans are there');
  });

  it('has templates that functions make of other beans', async () => {
    const told = new Recorder<string>();
    const container = new Container();
    container
      .bind('listener')
      .toConstantValue({ onSuccess: ({ value }: { value: unknown }) => told.record(String(value)) });
    const templates: KafkaModuleConfig['templates'] = {
      told: (context) => ({ producerListener: context.get('listener'), defaultTopic: 'orders' }),
    };
    const environment = { HEARKEN_TEMPLATES_TOLD_DEFAULT_TOPIC: 'orders-dlt' };
    container.load(kafkaModule(configFor(kafka, { templates, environment })));
    await using app = await startKafka(container, { signals: false });
    await container.get(KafkaTemplate, { name: 'told' }).sendDefault('o-1');
    assert.deepEqual(told.items, ['o-1']);
    assert.equal((await kafka.records('orders-dlt')).length, 1);
    assert.equal(app.state, 'running');
  });

  it('has templates by name, on several clusters', async () => {
    const other = await EmbeddedKafka.start({ topics: ['audit:1'] });
    const seen = new Recorder<string>();
    const container = new Container();
    const listener = (record: ConsumerRecord<unknown, unknown>): unknown => seen.record(String(record.value));
    const clusters = { default: { brokers: kafka.brokers }, other: { brokers: other.brokers } };
    const templates = {
      audit: { cluster: 'other', defaultTopic: 'audit', valueSerde: string(), producer: { lingerMs: 1 } },
    };
    container.load(kafkaModule(configFor(kafka, { clusters, templates })));
    const endpoints = [endpoint('audit', { cluster: 'other', listener, properties: { topics: ['audit'] } })];
    try {
      await using app = await startKafka(container, { signals: false, endpoints });
      const audit = container.get(KafkaTemplate, { name: 'audit' });
      assert.notEqual(container.get(KafkaTemplate), audit);
      assert.equal(container.get(KafkaTemplate, { name: 'default' }), container.get(KafkaTemplate));
      await audit.sendDefault('over there');
      await seen.received(1);
      assert.equal(app.registry.get('audit').cluster, 'other');
      assert.equal((await kafka.records('orders')).length, 0);
    } finally {
      await other.stop();
    }
  });
});
