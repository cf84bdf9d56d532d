import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  json,
  KafkaTemplate,
  MessageListenerContainer,
  type Acknowledgment,
} from 'hearken';
import { kafka, orders, someOrders, withOrders, type Order } from './setting.js';

const ORDERS = 100;
const ROWS_AT_ONCE = 10;

await withOrders(async () => {
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka), { valueSerde: json<Order>() });
  const factory = new DefaultKafkaConsumerFactory(kafka, { autoOffsetReset: 'earliest' });
  await Promise.all(someOrders(ORDERS).map((order) => template.send(orders, order, { key: order.customer })));
  await template.close();

  const stored = countdown(ORDERS);
  // docs:begin manual
  const rows: { order: Order; acknowledgment: Acknowledgment }[] = [];
  const loader = new MessageListenerContainer(factory, {
    groupId: `loading-of-${orders}`,
    topics: [orders],
    valueSerde: json<Order>(),
    ackMode: 'manual',
    listener: async (record, { acknowledgment }) => {
      rows.push({ order: record.value, acknowledgment });
      if (rows.length < ROWS_AT_ONCE) return; // not done yet, and the next record comes all the same
      const batch = rows.splice(0);
      await store(batch.map(({ order }) => order));
      for (const row of batch) row.acknowledgment.acknowledge();
    },
  });
  // docs:end manual
  await loader.start();
  await stored.reached;
  await loader.stop();

  // docs:begin nack
  const packer = new MessageListenerContainer(factory, {
    groupId: `packing-of-${orders}`,
    topics: [orders],
    valueSerde: json<Order>(),
    ordering: 'key',
    concurrency: 10,
    ackMode: 'manual-immediate',
    listener: async ({ value }, { acknowledgment }) => {
      if (await pack(value)) acknowledgment.acknowledge();
      else acknowledgment.nack(20); // not in stock yet: again in 20 ms, and until then nothing of this customer
    },
  });
  // docs:end nack
  const packed = countdown(ORDERS);
  const askedFor = new Set<string>();
  await packer.start();
  await packed.reached;
  await packer.stop();

  // docs:begin sync-commits
  const payer = new MessageListenerContainer(factory, {
    groupId: `paying-of-${orders}`,
    topics: [orders],
    valueSerde: json<Order>(),
    ordering: 'key',
    concurrency: 10,
    ackMode: 'record',
    syncCommits: true,
    listener: async (record) => pay(record.value),
  });
  // docs:end sync-commits
  const paid = countdown(ORDERS);
  await payer.start();
  await paid.reached;
  await payer.stop();

  // docs:begin offset-map
  const shipper = new MessageListenerContainer(factory, {
    groupId: `shipping-of-${orders}`,
    topics: [orders],
    valueSerde: json<Order>(),
    ordering: 'key',
    concurrency: 100,
    offsetMap: true, // one customer's order takes minutes: after a crash the thousands behind it do not come again
    listener: async (record) => ship(record.value),
  });
  // docs:end offset-map
  const shipped = countdown(ORDERS);
  await shipper.start();
  await shipped.reached;
  await shipper.stop();

  // docs:begin commit-before
  const reminder = new MessageListenerContainer(factory, {
    groupId: `reminding-of-${orders}`,
    topics: [orders],
    valueSerde: json<Order>(),
    ordering: 'none',
    concurrency: 10,
    commitBefore: true,
    listener: async (record) => remind(record.value), // better no mail than two
  });
  // docs:end commit-before
  const reminded = countdown(ORDERS);
  await reminder.start();
  await reminded.reached;
  await reminder.stop();

  async function store(batch: readonly Order[]): Promise<void> {
    await Promise.resolve();
    for (const order of batch) stored.count(`stored ${order.id}`);
  }

  async function pack({ id }: Order): Promise<boolean> {
    await Promise.resolve();
    const isInStock = askedFor.has(id) || !id.endsWith('7');
    askedFor.add(id);
    if (isInStock) packed.count(`packed ${id}`);
    return isInStock;
  }

  async function ship(order: Order): Promise<void> {
    await Promise.resolve();
    shipped.count(`shipped ${order.id}`);
  }

  async function remind(order: Order): Promise<void> {
    await Promise.resolve();
    reminded.count(`reminded of ${order.id}`);
  }

  async function pay(order: Order): Promise<void> {
    await Promise.resolve();
    paid.count(`paid ${order.id}`);
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
