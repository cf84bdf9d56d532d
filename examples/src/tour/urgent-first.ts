import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createPriorityTopics, PriorityKafkaTemplate, PriorityListenerContainer } from '@hearken/priority';
import { DefaultKafkaConsumerFactory, DefaultKafkaProducerFactory } from 'hearken';
import { failureOf, lagOf, orderSerde, type Tour } from './chapter.js';
import { Gate } from './gate.js';
import { orders, type Order } from './order-book.js';
import { count } from './screen.js';

const LEVELS = ['bulk', 'normal', 'urgent'] as const;
type Level = (typeof LEVELS)[number];
/** Of every seven starts the default gives 1, 2 and 4 to three levels. */
const SHARES = [1, 2, 4];
const CAPACITY = 7;
const ROUNDS = 100;
const BULK = 3_000;
const MORE = 500;
const ORDERS = BULK + 1 + 2 * MORE;

/** What the acts of this chapter share. */
interface Packing {
  readonly container: PriorityListenerContainer<Buffer | null, Order, Level>;
  readonly gate: Gate;
  /** The level of each record, in the order in which they started. */
  readonly started: string[];
  readonly send: (level: Level, quantity: number) => Promise<unknown>;
}

/** One urgent order behind thousands of others, and then three levels that are all behind. */
export async function urgentFirst({ kafka, admin, findings, screen }: Tour): Promise<void> {
  screen.heading('An urgent order comes behind thousands of others');
  const topic = `tour-${randomUUID()}`;
  const groupId = `${topic}-packing`;
  const topics = await createPriorityTopics(admin, topic, LEVELS, { partitions: 3 });
  const template = new PriorityKafkaTemplate(new DefaultKafkaProducerFactory(kafka.options), {
    levels: LEVELS,
    valueSerde: orderSerde,
  });
  // A customer each: none waits for another of the same key.
  const send: Packing['send'] = (level, quantity) =>
    Promise.all(orders(quantity, quantity).map((each) => template.send(topic, level, each, { key: each.customer })));
  const factory = new DefaultKafkaConsumerFactory(kafka.options, { groupId, autoOffsetReset: 'earliest' });
  const packing = { ...listening(factory, topic), send };
  const { container } = packing;
  const handled = (): number => container.metrics().levels.reduce((sum, { processed }) => sum + processed, 0);
  const story = async (): Promise<void> => {
    await container.start();
    await overtake(packing, findings);
    await share(packing, findings);
    await until(() => handled() === ORDERS);
  };
  try {
    await screen.progress('handled', ORDERS, handled, Promise.race([story(), failureOf(container)]));
    await container.stop();
    const lags = await Promise.all(topics.map((each, level) => lagOf(admin, `${groupId}-${level}`, each.topic)));
    const isCommitted = lags.every((lag) => lag === 0);
    findings.check('… and each level committed its own', isCommitted, `lag ${lags.join(', ')}`);
  } finally {
    await container.stop();
    await template.close();
    await admin.deleteTopics(topics.map((each) => each.topic));
  }
}

function listening(factory: DefaultKafkaConsumerFactory, topic: string): Omit<Packing, 'send'> {
  const gate = new Gate();
  const started: string[] = [];
  const container = new PriorityListenerContainer<Buffer | null, Order, Level>(factory, {
    topics: [topic],
    levels: LEVELS,
    capacity: CAPACITY,
    ordering: 'key',
    valueSerde: orderSerde,
    listener: (_record, _context, level) => {
      started.push(level.name);
      return gate.pass();
    },
  });
  return { container, gate, started };
}

/** Bulk has every slot and thousands that wait when the urgent order comes. Whose is the first slot that comes free? */
async function overtake({ container, gate, started, send }: Packing, findings: Tour['findings']): Promise<void> {
  await send('bulk', BULK);
  await until(() => started.length === CAPACITY);
  await send('urgent', 1);
  await until(() => queued(container, 'urgent') === 1);
  gate.letOne();
  await until(() => started.length > CAPACITY);
  const isNext = started.indexOf('urgent') === CAPACITY;
  const detail = isNext ? `ahead of ${count(BULK - CAPACITY)}` : `${started[CAPACITY]} was`;
  findings.check('an urgent order is the next to start', isNext, detail);
}

/** Starts are counted from when every level has as many records as all of those starts could ask for. */
async function share({ container, gate, started, send }: Packing, findings: Tour['findings']): Promise<void> {
  for (const level of container.levels) level.pause();
  gate.open();
  await Promise.all([send('normal', MORE), send('urgent', MORE)]);
  await until(() => LEVELS.every((level) => queued(container, level) >= MORE));
  for (const level of container.levels) level.resume();
  container.setPolicy('weighted'); // which does not know that one of them was resumed first
  started.length = 0;
  await until(() => started.length >= ROUNDS * CAPACITY);
  const counted = started.slice(0, ROUNDS * CAPACITY);
  const shares = LEVELS.map((level) => counted.filter((each) => each === level).length);
  const isExact = shares.every((each, level) => each === ROUNDS * (SHARES[level] ?? 0));
  findings.check('… levels share by weight, exactly', isExact, `${shares.join(', ')} of ${counted.length} starts`);
}

const queued = (container: Packing['container'], level: Level): number =>
  container.level(level).container.metrics().queued;

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(1);
}
