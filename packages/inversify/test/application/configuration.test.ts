import assert from 'node:assert/strict';
import { DefaultKafkaProducerFactory } from '@hearken/client-kafkajs';
import { KafkaConfigError } from '@hearken/core';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import { KafkaTemplate } from '@hearken/template';
import { FakeProducerFactory } from '@hearken/testing';
import { Container } from 'inversify';
import { kafkaModule, startKafka, type KafkaListenerEndpoint, type KafkaModuleConfig } from '../../dist/index.js';
import { configFor, endpoint } from './support.js';

async function problemsOf(run: () => unknown): Promise<Record<string, string>> {
  try {
    await run();
  } catch (error) {
    assert.ok(error instanceof KafkaConfigError, String(error));
    return Object.fromEntries(error.problems.map(({ path, message }) => [path, message]));
  }
  return assert.fail('it was accepted');
}

describe('the configuration of an application', () => {
  let kafka: EmbeddedKafka;
  before(async () => (kafka = await EmbeddedKafka.start({ topics: ['orders:2'] })));
  after(() => kafka.stop());

  async function registered(config: Partial<KafkaModuleConfig>, ...endpoints: KafkaListenerEndpoint[]) {
    const container = new Container();
    container.load(kafkaModule(configFor(kafka, config)));
    return startKafka(container, { signals: false, endpoints });
  }

  it('is that of the strongest who says something, and tells who did', async () => {
    await using app = await registered(
      {
        consumer: { autoOffsetReset: 'earliest', maxPollRecords: 50 },
        factories: { default: { concurrency: 2, ackMode: 'record', pollTimeoutMs: 100, commitIntervalMs: 7 } },
        containers: { billing: { concurrency: 4, pollTimeoutMs: 300, ackMode: null } },
        environment: { HEARKEN_CONTAINERS_BILLING_CONCURRENCY: '5', HEARKEN_FACTORIES_DEFAULT_COMMIT_INTERVAL_MS: '8' },
      },
      endpoint('billing', { properties: { concurrency: 3, pollTimeoutMs: 200 }, phase: 1 }),
    );
    const billing = app.registry.get('billing');
    const said = new Map(
      billing.configuration.map(({ path, value, origin, source }) => [path, [value, origin, source]]),
    );
    assert.deepEqual(said.get('concurrency'), [5, 'environment', 'HEARKEN_CONTAINERS_BILLING_CONCURRENCY']);
    assert.deepEqual(said.get('pollTimeoutMs'), [300, 'config', 'containers.billing.pollTimeoutMs']);
    assert.deepEqual(said.get('phase'), [1, 'listener', 'billing.on.phase']);
    assert.deepEqual(said.get('commitIntervalMs'), [8, 'factory', 'HEARKEN_FACTORIES_DEFAULT_COMMIT_INTERVAL_MS']);
    assert.deepEqual(said.get('consumer.maxPollRecords'), [50, 'factory', 'consumer.maxPollRecords']);
    assert.deepEqual(said.get('ackMode'), ['batch', 'built-in', undefined], 'null takes away what others say');
    assert.equal('concurrency' in billing.container && billing.container.concurrency, 5);
    assert.deepEqual(billing.configure({ concurrency: 6, pollTimeoutMs: 400 }), ['pollTimeoutMs']);
    assert.equal('concurrency' in billing.container && billing.container.concurrency, 6, 'holds at once');
    await billing.stop();
    await billing.start();
    assert.equal(billing.setting('pollTimeoutMs'), 400, 'holds from the next start on');
    assert.equal('concurrency' in billing.container && billing.container.concurrency, 6, 'and so over a start');
  });

  it('is printed with origins and without secrets', async () => {
    await using app = await registered(
      {
        clusters: { default: { brokers: kafka.brokers } },
        templates: { 'my-tokens': { defaultTopic: 'orders' } },
        environment: {
          HEARKEN_CLUSTERS_DEFAULT_CLIENT_ID: 'printed',
          HEARKEN_TEMPLATES_MY_TOKENS_DEFAULT_TOPIC: 'bills',
        },
      },
      endpoint('billing', { autoStartup: false }),
    );
    const text = app.describe();
    assert.match(text, /clusters\.default\.clientId +'printed' +environment \(HEARKEN_CLUSTERS_DEFAULT_CLIENT_ID\)/);
    assert.match(text, /containers\.billing\.topics +\['orders'\] +listener \(billing\.on\.topics\)/);
    assert.match(text, /containers\.billing\.concurrency +1 +built-in/);
    assert.match(text, /templates\.my-tokens\.defaultTopic +'bills' +environment \(HEARKEN_TEMPLATES_MY_TOKENS_DEF/);
    assert.match(text, /containers\.billing\.consumer\.sessionTimeoutMs +45000 +built-in/);
    assert.doesNotMatch(text, /clusters\.default\.(logger|clock)/, 'nobody said them');
  });

  it('has its problems told at once, by where they were written', async () => {
    const containers = {
      biling: { concurrency: 2 },
      billing: { concurency: 2, concurrency: 0, consumer: { maxPollRecords: -1 } },
    } as unknown as NonNullable<KafkaModuleConfig['containers']>;
    const problems = await problemsOf(() =>
      registered(
        { containers, environment: { HEARKEN_CONTAINERS_SHIPPING_PHASE: 'first' } },
        endpoint('billing'),
        endpoint('shipping', { properties: { ackTimeMs: 5 } }),
        endpoint('late', { autoStartup: 'false' as never, phase: 'early' as never }),
        endpoint('shipping', { where: 'Other.on' }),
      ),
    );
    assert.deepEqual(Object.keys(problems).sort(), [
      'HEARKEN_CONTAINERS_SHIPPING_PHASE',
      'Other.on',
      'containers.biling',
      'containers.billing.concurency',
      'containers.billing.concurrency',
      'containers.billing.consumer.maxPollRecords',
      'late.on.autoStartup',
      'late.on.phase',
      'shipping.on.ackTimeMs',
    ]);
    assert.match(problems['containers.biling'] ?? '', /is the id of no listener; did you mean 'billing'\?/);
    assert.match(problems['containers.billing.concurency'] ?? '', /did you mean 'concurrency'\?/);
    assert.match(problems['Other.on'] ?? '', /has the id 'shipping', as shipping.on has/);
  });

  it('may name listeners that come later', async () => {
    const containers = { 'tenant-7': { concurrency: 9 } };
    await using app = await registered({ containers, laterContainers: ['tenant-*'] });
    const late = await app.registry.register(endpoint('tenant-7'));
    assert.equal(late.setting('concurrency'), 9);
    assert.equal(late.state, 'running');
  });

  it('of a factory leaves out what is not for the container it makes', async () => {
    const properties = { levels: 2, topics: ['orders'], groupId: 'urgent' };
    await kafka.addTopics('orders-0:1', 'orders-1:1');
    await using app = await registered(
      { factories: { default: { concurrency: 3, capacity: 7, batch: { maxRecords: 9 } } } },
      endpoint('plain'),
      endpoint('urgent', { properties }),
    );
    assert.deepEqual(
      ['concurrency', 'capacity'].map((name) => app.registry.get('plain').setting(name)),
      [3, undefined],
    );
    assert.deepEqual(
      ['concurrency', 'capacity'].map((name) => app.registry.get('urgent').setting(name)),
      [undefined, 7],
    );
    assert.equal(app.registry.get('urgent').state, 'running');
  });
});

describe('kafkaModule', () => {
  const load = (config: unknown) => () => new Container().load(kafkaModule(config as KafkaModuleConfig));

  it('gives templates what is made of their cluster’s producer factory, with a producer of their own too', async () => {
    const producers = new FakeProducerFactory();
    const given: unknown[] = [];
    const container = new Container();
    container.load(
      kafkaModule({
        clusters: { default: { brokers: ['nowhere:1'] } },
        templates: { audit: { producer: { lingerMs: 5 } } },
        wrapProducerFactory: (factory) => {
          given.push(factory);
          return producers;
        },
        environment: false,
      }),
    );
    await container.get<KafkaTemplate>(KafkaTemplate).send('orders', 'o-1');
    await container.get<KafkaTemplate>(KafkaTemplate, { name: 'audit' }).send('orders', 'o-2');
    assert.deepEqual(
      producers.log.records('orders', 0).map(({ value }) => String(value)),
      ['o-1', 'o-2'],
    );
    const own = container.get(DefaultKafkaProducerFactory);
    assert.deepEqual([given.length, given[0] === own, given[1] === own], [2, true, false]);
    await container.unbindAllAsync();
  });

  it('tells all that is wrong with clusters, clients and topics, and where it is written', async () => {
    const problems = await problemsOf(
      load({
        clusters: {
          europe: { borkers: [], brokers: ['nowhere:1'], producer: { lingerMs: -1 } },
          america: { brokers: ['nowhere:2'] },
        },
        consumer: { maxPollRecord: 1 },
        templates: { audit: { cluster: 'euorpe' } },
        topics: [
          { name: 'orders', cluster: 'europe', partitons: 3 },
          { name: 'orders', cluster: 'america' },
          { name: 'bills', cluster: 'amerika' },
          { name: 'orders', cluster: 'europe', compact: true },
        ],
        admin: { onDifference: 'ignore' },
        checks: { MISSING_TOPICS: 'fail' },
        environment: { HEARKEN_PRODUCER_LINGER: '4', HEARKEN_CONTAINER_BILLING_CONCURRENCY: '4' },
      }),
    );
    assert.deepEqual(Object.keys(problems).sort(), [
      'HEARKEN_CONTAINER_BILLING_CONCURRENCY',
      'HEARKEN_PRODUCER_LINGER',
      'admin.onDifference',
      'checks.MISSING_TOPICS',
      'clusters',
      'clusters.europe.borkers',
      'clusters.europe.producer.lingerMs',
      'consumer.maxPollRecord',
      'templates.audit.cluster',
      'topics[0].partitons',
      'topics[2].cluster',
      'topics[3]',
    ]);
    assert.match(problems['templates.audit.cluster'] ?? '', /did you mean 'europe'\?/);
    assert.match(problems['topics[2].cluster'] ?? '', /did you mean 'america'\?/);
    assert.match(problems['topics[3]'] ?? '', /defines the topic 'orders' again/);
  });

  it('wants to be loaded, once', async () => {
    assert.match((await problemsOf(() => startKafka(new Container()))).container ?? '', /got 0/);
    const container = new Container();
    const module = () => kafkaModule({ clusters: { default: { brokers: ['nowhere:1'] } }, environment: {} });
    container.load(module(), module());
    assert.match((await problemsOf(() => startKafka(container))).container ?? '', /got 2/);
  });

  it('takes a promise, or a function of one, where it is loaded asynchronously', async () => {
    const config: KafkaModuleConfig = { clusters: { default: { brokers: ['nowhere:1'] } }, environment: {} };
    for (const source of [Promise.resolve(config), () => Promise.resolve(config), () => config]) {
      const container = new Container();
      await container.loadAsync(kafkaModule(source));
      await using app = await startKafka(container, { signals: false, autoStart: false });
      assert.equal(app.state, 'created');
    }
  });
});
