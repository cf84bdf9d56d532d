import {
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  json,
  KafkaTemplate,
  MessageListenerContainer,
  type TopicPartitionOffsets,
  workerThreadListener,
} from 'hearken';
import { kafka, orders, someOrders, withOrders, type Order } from './setting.js';

const ORDERS = 50;

await withOrders(async () => {
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka), { valueSerde: json<Order>() });
  await Promise.all(someOrders(ORDERS).map((order) => template.send(orders, order, { key: order.customer })));
  await template.close();
  const factory = new DefaultKafkaConsumerFactory(kafka, { autoOffsetReset: 'earliest' });

  // docs:begin worker-threads
  const threads = workerThreadListener(new URL('./worker-listener.js', import.meta.url), { threads: 2 });
  const container = new MessageListenerContainer(factory, {
    topics: [orders],
    groupId: `proving-${orders}`,
    ordering: 'key',
    concurrency: 2, // one record for each thread
    listener: threads,
  });
  await container.start();
  // docs:end worker-threads
  await handled(container);

  // docs:begin worker-errors
  const errorHandler = new DefaultErrorHandler({
    notRetryable: ['CARD_DECLINED', (error) => error instanceof Error && error.name === 'NoSuchOrder'],
  });
  // docs:end worker-errors

  // docs:begin worker-batches
  const batches = new MessageListenerContainer(factory, {
    topics: [orders],
    groupId: `proving-batches-of-${orders}`,
    batch: { maxRecords: 10 },
    errorHandler,
    batchListener: async (records, context) => {
      const { signal, epoch } = context;
      const ends = await Promise.allSettled(
        records.map((record, i) => threads.onMessage(record, { signal, epoch, attempt: context.attemptOf(i) })),
      );
      const failed = ends.flatMap((end, index) =>
        end.status === 'rejected' ? [{ index, error: end.reason as unknown }] : [],
      );
      return { failed };
    },
  });
  // docs:end worker-batches
  await batches.start();
  await handled(batches);
  await batches.stop();
  console.log(`${threads.metrics().completed} proofs, in ${threads.metrics().threads} threads`);
  // docs:begin worker-close
  await container.stop();
  await threads.close();
  // docs:end worker-close
});

/** Resolves when the container has committed all orders. */
function handled(container: MessageListenerContainer): Promise<void> {
  const next = new Map<number, number>();
  return new Promise((resolve) => {
    const look = (offsets: TopicPartitionOffsets): void => {
      for (const { partition, offset } of offsets) next.set(partition, offset);
      if (Array.from(next.values()).reduce((sum, offset) => sum + offset, 0) === ORDERS) resolve();
    };
    container.on('offsets:committed', ({ offsets }) => look(offsets));
    look(
      container
        .snapshot()
        .partitions.map(({ topic, partition, committed = 0 }) => ({ topic, partition, offset: committed })),
    );
  });
}
