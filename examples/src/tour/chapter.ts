import { randomUUID } from 'node:crypto';
import {
  DefaultKafkaProducerFactory,
  json,
  KafkaTemplate,
  type KafkaAdmin,
  type MessageListenerContainer,
  type ProducerOptions,
} from 'hearken';
import type { Findings } from './findings.js';
import type { TourKafka } from './open-kafka.js';
import type { Order } from './order-book.js';
import type { Screen } from './screen.js';

/** What the chapters of the tour share. */
export interface Tour {
  readonly kafka: TourKafka;
  readonly admin: KafkaAdmin;
  readonly findings: Findings;
  readonly screen: Screen;
}

export const PARTITIONS = 12;
export const orderSerde = json<Order>();

/** Runs a chapter on a topic of its own, which goes with it. */
export async function withTopic(admin: KafkaAdmin, chapter: (topic: string) => Promise<void>): Promise<void> {
  const topic = `tour-${randomUUID()}`;
  await admin.createTopics([{ topic, partitions: PARTITIONS }]);
  try {
    await chapter(topic);
  } finally {
    await admin.deleteTopics([topic]);
  }
}

export const orderTemplate = (
  kafka: TourKafka['options'],
  topic: string,
  options: ProducerOptions = {},
): KafkaTemplate<unknown, Order> =>
  new KafkaTemplate(new DefaultKafkaProducerFactory(kafka, options), { defaultTopic: topic, valueSerde: orderSerde });

/** Rejects if the container fails, so that nobody waits for what does not come; resolves never. */
export const failureOf = (container: Pick<MessageListenerContainer, 'finished'>): Promise<never> =>
  container.finished.then(() => new Promise<never>(() => undefined));

/** How far the group's commits are behind the ends of the topic's partitions, in records. */
export async function lagOf(admin: KafkaAdmin, groupId: string, topic: string): Promise<number> {
  const committed = await admin.committedOffsets(groupId, [topic]);
  const partitions = await admin.offsets(topic);
  return partitions.reduce((lag, { partition, end }) => {
    const offset = committed.find((each) => each.partition === partition)?.offset ?? 0;
    return lag + end - offset;
  }, 0);
}
