import {
  KafkaError,
  type Bytes,
  type Clock,
  type Consumer,
  type ConsumerFactory,
  type ConsumerRecord,
  type Logger,
  type TopicPartition,
} from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';
import { AsyncTaskExecutor } from '@hearken/executor';
import type { GuardedEvents } from '../container-events.js';
import type { ContainerCounters } from '../container-metrics.js';
import type { RecordContainerProperties } from '../container-properties.js';
import { SelectedKeys } from '../dispatch/selected-keys.js';
import type { ErrorHandler } from '../failure/error-handler.js';
import type { GracePeriod } from '../grace-period.js';
import type { Called, ListenerInvoker } from '../invoke/listener-invoker.js';
import { keyText } from '../key-text.js';
import type { ListenerContainer } from '../message-listener.js';
import type { MessageListenerContainer } from '../message-listener-container.js';
import type { Ownership } from '../offsets/ownership.js';
import type { ResolvedContainerProperties } from '../resolved-properties.js';
import { BusyKeys, type StrayOf } from './busy-keys.js';
import { isFollowers } from './followers.js';
import { ParkedContext } from './parked-context.js';
import { ParkedErrorHandler } from './parked-error-handler.js';
import { ParkedPartition, type ParkedPartitionHost, type ParkedWork } from './parked-partition.js';
import { ParkedReading } from './parked-reading.js';
import { isWork, unparked } from './parked-record.js';
import type { ParkingProperties } from './parking-properties.js';

export interface ParkingInit {
  readonly properties: ResolvedContainerProperties;
  readonly parking: Required<ParkingProperties>;
  readonly factory: ConsumerFactory;
  readonly newContainer: (factory: ConsumerFactory, properties: RecordContainerProperties) => MessageListenerContainer;
  readonly invoker: ListenerInvoker;
  /** As listeners see it. */
  readonly container: ListenerContainer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: GuardedEvents;
  readonly counters: ContainerCounters;
  readonly onFatal: (error: unknown) => void;
  readonly strayOf: StrayOf;
}

/** A key whose records are parked. */
export interface ParkedKeySnapshot extends TopicPartition {
  /** As text, or in hexadecimal digits after `0x`; of a long one the beginning. Null for records without one. */
  readonly key: string | null;
  readonly parkedMs: number;
}

/** Lists are for people to look at. */
const LONGEST_LIST = 100;

/** Keeps the records of keys that cannot go on out of the way of all others: see `ParkedKeys` for why that keeps their order. */
export class Parking implements Pick<ErrorHandler, 'recoverer' | 'recoveryBackOff'> {
  /** When parking a record is tried again. */
  readonly recoveryBackOff: ErrorHandler['recoveryBackOff'];
  readonly #init: ParkingInit;
  readonly #host: ParkedPartitionHost;
  readonly #slots: AsyncTaskExecutor;
  readonly #busyKeys: BusyKeys;
  readonly #partitions = new Map<string, ParkedPartition>();
  readonly #reading: ParkedReading;
  #interruption = new AbortController();

  constructor(init: ParkingInit) {
    this.#init = init;
    this.recoveryBackOff = init.properties.errorHandler.recoveryBackOff;
    this.#busyKeys = new BusyKeys(init.strayOf);
    this.#slots = new AsyncTaskExecutor({ concurrency: init.parking.concurrency });
    this.#host = this.#newHost();
    this.#reading = new ParkedReading({ ...init, newConsumer: () => this.#newConsumer() });
  }

  /** Resolves when the record is parked, or instead of it all `Followers` that are given as the error. */
  readonly recoverer = async (record: ConsumerRecord, error: unknown): Promise<void> => {
    const parked = this.#of(record);
    if (parked === undefined) throw new KafkaError('its partition was given up', { code: 'PARTITION_REVOKED' });
    await (isFollowers(error) ? parked.follow(error) : parked.park(record, error));
  };

  /**
   * Finds out what is parked of these partitions. To be awaited after their committed offsets were read, and before the first
   * of their records is dispatched.
   * @param generation of the group, in which they were assigned
   * @throws KafkaError `PARKING_LOOP`, `PARKED_TOPIC_MISSING`, `PARKED_TOPIC_COMPACTED`, `PARKED_TOPIC_MISMATCH`, `ACKS_NOT_ALL`
   */
  async assigned(partitions: readonly TopicPartition[], generation: number): Promise<void> {
    if (partitions.length === 0 || this.#interruption.signal.aborted) return;
    const { signal } = this.#interruption;
    const found = partitions.map((at) => new ParkedPartition(this.#host, at, generation));
    if (!(await this.#reading.read(found, signal)) || signal.aborted) return;
    for (const parked of found) this.#partitions.set(topicPartitionKey(parked.place), parked);
  }

  /** An ownership of an assigned partition begins. */
  begun(ownership: Ownership): void {
    ownership.parked = this.#of(ownership);
    ownership.parked?.begun(ownership);
  }

  /** Until `end`, nobody waits for `assigned`, and nothing is worked off of what is assigned meanwhile: the consumer closes. */
  interrupt(): void {
    this.#interruption.abort();
  }

  /** Works off nothing of these any more. @returns whether nothing was cut short. Never rejects. */
  async giveUp(ownerships: readonly Ownership[], grace: GracePeriod): Promise<boolean> {
    const left = parkedOf(ownerships);
    const stopped = Promise.all(left.map((parked) => parked.stop({ timeoutMs: grace.remainingMs() })));
    if (!(await grace.covers(stopped))) for (const parked of left) void parked.stop({ immediate: true });
    return (await stopped).every(Boolean);
  }

  /** They are gone already: nothing is waited for. */
  async lose(ownerships: readonly Ownership[]): Promise<void> {
    this.forget(ownerships);
    await Promise.all(parkedOf(ownerships).map((parked) => parked.stop({ immediate: true })));
  }

  /** The consumer is closed: whatever it was assigned while it closed goes too, and is not looked at any more. */
  async end(): Promise<void> {
    this.#interruption = new AbortController();
    const left = [...this.#partitions.values()];
    this.#partitions.clear();
    await Promise.all(left.map((parked) => parked.stop({ immediate: true })));
  }

  /** They are no longer ours. Their partitions may be again: what is parked of those by now is another owner's, and stays. */
  forget(ownerships: readonly Ownership[]): void {
    for (const ownership of ownerships)
      if (this.#of(ownership) === ownership.parked) this.#partitions.delete(topicPartitionKey(ownership));
  }

  /** Parked keys, over all partitions. */
  get size(): number {
    let size = 0;
    for (const { keys } of this.#partitions.values()) size += keys.size;
    return size;
  }

  /** Those parked for longest. */
  snapshot(): readonly ParkedKeySnapshot[] {
    const now = this.#init.clock.now();
    return [...this.#partitions.values()]
      .flatMap(({ keys, place }) => Array.from(keys, ({ key, since }) => ({ ...place, key, since })))
      .sort((a, b) => a.since - b.since)
      .slice(0, LONGEST_LIST)
      .map(({ since, key, ...at }) => ({ ...at, key: keyText(key), parkedMs: now - since }));
  }

  #of(at: TopicPartition): ParkedPartition | undefined {
    return this.#partitions.get(topicPartitionKey(at));
  }

  get #groupId(): string {
    const { properties, parking } = this.#init;
    return `${properties.groupId ?? ''}${parking.suffix}`;
  }

  #newConsumer(): Consumer {
    return this.#init.factory.createConsumer({
      groupId: this.#groupId,
      autoOffsetReset: 'earliest',
      clientIdSuffix: this.#clientIdSuffix,
    });
  }

  get #clientIdSuffix(): string {
    return (this.#init.properties.clientIdSuffix ?? '') + this.#init.parking.suffix;
  }

  #newHost(): ParkedPartitionHost {
    const { properties, parking, invoker, container, ...init } = this.#init;
    const { keySelector, nullKey, groupId, errorHandler } = properties;
    const selected = keySelector && new SelectedKeys(keySelector);
    const keyOf = (record: ConsumerRecord): Bytes => (selected === undefined ? record.key : selected.keyOf({ record }));
    return {
      ...init,
      groupId,
      suffix: parking.suffix,
      recoverer: errorHandler.recoverer,
      keyOf,
      whenFree: (record) => (this.#busyKeys.isIdle ? undefined : this.#busyKeys.whenFree(record, keyOf(record))),
      ordersNullKeys: nullKey !== 'unordered',
      send: (records) =>
        parking.template
          .execute((producer) => Promise.allSettled(records.map((record) => producer.send(record))))
          .catch((reason: unknown) => records.map(() => ({ status: 'rejected', reason }))), // there is no producer
      listen: (record, called, { key, epoch }) =>
        this.#busyKeys.run(record, key, called.signal, () =>
          invoker.callWith(record, new ParkedContext(record, { called, container, epoch })),
        ),
      newWorker: (work) => this.#newWorker(work),
    };
  }

  #newWorker({ partition, from, listener, recoverer, commitMetadata }: ParkedWork): MessageListenerContainer {
    const { properties, parking, factory, newContainer } = this.#init;
    const { keySelector, nullKey, groupId, handlerTimeoutMs, errorHandler, maxPollRecords } = properties;
    const reader: ConsumerFactory = {
      groupId: this.#groupId,
      maxPollIntervalMs: factory.maxPollIntervalMs,
      createConsumer: (overrides) => factory.createConsumer({ ...overrides, autoOffsetReset: 'earliest' }),
    };
    return newContainer(reader, {
      topicPartitions: [{ ...partition, offset: from }],
      ordering: 'key',
      nullKey,
      ...(keySelector === undefined
        ? {}
        : { keySelector: (record) => (isWork(record, groupId) ? keySelector(unparked(record)) : record.key) }),
      ...(handlerTimeoutMs === undefined ? {} : { handlerTimeoutMs }),
      ...(maxPollRecords === undefined ? {} : { maxPollRecords }),
      listener: (record, context) => listener(record, context as Called),
      errorHandler: new ParkedErrorHandler({ backOff: parking.backOff, errorHandler, recoverer }),
      taskExecutor: this.#slots,
      bufferRecords: parking.bufferRecords,
      bufferBytes: parking.bufferBytes,
      assignmentCommitOption: 'never',
      commitMetadata,
      clientIdSuffix: this.#clientIdSuffix,
      pollTimeoutMs: properties.pollTimeoutMs,
      commitIntervalMs: properties.commitIntervalMs,
      commitTimeoutMs: properties.commitTimeoutMs,
      startTimeoutMs: properties.startTimeoutMs,
      shutdownTimeoutMs: properties.shutdownTimeoutMs,
      revokeDrainTimeoutMs: properties.revokeDrainTimeoutMs,
      yieldAfterMs: properties.yieldAfterMs,
    });
  }
}

const parkedOf = (ownerships: readonly Ownership[]): ParkedPartition[] =>
  ownerships.map(({ parked }) => parked).filter((parked) => parked !== undefined);
