import type { ConsumerFactory, ConsumerOverrides, TopicPartition } from '@hearken/core';
import { FakeConsumer, type FakeConsumerOptions } from './fake-consumer.js';
import { FakeLog } from './fake-log.js';
import { Recorder } from './recorder.js';

export interface FakeConsumerFactoryOptions extends Omit<FakeConsumerOptions, 'groupId'> {
  readonly groupId?: string;
  /** @default 300000 */
  readonly maxPollIntervalMs?: number;
  /** What the factory says of it; the fakes know no bytes. @default none */
  readonly fetchMaxBytes?: number;
}

/** Makes fake consumers over one log and keeps them for the test. */
export class FakeConsumerFactory implements ConsumerFactory {
  readonly groupId: string | undefined;
  readonly maxPollIntervalMs: number;
  /** What `assignOnSubscribe` names and is not among them is not assigned. */
  readonly takesGroupPartitions = true;
  declare readonly fetchMaxBytes?: number;
  readonly log: FakeLog;
  readonly consumers = new Recorder<FakeConsumer>();
  /** What each consumer was asked for. */
  readonly overrides: ConsumerOverrides[] = [];
  readonly #options: FakeConsumerFactoryOptions;

  constructor(options: FakeConsumerFactoryOptions = {}) {
    this.groupId = options.groupId;
    this.maxPollIntervalMs = options.maxPollIntervalMs ?? 300_000;
    if (options.fetchMaxBytes !== undefined) this.fetchMaxBytes = options.fetchMaxBytes;
    this.log = options.log ?? new FakeLog();
    this.#options = options;
  }

  /** The consumer made last. */
  get consumer(): FakeConsumer {
    if (this.consumers.last === undefined) throw new Error('no consumer was made yet');
    return this.consumers.last;
  }

  createConsumer(overrides: ConsumerOverrides = {}): FakeConsumer {
    const { maxPollRecords = this.#options.maxPollRecords ?? 500 } = overrides;
    const groupId = overrides.groupId ?? this.groupId ?? null;
    const consumer = new FakeConsumer({
      ...this.#options,
      log: this.log,
      groupId,
      maxPollRecords,
      assignOnSubscribe: (topics) => this.#assigned(topics, overrides),
    });
    this.overrides.push(overrides);
    this.consumers.record(consumer);
    return consumer;
  }

  #assigned(topics: readonly string[] | RegExp, { groupPartitions }: ConsumerOverrides): readonly TopicPartition[] {
    const { assignOnSubscribe = [] } = this.#options;
    const assigned = typeof assignOnSubscribe === 'function' ? assignOnSubscribe(topics) : assignOnSubscribe;
    return assigned.filter(({ topic, partition }) => groupPartitions?.get(topic)?.includes(partition) ?? true);
  }
}
