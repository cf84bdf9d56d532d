import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaTemplate,
  MessageListenerContainer,
} from 'hearken';
import { payloads } from './payloads.js';
import type { Figures, Turn, TurnContext } from './scenario.js';
import { Tally } from './tally.js';
import { committedRecords, deleteGroup, withTopic } from './topics.js';

/** How records lie in a topic, and who reads them. */
export interface Shape {
  readonly partitions: number;
  /** The first so many have records. */
  readonly filled: number;
  readonly containers: number;
}

export interface ShapeSettings {
  readonly [name: string]: number;
  /** Records a turn reads. */
  readonly n: number;
  readonly keys: number;
  readonly size: number;
  readonly partitions: number;
  /** Records of a batch. */
  readonly batch: number;
}

const BATCHES_AT_ONCE = 20;
/** How long the members of a group may take to share its partitions. */
const ASSIGNMENT_MS = 60_000;

/** A turn of Hearken alone that reads a topic of its own, because another side's topic has another shape. */
export function reading<S extends ShapeSettings>(shapeOf: (settings: S) => Shape): Turn<S> {
  return (context) => {
    const { brokers, settings } = context;
    const shape = shapeOf(settings);
    const topic = `${context.topic}-${randomUUID()}`;
    return withTopic(brokers, topic, { ...settings, ...shape, records: 0 }, async () => {
      await fill(brokers, topic, shape.filled, settings);
      return read({ ...context, topic }, shape);
    });
  };
}

/**
 * Batches of one size on both sides: small ones cost more, and that is not what is compared. Not filled by kafkajs, which
 * writes records twice when a partition just made has no leader yet.
 */
async function fill(brokers: string[], topic: string, partitions: number, settings: ShapeSettings): Promise<void> {
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory({ brokers, clientId: 'bench-fill' }));
  try {
    let sends: Promise<unknown>[] = [];
    let made = 0;
    for (const { key, value } of payloads(settings.n, settings.keys, settings.size)) {
      const partition = Math.floor(made++ / settings.batch) % partitions;
      sends.push(template.send(topic, value, { key, partition }));
      if (sends.length < BATCHES_AT_ONCE * settings.batch && made < settings.n) continue;
      await Promise.all(sends);
      sends = [];
    }
  } finally {
    await template.close();
  }
}

/** The time starts when the group has settled: joining is not what is compared. */
async function read<S extends ShapeSettings>(context: TurnContext<S>, shape: Shape): Promise<Figures> {
  const { brokers, topic, settings } = context;
  const groupId = `bench-${randomUUID()}`;
  const tally = new Tally(settings.n, settings.size);
  const factory = new DefaultKafkaConsumerFactory(
    { brokers, clientId: 'bench-hearken' },
    { groupId, autoOffsetReset: 'earliest' },
  );
  const all = Array.from(
    { length: shape.containers },
    () =>
      new MessageListenerContainer(factory, {
        topics: [topic],
        concurrency: settings.partitions,
        // eslint-disable-next-line @typescript-eslint/require-await -- as a user's listener is
        listener: async ({ value }) => {
          tally.count(value);
        },
      }),
  );
  try {
    for (const container of all) container.pause();
    await Promise.all(all.map((container) => container.start()));
    await shared(all, shape.partitions);
    for (const container of all) container.resume();
    const figures = await tally.figures();
    await Promise.all(all.map((container) => container.stop()));
    const committed = await committedRecords(brokers, groupId, topic);
    if (committed !== settings.n) throw new Error(`${committed} of ${settings.n} records are committed`);
    return figures;
  } finally {
    await Promise.all(all.map((container) => container.stop()));
    await deleteGroup(brokers, groupId);
  }
}

async function shared(containers: readonly MessageListenerContainer[], partitions: number): Promise<void> {
  const share = partitions / containers.length;
  const deadline = performance.now() + ASSIGNMENT_MS;
  while (containers.some((container) => Math.abs(container.assignment().length - share) >= 1)) {
    if (performance.now() > deadline) throw new Error('the group did not share its partitions');
    await sleep(50);
  }
}
