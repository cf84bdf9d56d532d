import { setTimeout as delay } from 'node:timers/promises';
import {
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  defaultLogger,
  FixedBackOff,
  MessageListenerContainer,
  type KafkaTemplate,
} from 'hearken';
import { failureOf, lagOf, orderSerde, orderTemplate, PARTITIONS, withTopic, type Tour } from './chapter.js';
import { OrderBook, orders, type Order } from './order-book.js';
import { count } from './screen.js';

const ORDERS = 20_000;
const CUSTOMERS = 1_000;
const CONCURRENCY = 100;
/** Every so many-th customer's third order fails, twice. */
const UNLUCKY = 50;
const FAILURES = 2;

/** Orders are sent, listened to in key order by a hundred listeners at once, tried again where they fail, and committed. */
export async function mainJob({ kafka, admin, findings, screen }: Tour): Promise<void> {
  screen.heading('Send, listen, commit');
  await withTopic(admin, async (topic) => {
    const groupId = `${topic}-billing`;
    const book = new OrderBook();
    const container = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(kafka.options, { groupId, autoOffsetReset: 'earliest' }),
      {
        topics: [topic],
        valueSerde: orderSerde,
        ordering: 'key',
        concurrency: CONCURRENCY,
        errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 50, maxRetries: FAILURES }) }),
        listener: ({ value }, { attempt }) => book.attempt(value, () => bill(value, attempt)),
      },
      // Each attempt that fails is a warning. These are meant to, and would be written across the bar.
      { logger: { ...defaultLogger, warn: () => undefined } },
    );
    const template = orderTemplate(kafka.options, topic);
    await container.start();
    const sending = sendAll(template);
    const handled = Promise.race([book.reached(ORDERS), failureOf(container)]);
    await screen.progress('handled', ORDERS, () => book.handled, handled);
    const { places, tookMs } = await sending;
    const { drained, abandoned } = await container.stop();
    await template.close();

    const failures = (CUSTOMERS / UNLUCKY) * FAILURES;
    findings.check('each order has its own offset', places === ORDERS, `${count(places)} sent in ${count(tookMs)} ms`);
    findings.check(
      'every order was handled once',
      book.handled === ORDERS,
      `${count(book.handled)} of ${count(ORDERS)}`,
    );
    findings.check('a customer’s orders came in order', book.outOfTurn === 0, `${count(CUSTOMERS)} customers`);
    findings.check('… and one at a time', book.overlapping === 0, `${book.overlapping} overlapped`);
    findings.check(
      'different customers side by side',
      book.mostAtOnce > PARTITIONS,
      `up to ${book.mostAtOnce} at once`,
    );
    findings.check(
      'what failed was tried again, in its turn',
      book.failed === failures,
      `${book.failed} attempts failed`,
    );
    findings.check('the container stopped cleanly', drained && abandoned === 0, `${abandoned} abandoned`);
    const lag = await lagOf(admin, groupId, topic);
    findings.check('all offsets are committed', lag === 0, `lag ${lag}`);
  });
}

async function sendAll(template: KafkaTemplate<unknown, Order>): Promise<{ places: number; tookMs: number }> {
  const startedAt = performance.now();
  const results = await Promise.all(
    orders(ORDERS, CUSTOMERS).map((order) => template.sendDefault(order, { key: order.customer })),
  );
  const places = new Set(results.map(({ metadata }) => `${metadata.partition}:${metadata.offset}`));
  return { places: places.size, tookMs: Math.round(performance.now() - startedAt) };
}

/** Takes a while that differs, so that a wrong order would show. */
async function bill({ customer, sequence }: Order, attempt: number): Promise<void> {
  const number = Number(customer.split('-')[1]);
  await delay((sequence * 7 + number) % 10);
  if (sequence === 2 && number % UNLUCKY === 0 && attempt <= FAILURES) throw new Error('the bank does not answer');
}
