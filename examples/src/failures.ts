import {
  codeOf,
  DeadLetterPublishingRecoverer,
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  ExponentialBackOff,
  json,
  KafkaTemplate,
  MessageListenerContainer,
  type ErrorHandler,
} from 'hearken';
import { kafka, orders, withOrders, type Order } from './setting.js';

await withOrders(async () => {
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka), { valueSerde: json<Order>() });
  const factory = new DefaultKafkaConsumerFactory(kafka, { groupId: `billing-of-${orders}` });

  // docs:begin config-error
  try {
    new MessageListenerContainer(factory, {
      topics: [orders],
      // @ts-expect-error -- a typing mistake that JavaScript would let through
      concurency: 10,
      ackMode: 'manual',
      syncCommits: true,
      listener: () => undefined,
    });
  } catch (error) {
    console.error(error);
  }
  // docs:end config-error

  // docs:begin back-off
  const container = new MessageListenerContainer(factory, {
    topics: [orders],
    valueSerde: json<Order>(),
    errorHandler: new DefaultErrorHandler({
      backOff: new ExponentialBackOff({ initialIntervalMs: 10, maxIntervalMs: 1000, maxRetries: 3 }),
    }),
    listener: async ({ value }, { attempt }) => {
      if (attempt > 1) console.log(`${value.id}: attempt ${attempt}`);
      await bill(value);
    },
  });
  // docs:end back-off
  await container.start();
  await template.send(orders, { id: 'o-1', customer: 'customer-7', total: -1 }, { key: 'customer-7' });
  await container.finished.catch((error: unknown) => {
    console.log(`the container is ${container.state}: ${codeOf(error) ?? 'unknown'}`);
  });
  await container.stop();

  // docs:begin dead-letters
  const letters = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka));
  const errorHandler = new DefaultErrorHandler({
    backOff: new ExponentialBackOff({ initialIntervalMs: 10, maxRetries: 1 }),
    recoverer: new DeadLetterPublishingRecoverer(letters),
  });
  // docs:end dead-letters

  // docs:begin handlers
  const logging: ErrorHandler = { decide: () => ({ action: 'skip' }) }; // each record once; the error is logged
  const byError: ErrorHandler = {
    decide: (failure) => (failure.error instanceof RangeError ? logging : errorHandler).decide(failure),
    recoverer: errorHandler.recoverer,
  };
  // docs:end handlers
  const billing = new MessageListenerContainer(factory, {
    topics: [orders],
    valueSerde: json<Order>(),
    errorHandler,
    listener: ({ value }) => bill(value),
  });
  const recovered = new Promise<void>((resolve) => billing.on('record:recovered', () => resolve()));
  await billing.start();
  await recovered;
  console.log(`${billing.metrics().recovered} dead letter`);
  await billing.stop();
  const again = new MessageListenerContainer(
    new DefaultKafkaConsumerFactory(kafka, { groupId: `again-of-${orders}`, autoOffsetReset: 'earliest' }),
    { topics: [orders], valueSerde: json<Order>(), errorHandler: byError, listener: ({ value }) => bill(value) },
  );
  const skipped = new Promise<void>((resolve) => again.on('record:skipped', () => resolve()));
  await again.start();
  await skipped;
  await again.stop();
  await letters.close();
  await template.close();
});

async function bill(order: Order): Promise<void> {
  await Promise.resolve();
  if (order.total < 0) throw new RangeError(`${order.id} has a total of ${order.total}`);
}
