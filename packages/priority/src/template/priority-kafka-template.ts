import {
  defaultLogger,
  IllegalStateError,
  systemClock,
  type CloseOptions,
  type PartitionInfo,
  type Producer,
  type ProducerFactory,
  type ProducerMetrics,
  type ProducerRecord,
} from '@hearken/core';
import { deferred, OptionsCheck } from '@hearken/core/internal';
import { KafkaTemplate, type Sendable, type SendOptions, type SendResult } from '@hearken/template';
import { PriorityOutOfRangeError } from '../errors.js';
import type { PriorityOrName } from '../levels.js';
import { holds, placeOf } from '../naming/level-place.js';
import { placingInto } from './bucket.js';
import { LentProducer } from './lent-producer.js';
import { PartitionCounts, type CountedLevel } from './partition-counts.js';
import {
  madeWith,
  resolvePriorityOptions,
  type PriorityKafkaTemplateOptions,
  type ResolvedPriorityOptions,
} from './priority-template-options.js';
import { refused } from './refused.js';
import { routedRecord } from './routed-record.js';
import { Routes, type Route } from './routes.js';

/** A record to send, with its logical topic. */
export interface PriorityRecord<K = Sendable, V = Sendable, Name extends string = string> extends ProducerRecord<K, V> {
  /** @default the template's `defaultPriority` */
  readonly priority?: PriorityOrName<Name> | undefined;
}

/**
 * Sends records of levels, each to where its level lives: level 2 of `orders` to `orders-2`, unless a naming says
 * otherwise. All that a `KafkaTemplate` promises holds; interceptors, serdes, the producer listener and the result see the
 * record with the topic it goes to. Records of one level and key keep their order; between levels there is none.
 *
 * The partition is chosen as the factory's producer does, so a key has the same number in all levels if they have equally
 * many partitions (checked: `unequalPartitions`). Where a level is some partitions of a topic, it is chosen among those: by
 * key, as Java does; without one in turn.
 *
 * Codes beside those of the `KafkaTemplate`: `PRIORITY_OUT_OF_RANGE`, `UNEQUAL_PARTITIONS`.
 */
export class PriorityKafkaTemplate<
  K = Sendable,
  V = Sendable,
  const Name extends string = string,
> implements AsyncDisposable {
  readonly #options: ResolvedPriorityOptions<K, V, Name>;
  readonly #producer: LentProducer;
  /** For levels that have a topic of their own, and for all that has no level. */
  readonly #main: KafkaTemplate<K, V>;
  /** One more for each level that is some partitions of a topic. */
  readonly #templates: KafkaTemplate<K, V>[];
  readonly #routes: Routes<K, V>;
  readonly #counts: PartitionCounts;
  #closing: Promise<void> | undefined;

  /** @throws KafkaConfigError */
  constructor(producerFactory: ProducerFactory, options: PriorityKafkaTemplateOptions<K, V, Name>) {
    const check = new OptionsCheck('PriorityKafkaTemplate');
    this.#options = resolvePriorityOptions(check, producerFactory, options);
    this.#producer = new LentProducer(producerFactory);
    this.#main = madeWith(check, () => new KafkaTemplate(this.#producer.lender(), this.#options.template));
    this.#templates = [this.#main];
    const { naming, unequalPartitions, template } = this.#options;
    this.#routes = new Routes({ naming, templateFor: (partitions) => this.#templateFor(partitions) });
    this.#counts = new PartitionCounts({
      unequalPartitions,
      partitionsFor: (topic) => this.#main.partitionsFor(topic),
      logger: template.logger ?? defaultLogger,
    });
  }

  /** Resolves when the record is acknowledged as the producer's `acks` says. */
  send(record: PriorityRecord<K, V, Name>): Promise<SendResult<K, V>>;
  /** @param priority the level by number or name; undefined: the `defaultPriority` */
  send(
    topic: string,
    priority: PriorityOrName<Name> | undefined,
    value: V,
    options?: SendOptions<K>,
  ): Promise<SendResult<K, V>>;
  send(
    topicOrRecord: string | PriorityRecord<K, V, Name>,
    priority?: PriorityOrName<Name>,
    value?: V,
    options?: SendOptions<K>,
  ): Promise<SendResult<K, V>> {
    if (typeof topicOrRecord !== 'object') return this.#sendTo(topicOrRecord, priority, value as V, options);
    return this.#sendRecord(topicOrRecord, priority ?? value ?? options);
  }

  /** Sends to the `defaultTopic`, which is a logical one. */
  sendDefault(
    priority: PriorityOrName<Name> | undefined,
    value: V,
    options?: SendOptions<K>,
  ): Promise<SendResult<K, V>> {
    const { defaultTopic } = this.#options;
    return defaultTopic === undefined
      ? this.#main.sendDefault(value)
      : this.#sendTo(defaultTopic, priority, value, options);
  }

  /** Lends the producer for what the template has no method for. It stays the template's: do not close it. */
  execute<R>(callback: (producer: Producer) => R | Promise<R>): Promise<R> {
    return this.#main.execute(callback);
  }

  /** Sends what is buffered at once; resolves when every record given before is settled, well or badly. */
  async flush(): Promise<void> {
    await this.#counts.settled();
    await Promise.all(this.#templates.map((template) => template.flush()));
  }

  /** Partitions of a level of a logical topic, or of all its levels, the least urgent first. */
  async partitionsFor(topic: string, priority?: PriorityOrName<Name>): Promise<readonly PartitionInfo[]> {
    const { levels, naming } = this.#options;
    const asked = priority === undefined ? levels.definitions.map((_, level) => level) : [levels.priorityOf(priority)];
    const found = asked.map(async (level) => {
      const place = placeOf(naming, topic, level);
      const all = await this.#main.partitionsFor(place.topic);
      return all.filter((info) => holds(place, info));
    });
    return (await Promise.all(found)).flat();
  }

  /** Of the template's producer: nothing but zeros before its first use. */
  metrics(): ProducerMetrics {
    return this.#producer.metrics() ?? this.#main.metrics();
  }

  /** Refuses new records, flushes, gives the producer back. Idempotent. */
  close(options?: CloseOptions): Promise<void> {
    return (this.#closing ??= this.#close(options?.timeoutMs ?? CLOSE_TIMEOUT_MS));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A level or a key beside a record would be lost without a word. */
  #sendRecord(record: PriorityRecord<K, V, Name>, extra: unknown): Promise<SendResult<K, V>> {
    if (extra === undefined && isObject(record) && isTopic(record.topic)) {
      return this.#send(record.topic, record.priority, record.value, record);
    }
    return this.#main.send(record as never, extra as never); // refused in the words of the template
  }

  #sendTo(topic: string, priority: PriorityOrName<Name> | undefined, value: V, options: SendOptions<K> = NO_OPTIONS) {
    if (isObject(options) && isTopic(topic)) return this.#send(topic, priority, value, options);
    return this.#main.send(topic, value, options); // refused in the words of the template
  }

  #send(topic: string, given: PriorityOrName<Name> | undefined, value: V, options: SendOptions<K>) {
    let record: ProducerRecord<K, V> | undefined;
    try {
      if (this.#closing !== undefined) throw new IllegalStateError('the template is closed', 'TEMPLATE_CLOSED');
      const priority = this.#levelOf(given);
      const route = this.#routes.to(topic, priority, options.partition);
      record = routedRecord(route.place.topic, value, options, this.#options.priorityHeader ? priority : undefined);
      const checking = isPlacedByKey(record, route) ? this.#counts.check(route) : undefined;
      return checking === undefined ? route.template.send(record) : this.#sendAfter(checking, route, record);
    } catch (error) {
      return this.#refuse(record ?? { ...options, topic, value }, error);
    }
  }

  #sendAfter(checking: Promise<void>, { template }: Route<K, V>, record: ProducerRecord<K, V>) {
    return checking.then(
      () => template.send(record),
      (error: unknown) => this.#refuse(record, error),
    );
  }

  #refuse(record: ProducerRecord<K, V>, error: unknown): Promise<SendResult<K, V>> {
    return refused(record, error, this.#options.template);
  }

  #levelOf(given: PriorityOrName<Name> | undefined): number {
    const { levels, defaultPriority, outOfRange } = this.#options;
    const priority = given === undefined ? defaultPriority : levels.find(given);
    if (priority !== undefined) return priority;
    if (outOfRange === 'throw' || !Number.isSafeInteger(given))
      throw new PriorityOutOfRangeError(levels.explain(given));
    return (given as number) < 0 ? 0 : levels.count - 1;
  }

  #templateFor(partitions: readonly number[] | undefined): KafkaTemplate<K, V> {
    if (partitions === undefined) return this.#main;
    const template = new KafkaTemplate<K, V>(this.#producer.lender(placingInto(partitions)), this.#options.template);
    this.#templates.push(template);
    return template;
  }

  async #close(timeoutMs: number): Promise<void> {
    const clock = this.#options.template.clock ?? systemClock;
    const deadline = clock.monotonic() + timeoutMs;
    const left = (): CloseOptions => ({ timeoutMs: Math.max(0, deadline - clock.monotonic()) });
    const timedOut = deferred();
    const timer = clock.setTimer(timedOut.resolve, timeoutMs);
    await Promise.race([this.#counts.settled(), timedOut.promise]);
    timer.clear();
    await Promise.all(this.#templates.map((template) => template.close(left())));
    await this.#producer.close(left());
  }
}

const CLOSE_TIMEOUT_MS = 30_000;

const NO_OPTIONS = Object.freeze({});

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

const isTopic = (topic: unknown): boolean => typeof topic === 'string' && topic !== '';

/** Whether a key decides which partition of the whole topic the record goes to. */
const isPlacedByKey = ({ key, partition }: ProducerRecord<unknown, unknown>, { place }: CountedLevel): boolean =>
  key !== undefined && key !== null && partition === undefined && place.partitions === undefined;
