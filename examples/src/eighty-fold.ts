// A service before and after: one order at a time, then the orders of a hundred customers at once. Each waits for a shop that
// answers within 50 ms, so the first handles 20 a second, and 2,000 are the most that the other can. On HEARKEN_BROKERS or,
// without them, on a Kafka in this process.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  json,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
  string,
} from 'hearken';

interface Order {
  readonly customer: string;
  /** The first of a customer is 0. */
  readonly n: number;
}

const ORDERS = 4000;
const CUSTOMERS = 1000;
/** More would take long: at 20 a second. */
const BEFORE = 40;
const ANSWERS_AFTER_MS = 50;

/** Handles orders, and sees how many a second and in which order. */
class Run {
  readonly #awaited: number;
  readonly #next = new Map<string, number>();
  #startedAt = NaN;
  #running = 0;
  #end: (perSecond: number) => void = () => undefined;
  /** Resolves when as many are handled as are awaited, with how many a second that were. */
  readonly ended = new Promise<number>((resolve) => (this.#end = resolve));
  handled = 0;
  mostAtOnce = 0;
  outOfOrder = 0;

  constructor(awaited: number) {
    this.#awaited = awaited;
  }

  async handle({ customer, n }: Order): Promise<void> {
    if (this.handled === 0 && this.#running === 0) this.#startedAt = performance.now();
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#running);
    if (n !== (this.#next.get(customer) ?? 0)) this.outOfOrder++;
    await sleep(ANSWERS_AFTER_MS); // the shop
    this.#next.set(customer, n + 1);
    this.#running--;
    if (++this.handled === this.#awaited) this.#end((this.#awaited * 1000) / (performance.now() - this.#startedAt));
  }
}

const given = process.env.HEARKEN_BROKERS;
await using embedded = given ? undefined : await EmbeddedKafka.start({ autoCreate: false });
const kafka = { brokers: embedded?.brokers ?? given?.split(',') ?? [], clientId: 'eighty-fold' };
const orders = `example-eighty-fold-${randomUUID()}`;
await using admin = new KafkaAdmin(kafka);
await admin.createTopics([{ topic: orders, partitions: 4 }]);
try {
  await send();
  const slow = await before(new Run(BEFORE));
  const fast = await after(new Run(ORDERS));
  console.log(`${Math.round(fast / slow)} times as many`);
} finally {
  await admin.deleteTopics([orders]);
}

async function send(): Promise<void> {
  await using template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka), {
    keySerde: string(),
    valueSerde: json<Order>(),
  });
  const all = Array.from({ length: ORDERS }, (_, i) => {
    const order = { customer: `customer-${i % CUSTOMERS}`, n: Math.floor(i / CUSTOMERS) };
    return template.send(orders, order, { key: order.customer });
  });
  await Promise.all(all);
}

async function before(run: Run): Promise<number> {
  const factory = consumers('before');
  // docs:begin before
  const container = new MessageListenerContainer(factory, {
    topics: [orders],
    valueSerde: json<Order>(),
    listener: async (record) => run.handle(record.value),
  });
  // docs:end before
  await container.start();
  const perSecond = await run.ended;
  await container.stop();
  console.log(`before: ${Math.round(perSecond)} orders a second`);
  return perSecond;
}

async function after(run: Run): Promise<number> {
  const factory = consumers('after');
  // docs:begin after
  const container = new MessageListenerContainer(factory, {
    topics: [orders],
    valueSerde: json<Order>(),
    ordering: 'key', // the orders of one customer one after the other …
    concurrency: 100, // … and those of a hundred customers at once
    listener: async (record) => run.handle(record.value),
  });
  // docs:end after
  await container.start();
  const perSecond = await run.ended;
  await container.stop();
  const committed = await admin.committedOffsets(`after-${orders}`);
  const sum = committed.reduce((total, { offset }) => total + offset, 0);
  console.log(`after: ${Math.round(perSecond)} orders a second, at most ${run.mostAtOnce} at once`);
  console.log(`${run.handled} of ${ORDERS} handled, ${run.outOfOrder} out of their customer's order, ${sum} committed`);
  return perSecond;
}

function consumers(service: string): DefaultKafkaConsumerFactory {
  return new DefaultKafkaConsumerFactory(kafka, { groupId: `${service}-${orders}`, autoOffsetReset: 'earliest' });
}
