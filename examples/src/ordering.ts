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
  await Promise.all(someOrders(ORDERS).map(send));
  await all;
  await container.stop();
  await countByTenant();
  await template.close();

  function send(order: Order, index: number): Promise<unknown> {
    return template.send(orders, order, { key: order.customer, headers: { tenant: `tenant-${index % 3}` } });
  }

  async function ship(order: Order): Promise<void> {
    running++;
    await sleep(1);
    console.log(`shipped ${order.id}, ${running} under way`);
    running--;
    if (++shipped === ORDERS) done();
  }
});

/** A tenant has several customers: its orders in a partition are counted one after the other. */
async function countByTenant(): Promise<void> {
  const factory = new DefaultKafkaConsumerFactory(kafka, {
    groupId: `counting-of-${orders}`,
    autoOffsetReset: 'earliest',
  });
  const counts = new Map<string, number>();
  let counted = 0;
  let done = (): void => undefined;
  const all = new Promise<void>((resolve) => (done = resolve));
  // docs:begin key-selector
  const container = new MessageListenerContainer(factory, {
    topics: [orders],
    ordering: 'key',
    keySelector: ({ headers }) => headers.get('tenant'),
    concurrency: 100,
    listener: async ({ partition, headers }) => count(`${headers.string('tenant')} in partition ${partition}`),
  });
  // docs:end key-selector
  await container.start();
  await all;
  await container.stop();
  for (const [name, orders] of counts) console.log(`${name}: ${orders}`);

  /** Two at a time of one name would lose one. */
  async function count(name: string): Promise<void> {
    const before = counts.get(name) ?? 0;
    await sleep(1);
    counts.set(name, before + 1);
    if (++counted === ORDERS) done();
  }
}
