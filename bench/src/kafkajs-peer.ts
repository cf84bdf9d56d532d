import { Kafka, logLevel, Partitioners, type Consumer, type ConsumerConfig, type Producer } from 'kafkajs';

/** How many partitions kafkajs works on at once. With its default of 1 the others wait for each handler. */
export const PARTITIONS_CONSUMED_CONCURRENTLY = 12;

const kafka = (brokers: string[], level = logLevel.ERROR): Kafka =>
  new Kafka({ brokers, clientId: 'bench-kafkajs', logLevel: level });

export async function withAdmin<T>(
  brokers: string[],
  work: (admin: ReturnType<Kafka['admin']>) => Promise<T>,
): Promise<T> {
  const admin = kafka(brokers, logLevel.NOTHING).admin(); // what goes wrong it throws, too
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** One producer for the whole turn, partitioning as Java does. */
export async function connectProducer(brokers: string[]): Promise<Producer> {
  const producer = kafka(brokers).producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  return producer;
}

/**
 * A consumer with the settings that serve it best: with the default `maxWaitTimeInMs` of 5 s an idle partition holds up
 * its neighbours on the same broker.
 */
export async function connectConsumer(
  brokers: string[],
  groupId: string,
  config?: Partial<ConsumerConfig>,
): Promise<Consumer> {
  const consumer = kafka(brokers).consumer({ groupId, maxWaitTimeInMs: 250, ...config });
  await consumer.connect();
  return consumer;
}
