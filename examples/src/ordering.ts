import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  json,
  KafkaTemplate,
  MessageListenerContainer,
} from 'hearken';
import { setTimeout as sleep } from 'node:timers/promises';
import { kafka, orders, someOrders, withOrders, type Order } from './setting.js';

const ORDERS = 200;

await withOrders(async () => {
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka), { valueSerde: json<Order>() });
  const factory = new DefaultKafkaConsumerFactory(kafka, { groupId: `shipping-of-${orders}` });
  let running = 0;
  let shipped = 0;
  let done = (): void => undefined;
  const all = new Promise<void>((resolve) => (done = resolve));

  // docs:begin key-order
  const container = new MessageListenerContainer(factory, {
    topics: [orders],
    valueSerde: json<Order>(),
    ordering: 'key', // the orders of one customer one after the other …
    concurrency: 100, // … and up to a hundred customers at once
    listener: async (record) => ship(record.value),
  });
  // docs:end key-order

  await container.start();
  await Promise.all(someOrders(ORDERS).map((order) => template.send(orders, order, { key: order.customer })));
  await all;
  await container.stop();
  await template.close();

  async function ship(order: Order): Promise<void> {
    running++;
    await sleep(1);
    console.log(`shipped ${order.id}, ${running} under way`);
    running--;
    if (++shipped === ORDERS) done();
  }
});
