import { setTimeout as delay } from 'node:timers/promises';
import {
  CompensationListenerContainer,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  json,
  KafkaAdmin,
  KafkaHeaders,
  KafkaTemplate,
  MessageListenerContainer,
  type ConsumerRecord,
} from 'hearken';
import { kafka, orders, someOrders, withOrders, type Order } from './setting.js';

const ORDERS = 1_000;

await withOrders(async () => {
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka), { valueSerde: json<Order>() });
  const factory = new DefaultKafkaConsumerFactory(kafka, {
    groupId: `billing-of-${orders}`,
    autoOffsetReset: 'earliest',
  });
  const billed = new Map<string, 'at once' | 'late'>();
  let behind = (): void => undefined;
  const isBehind = new Promise<void>((resolve) => (behind = resolve));
  let bankIsBack = (): void => undefined;
  const whenBankIsBack = new Promise<void>((resolve) => (bankIsBack = resolve));
  async function bill({ value, headers }: ConsumerRecord<unknown, Order>): Promise<void> {
    if (billed.size >= 100) {
      behind();
      await whenBankIsBack;
    }
    await delay(1);
    billed.set(value.id, headers.has(KafkaHeaders.SHED_RANGE) ? 'late' : 'at once');
  }
  await Promise.all(someOrders(ORDERS).map((order) => template.send(orders, order, { key: order.customer })));

  // docs:begin shed-topic
  const admin = new KafkaAdmin(kafka);
  await admin.createTopics([
    { topic: `billing-of-${orders}-shed`, partitions: 3, config: { 'cleanup.policy': 'compact' } },
  ]);
  // docs:end shed-topic

  // docs:begin shed
  const shed = { template, allowReorder: true }; // in `<group>-shed`; what is skipped comes after what is behind it

  const billing = new MessageListenerContainer(factory, {
    topics: [orders],
    valueSerde: json<Order>(),
    ordering: 'key',
    concurrency: 10,
    shed,
    listener: bill,
  });
  billing.on('partition:blocked', ({ partition, offset, record, attempt = 1 }) => {
    console.warn(`attempt ${attempt} at ${partition}@${offset}, ${String(record?.key)}, holds its partition up`);
  });
  // docs:end shed
  await billing.start();
  await isBehind;

  // docs:begin act
  const ranges = await billing.shed(); // or { to: new Date(…), partitions: ['orders'] }
  for (const { topic, partition, from, to } of ranges) console.log(`${topic}-${partition}: ${to - from} put off`);
  // docs:end act

  // docs:begin compensate
  const late = new CompensationListenerContainer(factory, {
    shed,
    valueSerde: json<Order>(),
    ordering: 'key',
    concurrency: 10,
    rateLimit: { limitForPeriod: 1_000 }, // a second
    listener: bill, // finds KafkaHeaders.SHED_RANGE among the headers
  });
  late.on('range:compensated', ({ range, missing }) => {
    console.log(`${range.topic}-${range.partition}: caught up to ${range.to}, ${missing} were deleted meanwhile`);
  });
  // docs:end compensate
  const caughtUp = new Promise<void>((resolve) => {
    late.on('range:compensated', () => {
      if (late.metrics().compensated === ranges.length) resolve();
    });
  });
  bankIsBack();
  await late.start();
  await caughtUp;
  const put = [...billed.values()].filter((when) => when === 'late').length;
  console.log(`${billed.size} billed, ${put > ORDERS / 2 ? 'most of them' : 'few of them'} late`);

  await late.stop();
  await billing.stop();
  await template.close();
  await admin.deleteTopics([`billing-of-${orders}-shed`]);
  await admin.close();
});
