import type { Bytes, Clock, ConsumerFactory } from '@hearken/core';
import {
  MessageListenerContainer,
  type BatchListenerFunction,
  type ContainerDependencies,
  type ContainerProperties,
  type MessageListenerFunction,
} from '@hearken/listener';
import type { LevelExecutor } from '../dispatch/level-executor.js';
import type { PriorityDispatcher } from '../dispatch/priority-dispatcher.js';
import { LatencySample, type LatencyHistogram } from './latency-sample.js';
import type {
  PriorityBatchListener,
  PriorityBatchListenerFunction,
  PriorityListener,
  PriorityListenerFunction,
  PriorityListeners,
} from './priority-container-properties.js';
import type { LevelName } from './priority-events.js';

export interface PriorityLevelInit<K, V> extends LevelName {
  readonly consumerFactory: ConsumerFactory;
  readonly dispatcher: PriorityDispatcher;
  readonly executor: LevelExecutor;
  readonly clock: Clock;
  readonly listeners: PriorityListeners<K, V>;
  /** All but the listener. */
  readonly properties: Partial<ContainerProperties<K, V>>;
  readonly dependencies: ContainerDependencies;
}

/** One level of a priority container, for who wants to steer it. */
export class PriorityLevel<K = Bytes, V = Bytes> implements LevelName {
  readonly priority: number;
  readonly name: string;
  /** The container of its own that reads the level: to seek, to pause partitions, to watch. Stopping it stops all levels. */
  readonly container: MessageListenerContainer<K, V>;
  readonly #dispatcher: PriorityDispatcher;
  readonly #executor: LevelExecutor;
  readonly #latency: LatencySample;

  /** @throws KafkaConfigError, the plain container's */
  constructor(init: PriorityLevelInit<K, V>) {
    const { priority, name, consumerFactory, executor, listeners, properties, dependencies } = init;
    this.priority = priority;
    this.name = name;
    this.#dispatcher = init.dispatcher;
    this.#executor = executor;
    this.#latency = new LatencySample(init.clock);
    const { listener, batchListener } = listeners;
    const level = { priority, name };
    const all = {
      ...properties,
      ...(listener && { listener: listenerOf(listener, level, this.#latency) }),
      ...(batchListener && { batchListener: batchListenerOf(batchListener, level, this.#latency) }),
      taskExecutor: executor,
    };
    this.container = new MessageListenerContainer<K, V>(
      consumerFactory,
      all as ContainerProperties<K, V>,
      dependencies,
    );
  }

  get isPaused(): boolean {
    return this.#dispatcher.isPaused(this.priority);
  }

  /** A moving mean of how old records are when they start, of a batch its first, in milliseconds; see `LevelMetrics.latencyMs`. */
  get latencyMs(): number | undefined {
    return this.#latency.meanMs;
  }

  /** The same records, counted by how old they were. */
  get latencyHistogram(): LatencyHistogram {
    return this.#latency.histogram;
  }

  /** Whether it has a record that may start: one that does not wait for another of its partition or key, nor to be tried again. */
  get isReady(): boolean {
    return this.#executor.isReady;
  }

  /**
   * From now on no record of the level starts, nor one that is parked, until `resume`. Listeners that run go on; the level
   * stays in its group, keeps what it has polled, and polls no more when its buffer is full.
   */
  pause(): void {
    this.#dispatcher.pause(this.priority);
  }

  resume(): void {
    this.#dispatcher.resume(this.priority);
  }
}

function listenerOf<K, V>(
  listener: PriorityListener<K, V>,
  level: LevelName,
  latency: LatencySample,
): MessageListenerFunction<K, V> {
  const call: PriorityListenerFunction<K, V> =
    typeof listener === 'function' ? listener : (record, context) => listener.onMessage(record, context, level);
  return (record, context) => {
    latency.started(record.timestamp);
    return call(record, context, level);
  };
}

function batchListenerOf<K, V>(
  listener: PriorityBatchListener<K, V>,
  level: LevelName,
  latency: LatencySample,
): BatchListenerFunction<K, V> {
  const call: PriorityBatchListenerFunction<K, V> =
    typeof listener === 'function' ? listener : (records, context) => listener.onBatch(records, context, level);
  return (records, context) => {
    const [first] = records;
    if (first !== undefined) latency.started(first.timestamp);
    return call(records, context, level);
  };
}
