import { PriorityKafkaTemplate, type PriorityKafkaTemplateOptions } from '@hearken/priority';
import type { Sendable } from '@hearken/template';
import { FakeProducerFactory, ManualClock, RecordingLogger, type FakeLog, type FakeProducer } from '@hearken/testing';

export interface Setup<K, V, Name extends string> {
  readonly template: PriorityKafkaTemplate<K, V, Name>;
  readonly factory: FakeProducerFactory;
  readonly log: FakeLog;
  readonly logger: RecordingLogger;
  readonly clock: ManualClock;
}

/** A template over a fake producer whose topics have six partitions, or as many as `partitions` says. */
export function setup<K = Sendable, V = Sendable, const Name extends string = string>({
  partitions = {},
  ...options
}: PriorityKafkaTemplateOptions<K, V, Name> & { readonly partitions?: Readonly<Record<string, number>> }): Setup<
  K,
  V,
  Name
> {
  const logger = new RecordingLogger();
  const clock = new ManualClock();
  const factory = new CountedTopics(partitions, clock);
  const template = new PriorityKafkaTemplate<K, V, Name>(factory, { logger, clock, ...options });
  return { template, factory, log: factory.log, logger, clock };
}

/** Fake producers whose topics differ in partitions. */
class CountedTopics extends FakeProducerFactory {
  readonly #counts: Readonly<Record<string, number>>;

  constructor(counts: Readonly<Record<string, number>>, clock: ManualClock) {
    super({ partitions: 6, clock });
    this.#counts = counts;
  }

  override createProducer(): FakeProducer {
    const producer = super.createProducer();
    const all = producer.partitionsFor.bind(producer);
    producer.partitionsFor = async (topic) => {
      const count = this.#counts[topic] ?? 6;
      if (count === 0) throw new Error(`there is no ${topic}`);
      return (await all(topic)).slice(0, count);
    };
    return producer;
  }
}
