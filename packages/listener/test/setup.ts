import { deferred } from '@hearken/core/internal';
import type { ConsumerRecord, TopicPartition } from '@hearken/core';
import {
  eventLoopTurn,
  FakeConsumerFactory,
  ManualClock,
  Recorder,
  RecordingLogger,
  type RecordInit,
} from '@hearken/testing';
import {
  MessageListenerContainer,
  type ContainerEvents,
  type ContainerProperties,
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

type Properties = Partial<ContainerProperties>;

/**
 * A container on a fake consumer, and what a test needs around it. Partitions 0 and 1 of topic `t` are assigned on start
 * unless `partitions` says otherwise.
 */
export function setup(
  properties: Properties = {},
  { partitions = [tp(0), tp(1)], groupId = 'g' as string | null, maxPollIntervalMs = 300_000 } = {},
) {
  const clock = new ManualClock();
  const logger = new RecordingLogger();
  const listener = new ManualListener();
  const factory = new FakeConsumerFactory({
    clock,
    assignOnSubscribe: partitions,
    maxPollIntervalMs,
    ...(groupId === null ? {} : { groupId }),
  });
  const source = properties.topicPartitions ?? properties.topicPattern ?? properties.topics;
  const container = new MessageListenerContainer(
    factory,
    {
      ...(source === undefined ? { topics: ['t'] } : {}),
      listener,
      concurrency: 10,
      ...properties,
    } as ContainerProperties,
    { clock, logger },
  );
  return {
    clock,
    logger,
    listener,
    factory,
    container,
    log: factory.log,
    /** Appends records to partition `partition` of topic `t`. */
    give: (partition: number, ...records: readonly RecordInit[]) => void factory.log.append('t', partition, ...records),
    /** The payloads of one event, as they come. */
    events: <Name extends keyof ContainerEvents>(name: Name): Recorder<ContainerEvents[Name]> => {
      const recorder = new Recorder<ContainerEvents[Name]>();
      container.on(name, recorder.record);
      return recorder;
    },
    committed: (partition: number) => factory.log.committed('g', tp(partition))?.offset,
  };
}

export type Bundle = ReturnType<typeof setup>;

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

/** Counters that add up: what every test may end with. */
export function addsUp({ container }: Pick<Bundle, 'container'>): boolean {
  const { polled, processed, abandoned, outstanding } = container.metrics();
  return polled === processed + abandoned + outstanding;
}
