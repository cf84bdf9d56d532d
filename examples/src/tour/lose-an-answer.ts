import { DefaultKafkaConsumerFactory, MessageListenerContainer } from 'hearken';
import { failureOf, orderSerde, orderTemplate, PARTITIONS, withTopic, type Tour } from './chapter.js';
import { OrderBook, orders } from './order-book.js';
import { count } from './screen.js';

const WAVES = 10;
const WAVE = 500;
const ORDERS = WAVES * WAVE;
const CUSTOMERS = 100;
/** So soon an answer counts as lost; 30 s unless told otherwise. */
const REQUEST_TIMEOUT_MS = 1_000;

/** The broker writes a batch and its answer is lost, so the producer sends it again: is it there twice? */
export async function loseAnAnswer({ kafka, admin, findings, screen }: Tour): Promise<void> {
  screen.heading('An answer to the producer is lost');
  await withTopic(admin, async (topic) => {
    const template = orderTemplate(kafka.unreliable, topic, { requestTimeoutMs: REQUEST_TIMEOUT_MS });
    const isLost = await kafka.loseProduceAnswer(topic);
    let sent = 0;
    const sendAll = async (): Promise<void> => {
      for (let wave = 0; wave < WAVES; wave++) {
        const some = orders(WAVE, CUSTOMERS, wave * WAVE);
        await Promise.all(some.map((order) => template.sendDefault(order, { key: order.customer }).then(() => sent++)));
      }
    };
    await screen.progress('sent   ', ORDERS, () => sent, sendAll());
    const { batchesRetried } = template.metrics();
    await template.close();
    findings.check('an answer to the producer was lost', isLost(), `${batchesRetried} batches were sent again`);

    const partitions = await admin.offsets(topic);
    const written = partitions.reduce((sum, { beginning, end }) => sum + end - beginning, 0);
    findings.check(
      '… no order is lost or there twice',
      written === ORDERS,
      `${count(written)} records of ${count(ORDERS)} orders`,
    );
    const book = await readAll();
    findings.check('… and their order is kept', book.outOfTurn + book.again === 0, `${count(book.handled)} read back`);

    async function readAll(): Promise<OrderBook> {
      const read = new OrderBook();
      const container = new MessageListenerContainer(new DefaultKafkaConsumerFactory(kafka.options), {
        topicPartitions: Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition, offset: 0 })),
        valueSerde: orderSerde,
        listener: ({ value }) => read.attempt(value, () => Promise.resolve()),
      });
      await container.start();
      await Promise.race([read.reached(written), failureOf(container)]);
      await container.stop();
      return read;
    }
  });
}
