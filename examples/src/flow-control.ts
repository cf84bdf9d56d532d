import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  json,
  KafkaTemplate,
  MessageListenerContainer,
  type TopicPartition,
} from 'hearken';
import { kafka, orders, someOrders, withOrders, type Order } from './setting.js';

const ORDERS = 20;

await withOrders(async () => {
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka), { valueSerde: json<Order>() });
  const factory = new DefaultKafkaConsumerFactory(kafka, { autoOffsetReset: 'earliest' });
  await Promise.all(someOrders(ORDERS).map((order) => template.send(orders, order, { partition: 0 })));
  await template.close();
  const [priced, counted, added] = [countdown(ORDERS), countdown(ORDERS), countdown(ORDERS)];

  const container = new MessageListenerContainer(factory, {
    groupId: `pricing-of-${orders}`,
    topics: [orders],
    valueSerde: json<Order>(),
    listener: (record) => priced.count(`priced ${record.value.id}`),
  });
  // docs:begin pause
  container.pause([orders]); // this topic, with all partitions it will have
  container.resume([{ topic: orders, partition: 0 }]); // but this one
  await container.start();
  console.log(container.isPaused({ topic: orders, partition: 1 })); // true
  // docs:end pause
  await priced.reached;
  // docs:begin seek
  await container.seek({ topic: orders, partition: 0 }, (position) => Math.max(0, position - 100)); // the last hundred again
  const sought = await container.seekToTimestamp(Date.now() - 3_600_000, [orders]); // what came in the last hour
  for (const { partition, offset } of sought) console.log(`partition ${partition} goes on at ${offset}`);
  await container.seekToEnd(); // all partitions: only what comes from now on
  // docs:end seek
  await container.stop();

  // docs:begin start-offsets
  const reader = new MessageListenerContainer(new DefaultKafkaConsumerFactory(kafka), {
    topicPartitions: [
      { topic: orders, partition: 0, offset: 'beginning' },
      { topic: orders, partition: 1, offset: { timestamp: Date.now() - 3_600_000 } },
      { topic: orders, partition: 2, offset: 'end' },
    ],
    listener: (record) => counted.count(`partition ${record.partition}, offset ${record.offset}`),
  });
  // docs:end start-offsets
  await reader.start();
  await counted.reached;
  await reader.stop();

  const saved = new Map<number, number>();
  // docs:begin rebalance-listener
  const totals = new Map<number, number>(); // by partition: what we keep for those that are ours
  const adder = new MessageListenerContainer(factory, {
    groupId: `adding-of-${orders}`,
    topics: [orders],
    valueSerde: json<Order>(),
    listener: ({ partition, value }) => {
      totals.set(partition, (totals.get(partition) ?? 0) + value.total);
      added.count(`added ${value.id}`);
    },
    rebalanceListener: {
      onPartitionsAssigned: async (partitions) => {
        for (const at of partitions) totals.set(at.partition, await load(at)); // no record starts before this ends
      },
      onPartitionsRevoked: async (partitions) => {
        for (const at of partitions) await save(at, totals.get(at.partition)); // drained and committed; still ours
      },
    },
    commitMetadata: ({ partition }) => `total ${totals.get(partition)}`, // kept with the offset, for whoever looks
  });
  // docs:end rebalance-listener
  await adder.start();
  await added.reached;
  // docs:begin snapshot
  const { partitions, running, waiting } = adder.snapshot();
  for (const { partition, lag, pausedBy } of partitions) console.log(partition, lag, pausedBy);
  for (const { offset, runningMs } of running) console.log(`offset ${offset} has been running for ${runningMs} ms`);
  for (const { offset, dueInMs } of waiting) console.log(`offset ${offset} is tried again in ${dueInMs} ms`);
  // docs:end snapshot
  // docs:begin explain
  const { binding, reason, bounds, recordsPerSecond, hottest } = adder.explain(); // measures from the first call on
  console.log(`${binding}: ${reason}`); // "concurrency: all 100 slots are taken, at 50.3 ms a call: 1988 records a second at most"
  console.log(`${recordsPerSecond} of`, bounds); // { concurrency: 1988, hottestKey: 24850, eventLoop: 98200 }
  for (const { key, share } of hottest) console.log(`${key} has ${share * 100} % of the records`);
  // docs:end explain
  await adder.stop();

  async function load({ partition }: TopicPartition): Promise<number> {
    await Promise.resolve();
    return saved.get(partition) ?? 0;
  }

  async function save({ partition }: TopicPartition, total = 0): Promise<void> {
    await Promise.resolve();
    saved.set(partition, total);
    if (total > 0) console.log(`saved ${total} of partition ${partition}`);
  }
});

function countdown(from: number): { count: (what: string) => void; reached: Promise<void> } {
  let left = from;
  let done = (): void => undefined;
  const reached = new Promise<void>((resolve) => (done = resolve));
  return {
    reached,
    count(what) {
      console.log(what);
      if (--left === 0) done();
    },
  };
}
