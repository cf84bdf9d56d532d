import { randomUUID } from 'node:crypto';
import { KafkaAdmin } from 'hearken';

/** What the small programs of this folder work on: a topic of their own that goes when they end. */

export interface Order {
  readonly id: string;
  readonly customer: string;
  readonly total: number;
}

/** HEARKEN_BROKERS, or the Kafka that `npm run kafka` starts. */
export const kafka = {
  brokers: (process.env.HEARKEN_BROKERS ?? '127.0.0.1:9092').split(','),
  clientId: 'examples',
};

export const orders = `example-orders-${randomUUID()}`;

export const someOrders = (count: number): Order[] =>
  Array.from({ length: count }, (_, i) => ({ id: `o-${i}`, customer: `customer-${i % 7}`, total: i }));

/** Runs the program on the topic `orders`. */
export async function withOrders(program: () => Promise<void>): Promise<void> {
  const admin = new KafkaAdmin(kafka);
  await admin.createTopics([{ topic: orders, partitions: 3 }]);
  try {
    await program();
  } finally {
    await admin.deleteTopics([orders]);
    await admin.close();
  }
}
