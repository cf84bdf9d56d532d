import { deferred } from '@hearken/core/internal';
import type { ConsumerRecord, TopicPartition } from '@hearken/core';
import {
  eventLoopTurn,
  FakeConsumerFactory,
  FakeLog,
  ManualClock,
  Recorder,
  RecordingLogger,
  type RecordInit,
} from '@hearken/testing';
import {
  MessageListenerContainer,
  type ContainerEvents,
  type ContainerMetrics,
  type RecordContainerProperties,
  type ListenerContext,
  type StopReport,
} from '../dist/index.js';

/** A call of the listener that the test ends. */
export interface Call {
  readonly record: ConsumerRecord;
  readonly context: ListenerContext;
  /** "1/7", partition and offset. */
  readonly at: string;
  readonly end: () => void;
  readonly fail: (error: unknown) => void;
}

/** A listener whose calls end when the test says so. */
export class ManualListener {
  readonly calls = new Recorder<Call>();

  readonly onMessage = (record: ConsumerRecord, context: ListenerContext): Promise<void> => {
    const { promise, resolve, reject } = deferred();
    const at = `${record.partition}/${record.offset}`;
    this.calls.record({ record, context, at, end: resolve, fail: reject });
    return promise;
  };

  /** The call for the record at "partition/offset", past or future; of several attempts the one asked for. */
  call(at: string, attempt = 1): Promise<Call> {
    return this.calls.first((call) => call.at === at && call.context.attempt === attempt);
  }

  get order(): string[] {
    return this.calls.items.map(({ at }) => at);
  }
}

export const tp = (partition: number, topic = 't'): TopicPartition => ({ topic, partition });

export interface Bundle {
  readonly clock: ManualClock;
  readonly logger: RecordingLogger;
  readonly listener: ManualListener;
  readonly factory: FakeConsumerFactory;
  readonly container: MessageListenerContainer;
  readonly log: FakeLog;
  /** Appends records to partition `partition` of topic `t`. */
  readonly give: (partition: number, ...records: readonly RecordInit[]) => void;
  /** The payloads of one event, as they come. */
  readonly events: <Name extends keyof ContainerEvents>(name: Name) => Recorder<ContainerEvents[Name]>;
  /** What group `g` committed of topic `t`. */
  readonly committed: (partition: number) => number | undefined;
}

export interface SetupOptions {
  /** Assigned on start. @default 0 and 1 of topic `t` */
  readonly partitions?: readonly TopicPartition[];
  /** @default 'g'; null is none */
  readonly groupId?: string | null;
  readonly maxPollIntervalMs?: number;
  /** @default a log of its own */
  readonly log?: FakeLog;
}

/** A container on a fake consumer, and what a test needs around it. */
export function setup(
  properties: Partial<RecordContainerProperties> = {},
  { partitions = [tp(0), tp(1)], groupId = 'g', maxPollIntervalMs = 300_000, log = new FakeLog() }: SetupOptions = {},
): Bundle {
  const clock = new ManualClock();
  const logger = new RecordingLogger();
  const listener = new ManualListener();
  const group = groupId === null ? {} : { groupId };
  const factory = new FakeConsumerFactory({ clock, log, assignOnSubscribe: partitions, maxPollIntervalMs, ...group });
  const source = properties.topicPartitions ?? properties.topicPattern ?? properties.topics;
  const topics = source === undefined ? { topics: ['t'] } : {};
  const capacity = properties.taskExecutor === undefined ? { concurrency: 10 } : {};
  const container = new MessageListenerContainer(
    factory,
    { ...topics, ...capacity, listener, ...properties },
    { clock, logger },
  );
  return {
    clock,
    logger,
    listener,
    factory,
    container,
    log,
    give: (partition, ...records) => void log.append('t', partition, ...records),
    events: <Name extends keyof ContainerEvents>(name: Name) => {
      const recorder = new Recorder<ContainerEvents[Name]>();
      container.on(name, recorder.record);
      return recorder;
    },
    committed: (partition) => log.committed('g', tp(partition))?.offset,
  };
}

/** The same, started. */
export async function started(...args: Parameters<typeof setup>): Promise<Bundle> {
  const bundle = setup(...args);
  await bundle.container.start();
  return bundle;
}

/** Waits, a turn of the event loop at a time, until it is so. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    if (turns === 10_000) throw new Error(`still not so: ${isSo.toString()}`);
    await eventLoopTurn();
  }
}

/** Stops the container while listeners hang: moves the clock past the time they are given. */
export async function stopNow({ container, clock }: Pick<Bundle, 'container' | 'clock'>): Promise<StopReport> {
  const stopping = container.stop({ timeoutMs: 1 });
  await until(() => {
    clock.advance(0); // a commit may be due
    return clock.nextDueInMs === 1;
  });
  clock.advance(1);
  return stopping;
}

/** Records that carry their key and nothing else. */
export const keyed = (...keys: readonly (string | null)[]): RecordInit[] => keys.map((key) => ({ key }));

/** So many records, no two with the same key. */
export const distinct = (count: number): RecordInit[] => Array.from({ length: count }, (_, i) => ({ key: `key-${i}` }));

/** Counters that add up: what every test may end with. */
export function addsUp({ container }: { readonly container: { metrics(): ContainerMetrics } }): boolean {
  const { polled, processed, filtered, recovered, parked, skipped, alreadyProcessed, abandoned, outstanding } =
    container.metrics();
  return polled === processed + filtered + recovered + parked + skipped + alreadyProcessed + abandoned + outstanding;
}
