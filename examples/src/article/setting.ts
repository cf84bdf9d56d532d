import { randomUUID } from 'node:crypto';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import {
  AsyncTaskExecutor,
  KafkaAdmin,
  PooledTaskExecutor,
  SyncTaskExecutor,
  type KafkaOptions,
  type KafkaTemplate,
  type ProducerListener,
  type ProducerRecord,
  type RecordMetadata,
} from 'hearken';
import { injectable } from 'inversify';
import { someOrders, type Order } from '../setting.js';

/** What the three programs of this folder have in common: all but how their parts come together. */

const ORDERS = 8;

export const orders = `example-article-${randomUUID()}`;

/** Each is given to a container of its own, so that each bills all orders. */
export const executors = {
  sync: new SyncTaskExecutor(), // one after the other
  async: new AsyncTaskExecutor({ concurrency: 100 }), // while others wait for their database
  pooled: new PooledTaskExecutor({ concurrency: 4, queueCapacity: 20 }), // four at work, twenty in line
};
export type ExecutorName = keyof typeof executors;

/** An order is sent once, and billed once by each container. */
const LINES = ORDERS * (1 + Object.keys(executors).length);

/** What the program prints, and a promise of the last line. */
@injectable('Singleton')
export class Journal {
  #lines = 0;
  #complete: () => void = () => undefined;
  readonly completed = new Promise<void>((resolve) => (this.#complete = resolve));

  write(line: string): void {
    console.log(line);
    if (++this.#lines === LINES) this.#complete();
  }
}

/** Told how each send ended. */
export class JournalingProducerListener implements ProducerListener<unknown, unknown> {
  readonly #journal: Journal;
  constructor(journal: Journal) {
    this.#journal = journal;
  }

  onSuccess({ value }: ProducerRecord<unknown, unknown>, { partition }: RecordMetadata): void {
    this.#journal.write(`sent ${(value as Order).id} to partition ${partition}`);
  }

  onError({ value }: ProducerRecord<unknown, unknown>, error: Error): void {
    this.#journal.write(`${(value as Order).id} was not sent: ${error.message}`);
  }
}

export const sendOrders = (template: KafkaTemplate<string, Order>): Promise<unknown> =>
  Promise.all(someOrders(ORDERS).map((order) => template.send(orders, order, { key: order.customer })));

/** Runs the program on HEARKEN_BROKERS or, without them, on a Kafka in this process. */
export async function withKafka(program: (kafka: KafkaOptions) => Promise<void>): Promise<void> {
  const given = process.env.HEARKEN_BROKERS;
  await using embedded = given ? undefined : await EmbeddedKafka.start({ autoCreate: false });
  const kafka = { brokers: embedded?.brokers ?? given?.split(',') ?? [], clientId: 'article' };
  await using admin = new KafkaAdmin(kafka);
  await admin.createTopics([{ topic: orders, partitions: 3 }]);
  try {
    await program(kafka);
  } finally {
    await admin.deleteTopics([orders]);
  }
}
