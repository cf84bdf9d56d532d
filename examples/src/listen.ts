import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  json,
  KafkaTemplate,
  MessageListenerContainer,
} from 'hearken';
import { kafka, orders, someOrders, withOrders, type Order } from './setting.js';

const ORDERS = 100;

await withOrders(async () => {
  let billed = 0;
  let done = (): void => undefined;
  const all = new Promise<void>((resolve) => (done = resolve));
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka), { valueSerde: json<Order>() });

  // docs:begin listen
  const consumerFactory = new DefaultKafkaConsumerFactory(kafka, { groupId: `billing-of-${orders}` });
  const container = new MessageListenerContainer(consumerFactory, {
    topics: [orders],
    valueSerde: json<Order>(),
    listener: async (record, { signal }) => {
      await bill(record.value, signal);
    },
  });
  await container.start();
  // docs:end listen

  // docs:begin events
  const unsubscribe = container.on('record:retried', ({ record, attempt, delayMs, error }) => {
    console.warn(`offset ${record.offset}: attempt ${attempt} failed, next in ${delayMs} ms`, error);
  });
  container.on('partitions:assigned', ({ partitions }) => console.log(`${partitions.length} more partitions`));
  // docs:end events

  // docs:begin finished
  container.finished.catch((error: unknown) => {
    console.error('listening ended', error);
    process.exitCode = 1; // or start a new container, or tell whoever watches
  });
  // docs:end finished

  await Promise.all(someOrders(ORDERS).map((order) => template.send(orders, order, { key: order.customer })));
  await all;

  // docs:begin pause
  container.pause(); // or container.pause([{ topic, partition }])
  container.resume();
  await container.seek({ topic: orders, partition: 0 }, 0); // reads this partition again
  // docs:end pause

  unsubscribe();
  // docs:begin stop
  const { drained, abandoned } = await container.stop();
  console.log(`${abandoned} records had not ended and come again`);
  if (!drained) console.warn('a listener had to be given up, or a record that ended comes again');
  // docs:end stop

  // docs:begin topic-partitions
  const reader = new MessageListenerContainer(new DefaultKafkaConsumerFactory(kafka), {
    topicPartitions: [{ topic: orders, partition: 0, offset: 0 }],
    listener: (record) => console.log(record.offset, record.value?.toString()),
  });
  // docs:end topic-partitions
  await reader.start();
  await reader.stop();
  await template.close();

  async function bill(order: Order, signal: AbortSignal): Promise<void> {
    await Promise.resolve();
    if (signal.aborted) return;
    console.log(`billed ${order.id}`);
    if (++billed === ORDERS) done();
  }
});
