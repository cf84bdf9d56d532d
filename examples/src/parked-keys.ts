import {
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  FixedBackOff,
  json,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
  string,
} from 'hearken';
import { kafka, orders, withOrders, type Order } from './setting.js';

/** The customers that cannot be billed for now. */
const unknown = new Set(['customer-3']);
const billed: Order[] = [];
function bill(order: Order): void {
  if (unknown.has(order.customer)) throw new RangeError(`${order.customer} is not in the books`);
  billed.push(order);
}

await withOrders(async () => {
  const factory = new DefaultKafkaConsumerFactory(kafka, {
    groupId: `billing-of-${orders}`,
    autoOffsetReset: 'earliest',
  });
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka), {
    keySerde: string(),
    valueSerde: json<Order>(),
  });
  const admin = new KafkaAdmin(kafka);

  // docs:begin parking
  await admin.createTopics([
    { topic: `${orders}-parked`, partitions: 3, config: { 'retention.ms': '-1' } }, // as many as the topic has
  ]);
  const billing = new MessageListenerContainer(factory, {
    topics: [orders],
    valueSerde: json<Order>(),
    ordering: 'key',
    concurrency: 10,
    errorHandler: new DefaultErrorHandler({
      backOff: new FixedBackOff({ intervalMs: 10, maxRetries: 2 }),
      onExhausted: 'parkKey',
    }),
    parking: { template, backOff: new FixedBackOff({ intervalMs: 100, maxRetries: 1_000_000 }) },
    listener: ({ value }) => bill(value),
  });
  billing.on('key:parked', ({ key, error }) => console.warn(`${String(key)} is parked: ${String(error)}`));
  billing.on('key:handedBack', ({ key, parkedMs }) => console.log(`${String(key)} was parked for ${parkedMs} ms`));
  // docs:end parking

  const handedBack = new Promise<void>((resolve) => billing.on('key:handedBack', () => resolve()));
  const parked = new Promise<void>((resolve) => billing.on('key:parked', () => resolve()));
  const sent = Array.from({ length: 210 }, (_, i) => ({ id: `o-${i}`, customer: `customer-${i % 7}`, total: i }));
  await Promise.all(sent.map((order) => template.send(orders, order, { key: order.customer })));
  await billing.start();
  await parked;
  unknown.clear(); // somebody mended it
  await handedBack;
  await billing.stop();
  const late = billed.filter(({ customer }) => customer === 'customer-3');
  const isInOrder = late.every(({ total }, i) => i === 0 || total > (late[i - 1]?.total ?? 0));
  console.log(`${late.length} orders of customer-3 billed late, ${isInOrder ? 'in order' : 'in any order'}`);
  await admin.deleteTopics([`${orders}-parked`]);
  await admin.close();
  await template.close();
});
