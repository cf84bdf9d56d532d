import { codeOf, DefaultKafkaProducerFactory, json, KafkaTemplate, nullable } from 'hearken';
import { kafka, orders, someOrders, withOrders, type Order } from './setting.js';

await withOrders(async () => {
  // docs:begin send
  const producerFactory = new DefaultKafkaProducerFactory(kafka);
  const template = new KafkaTemplate(producerFactory, { valueSerde: json<Order>() });

  const order = { id: 'o-1', customer: 'customer-7', total: 12 };
  const { metadata } = await template.send(orders, order, { key: order.customer, headers: { source: 'web' } });
  console.log(`written to partition ${metadata.partition} at offset ${metadata.offset}`);
  // docs:end send

  // docs:begin send-many
  const results = await Promise.all(
    someOrders(10_000).map((each) => template.send(orders, each, { key: each.customer })),
  );
  // docs:end send-many
  console.log(`${results.length} sent`);

  // docs:begin tombstone
  const compacted = new KafkaTemplate(producerFactory, { valueSerde: nullable(json<Order>()) });
  await compacted.send(orders, null, { key: 'customer-7' });
  // docs:end tombstone

  // docs:begin default-topic
  const audit = new KafkaTemplate(producerFactory, { defaultTopic: orders, valueSerde: json<Order>() });
  await audit.sendDefault(order, { timestamp: Date.now(), partition: 0 });
  // docs:end default-topic

  // docs:begin send-failure
  try {
    await template.send(orders, order, { partition: 99 });
  } catch (error) {
    if (codeOf(error) !== 'INVALID_PARTITION') throw error;
    console.error(`not sent: ${String(error)}`);
  }
  // docs:end send-failure

  // docs:begin close
  await template.flush(); // everything sent so far is settled
  await template.close();
  // docs:end close
  await compacted.close();
  await audit.close();
});
