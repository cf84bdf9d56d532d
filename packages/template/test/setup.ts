import { KafkaTemplate, type KafkaTemplateOptions, type Sendable } from '@hearken/template';
import { FakeProducerFactory, ManualClock, RecordingLogger, type FakeLog } from '@hearken/testing';

export interface Setup<K, V> {
  readonly template: KafkaTemplate<K, V>;
  /** Makes fake producers; its `producer` is the template's. */
  readonly factory: FakeProducerFactory;
  readonly log: FakeLog;
  readonly logger: RecordingLogger;
  readonly clock: ManualClock;
}

/** A template over fake producers whose topics have four partitions. */
export function setup<K = Sendable, V = Sendable>(options: KafkaTemplateOptions<K, V> = {}): Setup<K, V> {
  const logger = new RecordingLogger();
  const clock = new ManualClock();
  const factory = new FakeProducerFactory({ partitions: 4, clock });
  const template = new KafkaTemplate<K, V>(factory, { logger, clock, ...options });
  return { template, factory, log: factory.log, logger, clock };
}

/** Rejects, and is no `Promise`: as those of other libraries. */
export const foreignRejection = (error: Error): PromiseLike<never> => ({
  then: (...handlers) => Promise.reject(error).then(...handlers),
});
