import {
  FakeConsumerFactory,
  FakeLog,
  FakeProducerFactory,
  ManualClock,
  Recorder,
  RecordingLogger,
  type FakeProducer,
} from '@hearken/testing';
import { KafkaTemplate } from '@hearken/template';
import {
  CompensationListenerContainer,
  type CompensationEvents,
  type CompensationProperties,
  type ShedRange,
} from '../../dist/index.js';
import { distinct, ManualListener, setup, tp, until, type Bundle, type SetupOptions } from '../setup.js';

export const SHED_TOPIC = 'g-shed';

export const range = (from: number, to: number, partition = 0): ShedRange => ({ topic: 't', partition, from, to });

/** A log with so many records in partition 0 of topic `t`. */
export function logOf(count: number): FakeLog {
  const log = new FakeLog();
  log.append('t', 0, ...distinct(count));
  return log;
}

/** Time goes on until it is so. */
export const passing = (clock: ManualClock, isSo: () => boolean): Promise<void> =>
  until(() => {
    clock.advance(10);
    return isSo();
  });

/** A container that may shed, on one partition unless said otherwise, and the producer that writes its ranges. */
export async function shedding(
  properties: Parameters<typeof setup>[0] = {},
  options: SetupOptions = {},
): Promise<Bundle & { readonly producer: FakeProducer; readonly template: KafkaTemplate }> {
  const log = options.log ?? new FakeLog();
  const producers = new FakeProducerFactory({ log });
  const template = new KafkaTemplate(producers);
  const given = { ordering: 'key' as const, shed: { template, allowReorder: true }, ...properties };
  const bundle = setup(given, { partitions: [tp(0)], ...options, log });
  await template.execute(() => undefined); // makes its producer
  await bundle.container.start();
  return { ...bundle, producer: producers.producer, template };
}

/** The last word on each range, by key; without what was deleted. */
export function recorded(log: FakeLog, partitions = 1): Map<string, unknown> {
  const ranges = new Map<string, unknown>();
  for (let partition = 0; partition < partitions; partition++)
    for (const { key, value } of log.records(SHED_TOPIC, partition)) {
      if (value === null) ranges.delete(String(key));
      else ranges.set(String(key), JSON.parse(value.toString()));
    }
  return ranges;
}

/** Writes a range as a container does. */
export function record(
  log: FakeLog,
  range: ShedRange & { readonly done?: number; readonly topicId?: string },
  home = 0,
): void {
  const { topic, partition, from, to } = range;
  log.append(SHED_TOPIC, home, { key: `${topic}/${partition}/${from}/${to}`, value: JSON.stringify(range) });
}

export interface Compensating {
  readonly log: FakeLog;
  readonly clock: ManualClock;
  readonly logger: RecordingLogger;
  readonly listener: ManualListener;
  readonly producers: FakeProducerFactory;
  readonly factory: FakeConsumerFactory;
  readonly container: CompensationListenerContainer;
  /** The payloads of one event, as they come. */
  readonly events: <Name extends keyof CompensationEvents>(name: Name) => Recorder<CompensationEvents[Name]>;
}

export interface CompensatingOptions {
  readonly log: FakeLog;
  readonly clock?: ManualClock;
  /** Partitions of the shed topic that it is assigned. @default 0 */
  readonly homes?: readonly number[];
  readonly maxPollRecords?: number;
}

/** Compensates for group `g`. */
export function compensating(
  properties: Partial<CompensationProperties> = {},
  { log, clock = new ManualClock(), homes = [0], maxPollRecords = 500 }: CompensatingOptions,
): Compensating {
  const logger = new RecordingLogger();
  const listener = new ManualListener();
  const producers = new FakeProducerFactory({ log, partitions: Math.max(...homes, 0) + 1 });
  const assignOnSubscribe = homes.map((home) => tp(home, SHED_TOPIC));
  const factory = new FakeConsumerFactory({ clock, log, groupId: 'g', assignOnSubscribe, maxPollRecords });
  const container = new CompensationListenerContainer(
    factory,
    { shed: { template: new KafkaTemplate(producers) }, listener, concurrency: 10, ordering: 'key', ...properties },
    { clock, logger },
  );
  const events = <Name extends keyof CompensationEvents>(name: Name): Recorder<CompensationEvents[Name]> => {
    const recorder = new Recorder<CompensationEvents[Name]>();
    container.on(name, recorder.record);
    return recorder;
  };
  return { log, clock, logger, listener, producers, factory, container, events };
}
