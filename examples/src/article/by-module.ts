// The module makes factories, templates and containers, and starts and stops them; listeners are plain data.
import { kafkaModule, startKafka, type KafkaListenerEndpoint } from '@hearken/inversify';
import { json, KafkaTemplate } from 'hearken';
import { Container, inject, injectable } from 'inversify';
import type { Order } from '../setting.js';
import { executors, Journal, JournalingProducerListener, orders, sendOrders, withKafka } from './setting.js';

@injectable()
class Billing {
  readonly #journal: Journal;
  constructor(@inject(Journal) journal: Journal) {
    this.#journal = journal;
  }

  bill(executor: string, order: Order): void {
    this.#journal.write(`${executor}: billed ${order.id}`);
  }
}

await withKafka(async (kafka) => {
  const container = new Container();
  container.bind(Journal).toSelf();
  container.bind(Billing).toSelf();
  container.load(
    kafkaModule({
      clusters: { default: kafka },
      consumer: { autoOffsetReset: 'earliest' },
      templates: {
        default: (beans) => ({
          valueSerde: json(),
          producerListener: new JournalingProducerListener(beans.get(Journal)),
        }),
      },
      factories: { default: { valueSerde: json(), topics: [orders] } },
    }),
  );
  const billing = container.get(Billing);
  const endpoints = Object.entries(executors).map(([name, taskExecutor]): KafkaListenerEndpoint => ({
    id: name,
    where: `the ${name} container`,
    properties: { groupId: `${orders}-${name}`, taskExecutor },
    listener: ({ value }) => billing.bill(name, value as Order),
  }));

  await using application = await startKafka(container, { endpoints });
  await sendOrders(container.get<KafkaTemplate<string, Order>>(KafkaTemplate));
  await container.get(Journal).completed;
  await application.stop();
});
