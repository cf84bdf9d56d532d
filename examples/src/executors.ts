import { setTimeout } from 'node:timers/promises';
import {
  AdaptiveTaskExecutor,
  AsyncTaskExecutor,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  json,
  KafkaTemplate,
  MessageListenerContainer,
  type TaskExecutor,
} from 'hearken';
import { kafka, orders, someOrders, withOrders, type Order } from './setting.js';

const ORDERS = 100;

// docs:begin own-executor
/** Sees every record by itself and says how long the last listener took. */
class TimedTaskExecutor implements TaskExecutor {
  readonly unit = 'record';
  readonly #inner: TaskExecutor;
  lastMs = 0;

  constructor(inner: TaskExecutor) {
    this.#inner = inner;
  }

  get concurrency(): number {
    return this.#inner.concurrency;
  }

  get available(): number {
    return this.#inner.available;
  }

  execute<T>(task: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
    return this.#inner.execute(async (signal) => {
      const startedAt = performance.now();
      try {
        return await task(signal);
      } finally {
        this.lastMs = performance.now() - startedAt;
      }
    });
  }

  onAvailable(wake: () => void): () => void {
    return this.#inner.onAvailable(wake);
  }

  drain(): Promise<void> {
    return this.#inner.drain();
  }

  cancel(reason: Error): void {
    this.#inner.cancel(reason);
  }
}
// docs:end own-executor

await withOrders(async () => {
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka), { valueSerde: json<Order>() });
  await Promise.all(someOrders(ORDERS).map((order) => template.send(orders, order, { key: order.customer })));
  await template.close();
  let seen = 0;
  let done = (): void => undefined;
  const all = new Promise<void>((resolve) => (done = resolve));
  const count = (): void => {
    if (++seen === 4 * ORDERS) done();
  };
  const factory = new DefaultKafkaConsumerFactory(kafka, { autoOffsetReset: 'earliest' });

  // docs:begin shared-executor
  const taskExecutor = new AsyncTaskExecutor({ concurrency: 20 }); // what the database can take
  const common = { topics: [orders], valueSerde: json<Order>(), ordering: 'key', taskExecutor } as const;
  const billing = new MessageListenerContainer(factory, { ...common, groupId: `billing-of-${orders}`, listener: bill });
  const shipping = new MessageListenerContainer(factory, {
    ...common,
    groupId: `shipping-of-${orders}`,
    listener: ship,
  });
  // docs:end shared-executor

  // docs:begin change-concurrency
  taskExecutor.concurrency = 5; // 0 starts nothing; what runs goes on
  // docs:end change-concurrency

  const limits: { readonly limit: number; readonly slower: number }[] = [];
  // docs:begin adaptive
  const database = new AdaptiveTaskExecutor(new AsyncTaskExecutor({ concurrency: 200 }), { initialLimit: 10 });
  database.on('limit:changed', ({ next, latencyMs, unloadedMs }) => {
    limits.push({ limit: next, slower: latencyMs / unloadedMs }); // than with half as many at once
  });
  // docs:end adaptive
  const storing = new MessageListenerContainer(factory, {
    topics: [orders],
    groupId: `storing-of-${orders}`,
    ordering: 'none',
    taskExecutor: database,
    listener: store,
  });

  const timed = new TimedTaskExecutor(new AsyncTaskExecutor({ concurrency: 2 }));
  const auditing = new MessageListenerContainer(factory, {
    topics: [orders],
    groupId: `auditing-of-${orders}`,
    taskExecutor: timed,
    listener: count,
  });
  await Promise.all([billing.start(), shipping.start(), storing.start(), auditing.start()]);
  await all;
  await Promise.all([billing.stop(), shipping.stop(), storing.stop(), auditing.stop()]);
  console.log(`${seen} orders handled, the last audit took ${timed.lastMs.toFixed(3)} ms`);
  console.log(`${database.limit} at once for the database, after ${limits.length} changes`);

  function bill(): void {
    count();
  }
  async function store(): Promise<void> {
    await setTimeout(5); // a database that does not notice
    count();
  }
  function ship(): void {
    count();
  }
});
