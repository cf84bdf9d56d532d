import {
  DeadLetterPublishingRecoverer,
  DefaultErrorHandler,
  json,
  KafkaAdmin,
  KafkaTemplate,
  type ConsumerRecord,
} from 'hearken';
import {
  KafkaListener,
  KafkaListenerEndpointRegistry,
  kafkaModule,
  listenersModule,
  newTopic,
  startKafka,
} from '@hearken/inversify';
import { Container, inject, injectable } from 'inversify';
import { kafka, orders, withOrders, type Order } from './setting.js';

const shipped: string[] = [];
const audited: string[] = [];
let notifyShipped: () => void = () => undefined;

await withOrders(async () => {
  const isShipped = new Promise<void>((resolve) => (notifyShipped = resolve));

  // docs:begin application-bean
  @injectable()
  class Shipping {
    constructor(
      @inject(KafkaTemplate) readonly template: KafkaTemplate<string, Order>,
      @inject(KafkaListenerEndpointRegistry) readonly registry: KafkaListenerEndpointRegistry,
    ) {}

    @KafkaListener({ id: 'shipping', topics: [orders], groupId: `shipping-of-${orders}`, concurrency: 4 })
    async ship({ value }: ConsumerRecord<unknown, Order>): Promise<void> {
      shipped.push(value.id);
      await this.template.send(`${orders}-shipped`, value, { key: value.customer });
    }

    /** Out of stock: records wait in their topic. */
    hold(): void {
      this.registry.pause('shipping');
    }
  }
  // docs:end application-bean

  // docs:begin application-module
  const container = new Container();
  container.load(
    kafkaModule({
      clusters: { default: kafka },
      producer: { lingerMs: 2 },
      consumer: { autoOffsetReset: 'earliest' },
      templates: { default: { valueSerde: json() } },
      factories: {
        default: (beans) => ({
          valueSerde: json(),
          errorHandler: new DefaultErrorHandler({
            recoverer: new DeadLetterPublishingRecoverer(beans.get(KafkaTemplate)),
          }),
        }),
      },
      containers: { shipping: { ordering: 'key', concurrency: 16 } },
      topics: [newTopic(`${orders}-shipped`, { partitions: 3, compact: true })],
    }),
    listenersModule(Shipping),
  );
  const app = await startKafka(container);
  // docs:end application-module

  // docs:begin application-configuration
  for (const { path, value, origin } of app.registry.get('shipping').configuration)
    if (origin !== 'built-in') console.log(`${path} = ${String(value)}, as the ${origin} says`);
  // docs:end application-configuration

  // docs:begin application-registry
  const audit = await app.registry.register({
    id: 'audit',
    where: 'the audit of this run',
    properties: { topics: [`${orders}-shipped`], groupId: `audit-of-${orders}`, valueSerde: json<Order>() },
    listener: (record) => {
      audited.push((record.value as Order).id);
      notifyShipped();
    },
  });
  audit.configure({ concurrency: 2 });
  // docs:end application-registry

  const template = container.get<KafkaTemplate<string, Order>>(KafkaTemplate);
  await template.send(orders, { id: 'o-1', customer: 'c-1', total: 12 }, { key: 'c-1' });
  await isShipped;

  // docs:begin application-stop
  const { steps, listeners } = await app.stop();
  for (const { step, outcome, tookMs } of steps) console.log(`${step}: ${outcome} after ${tookMs} ms`);
  console.log(`shipping drained: ${String(listeners.get('shipping')?.drained)}`);
  // docs:end application-stop
  await using admin = new KafkaAdmin(kafka);
  await admin.deleteTopics([`${orders}-shipped`]);
});

if (shipped.join() !== 'o-1' || audited.join() !== 'o-1')
  throw new Error(`shipped ${shipped.join()}, audited ${audited.join()}`);
console.log('the order was shipped once, and audited once');
