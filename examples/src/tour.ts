// The main job, checked: 10 000 orders are sent, listened to in key order by a hundred listeners at once, and committed.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  json,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
  type StopReport,
} from 'hearken';
import { Findings } from './tour/findings.js';
import { OrderBook, orders, type Order } from './tour/order-book.js';

const ORDERS = 10_000;
const CUSTOMERS = 1_000;
const PARTITIONS = 12;
const CONCURRENCY = 100;
const LIMIT_MS = 45_000;

const kafka = { brokers: (process.env.HEARKEN_BROKERS ?? '127.0.0.1:9092').split(','), clientId: 'tour' };
const topic = `tour-${randomUUID()}`;
const groupId = `${topic}-billing`;
const valueSerde = json<Order>();

const admin = new KafkaAdmin(kafka);
const findings = new Findings();
const deadline = setTimeout(() => {
  console.error(`the tour did not end within ${LIMIT_MS} ms`);
  process.exit(1);
}, LIMIT_MS);
try {
  console.log(`Hearken's tour, on Kafka at ${kafka.brokers.join(',')}\n`);
  await createTopic();
  const { book, report } = await listenWhile(sendOrders);
  checkOrder(book);
  checkStop(report);
  await checkCommits();
} finally {
  await admin.deleteTopics([topic]);
  await admin.close();
  clearTimeout(deadline);
}
process.exitCode = findings.ok ? 0 : 1;

async function createTopic(): Promise<void> {
  const created = await admin.createTopics([{ topic, partitions: PARTITIONS }]);
  findings.check('a topic was made', created.includes(topic), `${PARTITIONS} partitions`);
}

async function sendOrders(): Promise<void> {
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka), { defaultTopic: topic, valueSerde });
  const startedAt = performance.now();
  const results = await Promise.all(
    orders(ORDERS, CUSTOMERS).map((order) => template.sendDefault(order, { key: order.customer })),
  );
  const tookMs = Math.round(performance.now() - startedAt);
  await template.close();
  const places = new Set(results.map(({ metadata }) => `${metadata.partition}:${metadata.offset}`));
  findings.check('each order has its own offset', places.size === ORDERS, `${places.size} sent in ${tookMs} ms`);
}

/** Listens until every order was handled. Each takes a while that differs, so that a wrong order would show. */
async function listenWhile(send: () => Promise<void>): Promise<{ book: OrderBook; report: StopReport }> {
  const book = new OrderBook();
  let allReceived!: () => void;
  const received = new Promise<void>((resolve) => (allReceived = resolve));
  const container = new MessageListenerContainer(
    new DefaultKafkaConsumerFactory(kafka, { groupId, autoOffsetReset: 'earliest' }),
    {
      topics: [topic],
      valueSerde,
      ordering: 'key',
      concurrency: CONCURRENCY,
      listener: async ({ value }) => {
        book.begin(value);
        await delay((value.sequence * 7 + value.customer.length) % 10);
        book.end(value);
        if (book.received === ORDERS) allReceived();
      },
    },
  );
  await container.start();
  await send();
  await Promise.race([received, container.finished]);
  return { book, report: await container.stop() };
}

function checkOrder(book: OrderBook): void {
  findings.check('every order was handled once', book.received === ORDERS, `${book.received} of ${ORDERS}`);
  findings.check('a customer’s orders came in order', book.outOfTurn === 0, `${CUSTOMERS} customers`);
  findings.check('… and one at a time', book.overlapping === 0, `${book.overlapping} overlapped`);
  findings.check('different customers side by side', book.mostAtOnce > PARTITIONS, `up to ${book.mostAtOnce} at once`);
}

function checkStop({ drained, abandoned }: StopReport): void {
  findings.check('the container stopped cleanly', drained && abandoned === 0, `${abandoned} abandoned`);
}

async function checkCommits(): Promise<void> {
  const committed = await admin.committedOffsets(groupId);
  let lag = 0;
  for (const { partition, end } of await admin.offsets(topic)) {
    lag += end - (committed.find((each) => each.partition === partition)?.offset ?? 0);
  }
  findings.check('all offsets are committed', lag === 0, `lag ${lag}`);
}
