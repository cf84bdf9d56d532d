import { randomUUID } from 'node:crypto';
import type { Consumer } from 'kafkajs';
import {
  DefaultKafkaConsumerFactory,
  PriorityListenerContainer,
  silentLogger,
  type ConsumerOptions,
  type PriorityContainerProperties,
} from 'hearken';
import { connectConsumer, PARTITIONS_CONSUMED_CONCURRENTLY } from '../kafkajs-peer.js';
import { deleteGroup } from '../topics.js';
import type { flipkartReader } from './flipkart-reader.js';
import type { LevelTopics } from './level-topics.js';

/** What handles a record of a level, whoever reads it. */
export type Handle = (level: number, value: Buffer | null) => unknown;

/** Reads all levels until it is stopped. */
export interface Reader {
  stop(): Promise<void>;
  /** Of its process so far. @default this one is its process */
  readonly cpuMs?: () => Promise<number>;
}

export type PriorityReader = Reader & { readonly container: PriorityListenerContainer; readonly groupId: string };

/** Of a container and its consumers, beside what all readers have. */
export type OwnProperties = Partial<PriorityContainerProperties> & { readonly consumer?: Partial<ConsumerOptions> };

/** A priority container that has started. */
export async function priorityReader(
  brokers: string[],
  topics: LevelTopics,
  { consumer, ...own }: OwnProperties,
  handle: Handle,
): Promise<PriorityReader> {
  const groupId = `bench-${randomUUID()}`;
  const factory = new DefaultKafkaConsumerFactory(
    { brokers, clientId: 'bench-hearken' },
    { groupId, autoOffsetReset: 'earliest', ...consumer },
  );
  const properties = {
    topics: [topics.logical],
    levels: topics.names.length,
    ordering: 'none',
    listener: ({ value }, _context, { priority }) => handle(priority, value),
    ...own,
  } as PriorityContainerProperties;
  const container = new PriorityListenerContainer(factory, properties, { logger: silentLogger }); // faults are made here
  const stop = async (): Promise<void> => {
    await container.stop();
    for (const level of topics.names.keys()) await deleteGroup(brokers, `${groupId}-${level}`).catch(() => undefined);
  };
  await container.start();
  return { container, groupId, stop };
}

/**
 * Flipkart's client. Loaded when its turn needs it: it has the tools that fetch it with it.
 * @throws PeerNotAvailable
 */
export const flipkart: typeof flipkartReader = async (...args) =>
  (await import('./flipkart-reader.js')).flipkartReader(...args);

/** What people do today: a kafkajs consumer for each level, all in one process. None knows of the others' slots. */
export async function kafkajsReaders(brokers: string[], topics: LevelTopics, handle: Handle): Promise<Reader> {
  const consumers = new Map<string, Consumer>();
  const stop = async (): Promise<void> => {
    await Promise.all([...consumers.values()].map((consumer) => consumer.disconnect()));
    for (const groupId of consumers.keys()) await deleteGroup(brokers, groupId).catch(() => undefined);
  };
  for (const [level, topic] of topics.names.entries()) {
    const groupId = `bench-${randomUUID()}`;
    const consumer = await connectConsumer(brokers, groupId);
    consumers.set(groupId, consumer);
    const joined = new Promise<void>((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      partitionsConsumedConcurrently: PARTITIONS_CONSUMED_CONCURRENTLY,
      eachMessage: async ({ message }) => {
        await handle(level, message.value);
      },
    });
    await joined;
  }
  return { stop };
}
