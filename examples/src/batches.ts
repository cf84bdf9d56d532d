import {
  BatchListenerFailedError,
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  FixedBackOff,
  json,
  KafkaTemplate,
  MessageListenerContainer,
  type BatchFailure,
} from 'hearken';
import { kafka, orders, someOrders, withOrders, type Order } from './setting.js';

const factoryFor = (purpose: string): DefaultKafkaConsumerFactory =>
  new DefaultKafkaConsumerFactory(kafka, { groupId: `${purpose}-of-${orders}`, autoOffsetReset: 'earliest' });

await withOrders(async () => {
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka), { valueSerde: json<Order>() });
  await Promise.all(someOrders(300).map((order) => template.send(orders, order, { key: order.customer })));
  await store();
  await storeByKey();
  await countFailures();
  await namePlace();
  await acknowledgeParts();
  await template.close();
});

async function store(): Promise<void> {
  const rows = new Map<string, Order>();
  const factory = factoryFor('storing');
  // docs:begin listen
  const container = new MessageListenerContainer(factory, {
    topics: [orders],
    valueSerde: json<Order>(),
    batch: { maxRecords: 100, lingerMs: 50 },
    batchListener: async (records, { topic, partition }) => {
      await insertAll(records.map(({ value }) => value));
      console.log(`${records.length} rows from ${topic}-${partition}`);
    },
  });
  // docs:end listen
  await container.start();
  await ended(container, 300);
  console.log(`${rows.size} rows`);

  async function insertAll(all: readonly Order[]): Promise<void> {
    await Promise.resolve();
    for (const order of all) rows.set(order.id, order);
  }
}

/** The last order of a customer that is stored is its last. */
async function storeByKey(): Promise<void> {
  const last = new Map<string, Order>();
  const sizes: number[] = [];
  const factory = factoryFor('upserting');
  // docs:begin any-key
  const container = new MessageListenerContainer(factory, {
    topics: [orders],
    valueSerde: json<Order>(),
    ordering: 'key',
    concurrency: 4,
    batch: { maxRecords: 100, lingerMs: 50, by: 'any' },
    batchListener: async (records) => upsertAll(records.map(({ value }) => value)),
  });
  // docs:end any-key
  await container.start();
  await ended(container, 300);
  console.log(`${last.size} customers from ${sizes.length} batches`);

  async function upsertAll(all: readonly Order[]): Promise<void> {
    sizes.push(all.length);
    await Promise.resolve();
    for (const order of all) last.set(order.customer, order);
  }
}

async function countFailures(): Promise<void> {
  const factory = factoryFor('mailing');
  const errorHandler = new DefaultErrorHandler({
    backOff: new FixedBackOff({ intervalMs: 10, maxRetries: 2 }),
    recoverer: () => undefined,
  });
  // docs:begin result
  const container = new MessageListenerContainer(factory, {
    topics: [orders],
    valueSerde: json<Order>(),
    errorHandler,
    batchListener: async (records) => {
      const results = await Promise.allSettled(records.map(({ value }) => mail(value)));
      const failed: BatchFailure[] = [];
      for (const [index, result] of results.entries())
        if (result.status === 'rejected') failed.push({ index, error: result.reason });
      return { failed };
    },
  });
  // docs:end result
  await container.start();
  await ended(container, 300);
  const { processed, recovered, retried } = container.metrics();
  console.log(`${processed} mailed, ${recovered} given up after ${retried} retries`);
}

async function namePlace(): Promise<void> {
  const factory = factoryFor('checking');
  const seen: string[] = [];
  const errorHandler = new DefaultErrorHandler({ recoverer: ({ offset }) => void seen.push(`recovered ${offset}`) });
  // docs:begin named
  const container = new MessageListenerContainer(factory, {
    topics: [orders],
    valueSerde: json<Order>(),
    errorHandler,
    batchListener: (records) => {
      for (const [index, { value }] of records.entries()) {
        try {
          check(value);
        } catch (error) {
          throw new BatchListenerFailedError(index, error);
        }
      }
    },
  });
  // docs:end named
  await container.start();
  await ended(container, 300);
  console.log(`${seen.length} of 300 did not pass the check`);
}

async function acknowledgeParts(): Promise<void> {
  const factory = factoryFor('archiving');
  const archive = { isFull: (index: number) => index > 0 && index % 70 === 0, write: () => Promise.resolve() };
  // docs:begin acknowledge
  const container = new MessageListenerContainer(factory, {
    topics: [orders],
    ackMode: 'manual',
    batchListener: async (records, { acknowledgment }) => {
      for (const index of records.keys()) {
        if (archive.isFull(index)) {
          acknowledgment.nack(index, 10);
          return;
        }
        await archive.write();
        if (index % 50 === 49) acknowledgment.acknowledge(index);
      }
      acknowledgment.acknowledge();
    },
  });
  // docs:end acknowledge
  await container.start();
  await ended(container, 300);
  console.log(`${container.metrics().processed} archived`);
}

async function ended<K, V>(container: MessageListenerContainer<K, V>, count: number): Promise<void> {
  await new Promise<void>((resolve) => {
    container.on('offsets:committed', () => {
      const { processed, recovered } = container.metrics();
      if (processed + recovered >= count) resolve();
    });
  });
  await container.stop();
}

async function mail(order: Order): Promise<void> {
  await Promise.resolve();
  if (order.total === 13) throw new Error(`${order.customer} has no address`);
}

function check(order: Order): void {
  if (order.total % 100 === 13) throw new TypeError(`${order.id} is not an order`);
}
