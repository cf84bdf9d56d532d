import { randomUUID } from 'node:crypto';
import {
  DefaultKafkaConsumerFactory,
  MessageListenerContainer,
  silentLogger,
  type ConsumerRecord,
  type RecordContainerProperties,
} from 'hearken';
import { HandlerProbe, type ProbeInit } from '../handler-probe.js';
import type { Figures, TurnContext } from '../scenario.js';
import { committedRecords, deleteGroup } from '../topics.js';
import { ContainerObserver } from './container-observer.js';
import { TimedFactory } from './timed-factory.js';

/** How a container reads, and what its handlers do. */
export interface Reading extends ProbeInit {
  /** What the next handler waits. @default workMs */
  readonly takesMs?: () => number;
  /** Calls the handler, if not at once. @default it is what the container calls */
  readonly schedule?: (handle: () => Promise<void>, record: ConsumerRecord) => Promise<void>;
  readonly properties?: Partial<RecordContainerProperties>;
  /** @default one of its own, which goes in the end */
  readonly groupId?: string;
  /** Until it is resumed. @default false */
  readonly isPaused?: boolean;
}

/** What of it is measured. */
export type Measure = (probe: HandlerProbe, reader: Reader) => Promise<Figures>;

/** A container that reads. */
export interface Reader {
  readonly groupId: string;
  readonly container: MessageListenerContainer;
}

/** A turn of a container that keeps the order of keys, unless its properties say otherwise, while handlers wait. */
export async function reading(
  { brokers, topic }: Pick<TurnContext, 'brokers' | 'topic'>,
  { takesMs, schedule, properties, isPaused = false, ...init }: Reading,
  measure: Measure,
): Promise<Figures> {
  const groupId = init.groupId ?? `bench-${randomUUID()}`;
  const probe = new HandlerProbe(init);
  const factory = new TimedFactory(
    new DefaultKafkaConsumerFactory({ brokers, clientId: 'bench-hearken' }, { groupId, autoOffsetReset: 'earliest' }),
    topic,
  );
  async function handle({ key, partition, offset }: ConsumerRecord): Promise<void> {
    observer.waited(factory.waitedMs(partition, offset));
    const startedAt = probe.start(key, offset);
    await after(takesMs?.() ?? init.workMs);
    probe.end(key, startedAt);
  }
  const container = new MessageListenerContainer(
    factory,
    {
      topics: [topic],
      ordering: 'key',
      concurrency: init.concurrency,
      ...properties,
      listener: schedule === undefined ? handle : (record) => schedule(() => handle(record), record),
    },
    properties?.windowRecords === undefined ? {} : { logger: silentLogger }, // it is meant to be filled
  );
  using observer = new ContainerObserver(container);
  try {
    if (isPaused) container.pause();
    await container.start();
    const figures = await measure(probe, { groupId, container });
    return { ...figures, ...observer.figures() };
  } finally {
    await container.stop();
    if (init.groupId === undefined) await deleteGroup(brokers, groupId);
  }
}

/** From the first record to the last; they are committed in the end, or it rejects. */
export const wholeOf =
  (context: Pick<TurnContext, 'brokers' | 'topic'>, records: number): Measure =>
  async (probe, { container, groupId }) => {
    const figures = await probe.whole(records);
    await container.stop();
    const committed = await committedRecords(context.brokers, groupId, context.topic);
    if (committed !== records) throw new Error(`${committed} of ${records} records are committed`);
    return figures;
  };

/** A timer and its promise, and nothing else: that of `timers/promises` checks its arguments and looks for a signal each time. */
export const after = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
