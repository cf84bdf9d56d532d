import { AsyncLocalStorage } from 'node:async_hooks';
import {
  deduplicate,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  json,
  KafkaTemplate,
  MessageListenerContainer,
  type BatchMiddleware,
  type Bytes,
  type IdStore,
  type RecordMiddleware,
} from 'hearken';
import { kafka, orders, withOrders, type Order } from './setting.js';

await withOrders(async () => {
  const producerFactory = new DefaultKafkaProducerFactory(kafka);
  const template = new KafkaTemplate(producerFactory, { valueSerde: json<Order>() });
  const factory = new DefaultKafkaConsumerFactory(kafka, {
    groupId: `billing-of-${orders}`,
    autoOffsetReset: 'earliest',
  });
  const order = (id: string, total: number): Order => ({ id, customer: 'customer-7', total });
  for (const one of [order('o-1', 12), order('o-2', 0), order('o-1', 12), order('o-3', 8)])
    await template.send(orders, one, { key: one.customer });

  // docs:begin middleware
  const trace = new AsyncLocalStorage<string>();

  const tracing: RecordMiddleware<Bytes, Order> = async (record, context, next) => {
    const startedAt = performance.now();
    try {
      await trace.run(record.headers.string('trace') ?? record.value.id, next);
    } finally {
      console.log(`${record.value.id}: attempt ${context.attempt}, ${Math.ceil(performance.now() - startedAt)} ms`);
    }
  };

  const container = new MessageListenerContainer(factory, {
    topics: [orders],
    valueSerde: json<Order>(),
    filter: ({ value }) => value.total > 0,
    middleware: [tracing, deduplicate({ id: ({ value }) => value.id })],
    listener: async ({ value }) => {
      await Promise.resolve();
      console.log(`billed ${value.id}, in the context of ${trace.getStore()}`);
    },
  });
  // docs:end middleware
  await container.start();
  const { filtered } = await ended(container, 4);
  console.log(`${filtered} filtered`);
  await container.stop();

  // docs:begin batches
  const timing: BatchMiddleware<Bytes, Order> = async (records, { partition }, next) => {
    const startedAt = performance.now();
    const result = await next();
    const failed = result?.failed.length ?? 0;
    console.log(`${records.length} of partition ${partition}, ${failed} failed, ${performance.now() - startedAt} ms`);
  };
  // docs:end batches

  // docs:begin exactly-once
  const database = await openDatabase();

  const bill = async (order: Order): Promise<void> => {
    await database.transaction(async (transaction) => {
      await transaction.insert('bills', order.id, order.total);
      await transaction.insert('processed', order.id); // fails if it is there: a unique index
    });
  };
  const store: IdStore = {
    has: (id) => database.exists('processed', id),
    add: () => undefined, // the listener did, in its transaction
  };
  // docs:end exactly-once
  const again = new MessageListenerContainer(
    new DefaultKafkaConsumerFactory(kafka, { groupId: `again-of-${orders}`, autoOffsetReset: 'earliest' }),
    {
      topics: [orders],
      valueSerde: json<Order>(),
      batchListener: async (records) => {
        for (const { value } of records) await bill(value);
      },
    },
  );
  again.use(timing).use(deduplicate({ id: ({ value }) => value.id, store }));
  await again.start();
  await ended(again, 4);
  await again.stop();
  console.log(`${database.size('bills')} bills`);
  await template.close();
});

async function ended(container: MessageListenerContainer<Bytes, Order>, records: number) {
  const metrics = container.metrics();
  if (metrics.processed + metrics.filtered >= records) return metrics;
  await new Promise((resolve) => container.on('offsets:committed', resolve));
  return ended(container, records);
}

/** What stands for yours: tables with a unique key each, and transactions that are all or nothing. */
async function openDatabase() {
  await Promise.resolve();
  const tables = new Map<string, Map<string, unknown>>();
  const table = (name: string) => tables.get(name) ?? new Map<string, unknown>();
  return {
    exists: async (name: string, key: string) => Promise.resolve(table(name).has(key)),
    size: (name: string) => table(name).size,
    transaction: async (work: (transaction: Transaction) => Promise<void>) => {
      const written: [name: string, key: string, value: unknown][] = [];
      await work({
        insert: async (name, key, value = true) => {
          await Promise.resolve();
          if (table(name).has(key)) throw new Error(`${key} is in ${name}`);
          written.push([name, key, value]);
        },
      });
      for (const [name, key, value] of written) tables.set(name, table(name).set(key, value));
    },
  };
}

interface Transaction {
  insert(table: string, key: string, value?: unknown): Promise<void>;
}
