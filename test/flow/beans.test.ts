import assert from 'node:assert/strict';
import {
  KafkaHandler,
  KafkaListener,
  kafkaModule,
  listenersModule,
  Payload,
  SendTo,
  startKafka,
  type KafkaApplication,
} from '@hearken/inversify';
import { Recorder } from '@hearken/testing';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  FixedBackOff,
  DeadLetterPublishingRecoverer,
  DefaultErrorHandler,
  json,
  KafkaAdmin,
  KafkaTemplate,
  PriorityKafkaTemplate,
  ReplyingKafkaTemplate,
  silentLogger,
  type StandardSchemaV1,
} from 'hearken';
import { Container, inject, injectable } from 'inversify';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { readTopic } from '../support/read-topic.js';

interface Order {
  readonly id: string;
  readonly total: number;
}

/** A Standard Schema, as a library would make it. */
const orderSchema: StandardSchemaV1<unknown, Order> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof (value as Order).total === 'number'
        ? { value: value as Order }
        : { issues: [{ message: 'is no number', path: ['total'] }] },
  },
};

describeWithKafka('listener beans', function () {
  this.timeout(300_000);
  const kafka = () => ({ brokers: bootstrapServers(), clientId: 'beans' });
  const name = uniqueName('beans');
  const [orders, quotes, replies, parcels, urgent] = ['orders', 'quotes', 'replies', 'parcels', 'urgent'].map(
    (topic) => `${name}-${topic}`,
  ) as [string, string, string, string, string];
  const seen = new Recorder<string>();
  let admin: KafkaAdmin;
  let application: KafkaApplication | undefined;

  @injectable()
  class Billing {
    readonly #template: KafkaTemplate<string, unknown>;
    constructor(@inject(KafkaTemplate) template: KafkaTemplate<string, unknown>) {
      this.#template = template;
    }

    @KafkaListener({
      topics: [orders],
      groupId: `${name}-billing`,
      errorHandler: (beans) =>
        new DefaultErrorHandler({
          backOff: new FixedBackOff({ intervalMs: 1, maxRetries: 1 }),
          recoverer: new DeadLetterPublishingRecoverer(beans.get(KafkaTemplate)),
        }),
    })
    async bill(@Payload(orderSchema) order: Order): Promise<void> {
      await this.#template.send(quotes, { asked: order.id }, { headers: { kafka_replyTopic: replies } });
      seen.record(`bill ${order.id} ${order.total}`);
    }

    @KafkaListener({ topics: [quotes], groupId: `${name}-quotes` })
    @SendTo()
    quote(@Payload() { asked }: { readonly asked: string }): object {
      return { quote: asked };
    }

    @KafkaListener({ topics: [parcels], groupId: `${name}-batches`, batch: true })
    pack(@Payload() all: readonly { readonly parcel: string }[]): void {
      for (const { parcel } of all) seen.record(`pack ${parcel}`);
    }

    @KafkaListener({ topics: [urgent], groupId: `${name}-urgent`, levels: ['bulk', 'high'] })
    rush(@Payload() { id }: Order): void {
      seen.record(`rush ${id}`);
    }
  }

  @KafkaListener({ topics: [parcels], groupId: `${name}-shipping`, discriminator: 'type' })
  class Shipping {
    @KafkaHandler('parcel')
    ship(@Payload() { parcel }: { readonly parcel: string }): void {
      seen.record(`ship ${parcel}`);
    }
    @KafkaHandler({ isDefault: true })
    other(@Payload() value: unknown): void {
      seen.record(`other ${JSON.stringify(value)}`);
    }
  }

  before(async () => {
    admin = new KafkaAdmin(kafka());
    const topics = [orders, `${orders}-dlt`, quotes, replies, parcels, `${urgent}-0`, `${urgent}-1`];
    await admin.createTopics(topics.map((topic) => ({ topic, partitions: 1 })));
    const container = new Container();
    container.load(
      kafkaModule({
        clusters: { default: kafka() },
        consumer: { autoOffsetReset: 'earliest' },
        templates: { default: { valueSerde: json() } },
        factories: { default: { valueSerde: json() } },
        environment: false,
        logger: silentLogger,
      }),
      listenersModule(Billing, Shipping),
    );
    application = await startKafka(container, { signals: false });
  });
  after(async () => {
    await application?.stop();
    await admin.close();
  });

  it('get payloads as their schema makes them, and dead-letter what does not fit', async () => {
    await using template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka()));
    await template.send(orders, '{"id":"o-1"}');
    await template.send(orders, '{"id":"o-2","total":2}');
    await seen.first((line) => line === 'bill o-2 2');
    const letters = await readTopic(bootstrapServers(), `${orders}-dlt`, 1);
    assert.deepEqual(
      letters.map(({ value }) => value?.toString()),
      ['{"id":"o-1"}'],
    );
    assert.ok(!seen.items.some((line) => line.startsWith('bill o-1')));
  });

  it('answer those who ask', async () => {
    await using asking = new ReplyingKafkaTemplate(
      new DefaultKafkaProducerFactory(kafka()),
      new DefaultKafkaConsumerFactory(kafka()),
      {
        valueSerde: json(),
        replies: { topic: replies, valueSerde: json<{ readonly quote: string }>(), timeoutMs: 60_000 },
      },
    );
    const { value } = await asking.sendAndReceive(quotes, { asked: 'o-3' });
    assert.deepEqual(value, { quote: 'o-3' });
  });

  it('share a topic between a class that chooses handlers and a method that takes batches', async () => {
    await using template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka()), { valueSerde: json() });
    await template.send(parcels, { parcel: 'p-1' }, { headers: { type: 'parcel' } });
    await template.send(parcels, { parcel: 'p-2' });
    for (const line of ['ship p-1', 'other {"parcel":"p-2"}', 'pack p-1', 'pack p-2'])
      await seen.first((one) => one === line);
  });

  it('have priorities where they say levels', async () => {
    await using template = new PriorityKafkaTemplate(new DefaultKafkaProducerFactory(kafka()), {
      levels: ['bulk', 'high'],
      valueSerde: json(),
    });
    await template.send(urgent, 'high', { id: 'o-4', total: 1 });
    await seen.first((line) => line === 'rush o-4');
  });
});
