import assert from 'node:assert/strict';
import { DefaultKafkaProducerFactory } from '@hearken/client-kafkajs';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import type { MessageListenerContainer } from '@hearken/listener';
import { PriorityListenerContainer } from '@hearken/priority';
import { KafkaTemplate } from '@hearken/template';
import { FakeTaskExecutor, Recorder } from '@hearken/testing';
import { endpoint, start } from '../application/support.js';

describe('KafkaListenerEndpointRegistry', () => {
  let kafka: EmbeddedKafka;
  before(async () => (kafka = await EmbeddedKafka.start({ topics: ['orders:1'] })));
  afterEach(() => kafka.reset());
  after(() => kafka.stop());

  async function send(value: string): Promise<void> {
    await using factory = new DefaultKafkaProducerFactory({ brokers: kafka.brokers });
    await new KafkaTemplate(factory).send('orders', value);
  }

  const recording = (seen: Recorder<string>) => ({
    listener: ({ value }: { readonly value: unknown }): unknown => seen.record(String(value)),
  });

  it('finds listeners by id, pattern and what they are like', async () => {
    await using app = await start(
      kafka,
      ['eu-a', 'eu-b', 'us-a'].map((id) => endpoint(id, { autoStartup: false })),
    );
    const { registry } = app;
    const ids = (listeners: readonly { readonly id: string }[]): string[] => listeners.map(({ id }) => id);
    assert.deepEqual(ids(registry.list()), ['eu-a', 'eu-b', 'us-a']);
    assert.deepEqual(ids(registry.match('eu-*')), ['eu-a', 'eu-b']);
    assert.deepEqual(ids(registry.match(({ id }) => id.endsWith('a'))), ['eu-a', 'us-a']);
    assert.equal(registry.get('us-a').state, 'created');
    assert.equal(registry.has('us-b'), false);
    assert.throws(() => registry.get('eu-aa'), { code: 'UNKNOWN_LISTENER', message: /did you mean 'eu-a'\?/ });
    assert.equal(app.health().status, 'up', 'what nobody asked to start is no trouble');
  });

  it('starts again what was stopped, in a new container that goes on where the last one was', async () => {
    const seen = new Recorder<string>();
    await using app = await start(kafka, [endpoint('billing', recording(seen))]);
    const billing = app.registry.get('billing');
    const containers: unknown[] = [];
    billing.onContainer((container) => containers.push(container));
    await send('one');
    await seen.received(1);
    const report = await app.registry.stop('billing');
    assert.deepEqual(report.committed, [{ topic: 'orders', partition: 0, offset: 1 }]);
    assert.equal(billing.state, 'stopped');
    assert.equal(app.state, 'running', 'a stop by id is not the end');
    await send('two');
    await app.registry.start('billing');
    await seen.received(2);
    assert.deepEqual(seen.items, ['one', 'two']);
    assert.equal(containers.length, 2);
    assert.notEqual(containers[0], containers[1]);
  });

  it('starts again what is stopping, once it has stopped, whoever asks how often', async () => {
    await using app = await start(kafka, [endpoint('billing')]);
    const billing = app.registry.get('billing');
    const stopping = billing.stop();
    const starting = [billing.start(), billing.start()];
    await Promise.all([stopping, ...starting]);
    assert.equal(billing.state, 'running');
    const again = billing.stop();
    const late = billing.start();
    void billing.stop();
    await assert.rejects(late, { code: 'CONTAINER_STOPPED' });
    await again;
    assert.equal(billing.state, 'stopped', 'the last word counts');
  });

  it('keeps a pause over a stop and a start', async () => {
    const seen = new Recorder<string>();
    await using app = await start(kafka, [endpoint('billing', recording(seen))]);
    app.registry.pause('billing');
    await app.registry.stop('billing');
    await app.registry.start('billing');
    assert.equal(app.registry.get('billing').isPaused, true);
    await send('one');
    app.registry.resume('billing');
    await seen.received(1);
  });

  it('takes settings at run time: what can holds at once, what cannot waits for the next start', async () => {
    await kafka.addTopics('urgent-0:1', 'urgent-1:1');
    const urgent = endpoint('urgent', { properties: { topics: ['urgent'], levels: 2, capacity: 5 } });
    const pooled = endpoint('pooled', { properties: { taskExecutor: new FakeTaskExecutor({ concurrency: 3 }) } });
    const endpoints = [endpoint('plain', { properties: { concurrency: 2 } }), urgent, pooled];
    await using app = await start(kafka, endpoints);
    const listener = app.registry.get('urgent');
    const { container } = listener;
    assert.ok(container instanceof PriorityListenerContainer);
    assert.deepEqual(listener.configure({ capacity: 9, pollTimeoutMs: 7 }), ['pollTimeoutMs']);
    assert.equal(container.capacity, 9);
    assert.deepEqual(listener.configure({ capacity: undefined }), ['pollTimeoutMs'], 'it still waits');
    assert.equal(container.capacity, 5, 'what the listener says');
    assert.throws(() => listener.configure({ capacity: 0 }), { code: 'INVALID_CONFIG' });
    assert.equal(listener.setting('capacity'), 5);

    const plain = app.registry.get('plain');
    const concurrency = (): number => (plain.container as MessageListenerContainer).concurrency;
    assert.deepEqual(plain.configure({ concurrency: 6 }), []);
    assert.equal(concurrency(), 6);
    assert.deepEqual(plain.configure({ concurrency: undefined }), []);
    assert.equal(concurrency(), 2);
    assert.deepEqual(app.registry.get('pooled').configure({ concurrency: 6 }).slice().sort(), [
      'concurrency',
      'taskExecutor',
    ]);
  });

  it('registers at run time, and unregisters so that it has really stopped and committed', async () => {
    const seen = new Recorder<string>();
    await using app = await start(kafka, []);
    const { registry } = app;
    const late = await registry.register(endpoint('late', recording(seen)));
    assert.equal(late.state, 'running');
    await assert.rejects(registry.register(endpoint('late')), { code: 'LISTENER_ID_TAKEN' });
    await send('one');
    await seen.received(1);
    const leaving = registry.unregister('late');
    const report = await leaving;
    assert.equal(report.drained, true);
    assert.equal(report.committed[0]?.offset, 1);
    assert.equal(registry.has('late'), false);
    await assert.rejects(late.start(), { code: 'UNREGISTERED' });
    assert.deepEqual(
      (await kafka.groups()).filter(({ groupId }) => groupId === 'late').flatMap(({ members }) => members),
      [],
    );
  });

  it('forgets what did not start', async () => {
    await using app = await start(kafka, []);
    const broken = endpoint('broken', { properties: { topics: ['nowhere'], missingTopicsFatal: true } });
    await assert.rejects(app.registry.register(broken), { code: 'MISSING_TOPICS' });
    assert.equal(app.registry.has('broken'), false);
    assert.equal(app.state, 'running');
  });

  it('stops with the application what was registered late', async () => {
    const app = await start(kafka, []);
    const late = await app.registry.register(endpoint('late'));
    await app.stop();
    assert.equal(late.state, 'stopped');
    await assert.rejects(app.registry.register(endpoint('later')), { code: 'APPLICATION_STOPPED' });
  });
});
