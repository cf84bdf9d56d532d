import { setTimeout as delay } from 'node:timers/promises';
import { DefaultKafkaConsumerFactory, MessageListenerContainer } from 'hearken';
import { failureOf, lagOf, orderSerde, orderTemplate, PARTITIONS, withTopic, type Tour } from './chapter.js';
import { OrderBook, orders } from './order-book.js';
import { count } from './screen.js';

const THIRD = 3_000;
const ORDERS = 3 * THIRD;
const CUSTOMERS = 300;

/** While orders come in, a second container joins the group, and then the first one leaves: two rebalances under load. */
export async function handOver({ kafka, admin, findings, screen }: Tour): Promise<void> {
  screen.heading('A second container joins the group, then the first one leaves');
  await withTopic(admin, async (topic) => {
    const groupId = `${topic}-shipping`;
    const book = new OrderBook();
    const factory = new DefaultKafkaConsumerFactory(kafka.options, {
      groupId,
      autoOffsetReset: 'earliest',
      heartbeatIntervalMs: 100, // how soon a member hears that another one came; 3 s unless told otherwise
    });
    const newContainer = (): MessageListenerContainer<Buffer | null, { customer: string; sequence: number }> =>
      new MessageListenerContainer(factory, {
        topics: [topic],
        valueSerde: orderSerde,
        // In the order of its partition: by key, what is done behind a record that still waits would come again.
        ordering: 'partition',
        concurrency: PARTITIONS,
        listener: ({ value }) => book.attempt(value, () => delay(1 + (value.sequence % 3))),
      });
    const [first, second] = [newContainer(), newContainer()];
    const template = orderTemplate(kafka.options, topic);
    const sendThird = async (from: number): Promise<void> => {
      await Promise.all(
        orders(THIRD, CUSTOMERS, from).map((each) => template.sendDefault(each, { key: each.customer })),
      );
    };
    const story = async (): Promise<void> => {
      await first.start();
      await sendThird(0);
      await book.reached(THIRD / 2); // so that the first is at work …
      await second.start();
      await sendThird(THIRD);
      await book.reached(THIRD + THIRD / 2); // … and here they both
      await first.stop();
      await sendThird(2 * THIRD);
      await book.reached(ORDERS);
    };
    const told = Promise.race([story(), failureOf(first), failureOf(second)]);
    await screen.progress('handled', ORDERS, () => book.handled, told);
    await second.stop();
    await template.close();

    const shares = [first, second].map((container) => container.metrics().processed);
    const lag = await lagOf(admin, groupId, topic);
    findings.check(
      'two rebalances lost no order',
      book.handled === ORDERS && lag === 0,
      `${count(book.handled)} of ${count(ORDERS)}`,
    );
    findings.check(
      '… both containers had their part',
      shares.every((share) => share > 0),
      shares.map(count).join(' and '),
    );
    const kept = book.outOfTurn === 0 && book.overlapping === 0;
    findings.check('… and each customer’s order held', kept, `${book.again} came again, as not yet committed`);
  });
}
