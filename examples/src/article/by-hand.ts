// Every part made where it is needed: nothing but the classes of `hearken`.
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  json,
  KafkaTemplate,
  MessageListenerContainer,
  type ConsumerRecord,
} from 'hearken';
import type { Order } from '../setting.js';
import { executors, Journal, JournalingProducerListener, orders, sendOrders, withKafka } from './setting.js';

class Billing {
  readonly #journal: Journal;
  constructor(journal: Journal) {
    this.#journal = journal;
  }

  bill(executor: string, { value }: ConsumerRecord<unknown, Order>): void {
    this.#journal.write(`${executor}: billed ${value.id}`);
  }
}

await withKafka(async (kafka) => {
  const journal = new Journal();
  const producerFactory = new DefaultKafkaProducerFactory(kafka);
  const template = new KafkaTemplate<string, Order>(producerFactory, {
    valueSerde: json(),
    producerListener: new JournalingProducerListener(journal),
  });

  const billing = new Billing(journal);
  const consumerFactory = new DefaultKafkaConsumerFactory(kafka, { autoOffsetReset: 'earliest' });
  const containers = Object.entries(executors).map(
    ([name, taskExecutor]) =>
      new MessageListenerContainer(consumerFactory, {
        topics: [orders],
        groupId: `${orders}-${name}`,
        valueSerde: json<Order>(),
        taskExecutor,
        listener: (record) => billing.bill(name, record),
      }),
  );

  await Promise.all(containers.map((container) => container.start()));
  await sendOrders(template);
  await journal.completed;
  await Promise.all(containers.map((container) => container.stop()));
  await template.close();
});
