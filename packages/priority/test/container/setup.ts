import type { ConsumerRecord, TopicPartition } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import type { ListenerContext } from '@hearken/listener';
import {
  eventLoopTurn,
  FakeConsumerFactory,
  ManualClock,
  Recorder,
  RecordingLogger,
  type FakeConsumer,
  type FakeLog,
  type RecordInit,
} from '@hearken/testing';
import {
  PriorityListenerContainer,
  type LevelName,
  type PriorityContainerProperties,
  type PriorityEvents,
} from '../../dist/index.js';

/** A call of the listener that the test ends. */
export interface Call {
  readonly record: ConsumerRecord;
  readonly context: ListenerContext;
  readonly level: LevelName;
  /** "2:0/7", level, partition and offset. */
  readonly at: string;
  readonly end: () => void;
  readonly fail: (error: unknown) => void;
}

/** A listener whose calls end when the test says so. */
export class ManualListener {
  readonly calls = new Recorder<Call>();

  readonly onMessage = (record: ConsumerRecord, context: ListenerContext, level: LevelName): Promise<void> => {
    const { promise, resolve, reject } = deferred();
    const at = `${level.priority}:${record.partition}/${record.offset}`;
    this.calls.record({ record, context, level, at, end: resolve, fail: reject });
    return promise;
  };

  /** The call for the record at "level:partition/offset", past or future; of several attempts the one asked for. */
  call(at: string, attempt = 1): Promise<Call> {
    return this.calls.first((call) => call.at === at && call.context.attempt === attempt);
  }

  /** Levels in the order their records started: "2210". */
  get order(): string {
    return this.calls.items.map(({ level }) => level.priority).join('');
  }
}

export interface Bundle {
  readonly clock: ManualClock;
  readonly logger: RecordingLogger;
  readonly listener: ManualListener;
  readonly factory: FakeConsumerFactory;
  readonly log: FakeLog;
  readonly container: PriorityListenerContainer;
  /** So many records at the end of the level's partitions, in turns. */
  readonly give: (level: number, count: number, init?: RecordInit) => void;
  readonly consumer: (level: number) => FakeConsumer;
  readonly committed: (level: number, partition: number) => number | undefined;
  readonly events: <Name extends keyof PriorityEvents>(name: Name) => Recorder<PriorityEvents[Name]>;
}

export type Own = Partial<PriorityContainerProperties> & {
  /** Of each level's topic. @default 2 */
  readonly partitions?: number;
};

/** Three levels of topic `t` on fake consumers. Unless told otherwise no record waits for another of its partition. */
export function setup({ partitions = 2, ...properties }: Own = {}): Bundle {
  const clock = new ManualClock();
  const logger = new RecordingLogger();
  const listener = new ManualListener();
  const factory = new FakeConsumerFactory({
    clock,
    groupId: 'g',
    assignOnSubscribe: (topics) => (topics as string[]).flatMap((topic) => partitionsOf(topic, partitions)),
  });
  const { log } = factory;
  const given = { topics: ['t'], levels: 3, listener, ordering: 'none', ...properties };
  const container = new PriorityListenerContainer(factory, given as PriorityContainerProperties, { clock, logger });
  return {
    clock,
    logger,
    listener,
    factory,
    log,
    container,
    give: (level, count, init) => {
      for (let i = 0; i < count; i++) log.append(`t-${level}`, i % partitions, init ?? {});
    },
    consumer: (level) => {
      const found = factory.consumers.items.find(({ subscription }) => subscribes(subscription, level));
      if (found === undefined) throw new Error(`level ${level} has no consumer`);
      return found;
    },
    committed: (level, partition) => log.committed(`g-${level}`, { topic: `t-${level}`, partition })?.offset,
    events: <Name extends keyof PriorityEvents>(name: Name) => {
      const recorder = new Recorder<PriorityEvents[Name]>();
      container.on(name, recorder.record);
      return recorder;
    },
  };
}

/** The same, started. */
export async function started(own?: Own): Promise<Bundle> {
  const bundle = setup(own);
  await bundle.container.start();
  return bundle;
}

const partitionsOf = (topic: string, count: number): TopicPartition[] =>
  Array.from({ length: count }, (_, partition) => ({ topic, partition }));

const subscribes = (subscription: readonly string[] | RegExp | undefined, level: number): boolean =>
  Array.isArray(subscription) && subscription.includes(`t-${level}`);

/** Waits, a turn of the event loop at a time, until it is so. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    if (turns === 10_000) throw new Error(`still not so: ${isSo.toString()}`);
    await eventLoopTurn();
  }
}

/** Lets what is under way come to rest: some turns of the event loop. Only before it is said what has *not* happened. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await eventLoopTurn();
}

/** Stops it, ending every listener that runs. */
export async function stopped({ container, listener }: Pick<Bundle, 'container' | 'listener'>): Promise<void> {
  const stopping = container.stop();
  for (const { end } of listener.calls.items) end();
  await stopping;
}

/** How often each level stands in the order, 0 first. */
export const counts = (order: string, levels = 3): number[] =>
  Array.from({ length: levels }, (_, level) => order.split(String(level)).length - 1);

/** Counters that add up at each level: what every test may end with. */
export const addsUp = ({ container }: Pick<Bundle, 'container'>): boolean =>
  container
    .metrics()
    .levels.every(
      ({ polled, processed, filtered, recovered, skipped, alreadyProcessed, abandoned, outstanding }) =>
        polled === processed + filtered + recovered + skipped + alreadyProcessed + abandoned + outstanding,
    );
