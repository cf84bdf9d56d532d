import type {
  CloseOptions,
  PartitionInfo,
  Producer,
  ProducerMetrics,
  ProducerRecord,
  RecordMetadata,
  SendMapper,
} from '@hearken/core';
import { BATCH_OVERHEAD, initProducerIdApi } from '@hearken/protocol';
import { Cluster } from '../cluster/cluster.js';
import { toPartitionInfos } from '../cluster/partition-infos.js';
import { brokerError, ProducerError } from '../errors.js';
import type { ResolvedKafkaOptions } from '../kafka-options.js';
import { Admission } from './admission.js';
import { BatchOutcomes } from './batch-outcomes.js';
import { BufferMemory } from './buffer-memory.js';
import { BurstClock } from './burst-clock.js';
import { Deliveries } from './deliveries.js';
import { FlushTracker } from './flush-tracker.js';
import { Idempotence } from './idempotence.js';
import { MetadataRefresher } from './metadata-refresher.js';
import { topicPartitioner } from './partitioner.js';
import { PendingRecord } from './pending-record.js';
import { ProduceExchange } from './produce-exchange.js';
import type { ProducerCluster } from './producer-cluster.js';
import { ProducerIdentities, ProducerIdentity } from './producer-identity.js';
import type { ResolvedProducerOptions } from './producer-options.js';
import { ProducerTopic } from './producer-topic.js';
import { RecordAccumulator } from './record-accumulator.js';
import { Sender } from './sender.js';

/** Per partition, from an idempotent producer: the broker remembers the last five batches and no more. */
const MAX_IN_FLIGHT = 5;

const CLOSE_TIMEOUT_MS = 30_000;

/** What a test puts in the place of the network and of chance. */
export interface KafkaProducerParts {
  /** @default a cluster of its own, which connects on first use */
  readonly cluster?: ProducerCluster;
  /** A number from 0 up to 1. @default Math.random */
  readonly random?: () => number;
}

/**
 * Hearken's producer. A record's way: `send` → {@link Admission} (topic known? room?) → {@link RecordAccumulator} (which
 * batch) → {@link Sender} (when) → {@link ProduceExchange} (one request) → {@link BatchOutcomes} (what the answer means) →
 * {@link Deliveries} (the record's own promise).
 */
export class KafkaProducer implements Producer, AsyncDisposable {
  readonly #kafka: ResolvedKafkaOptions;
  readonly #options: ResolvedProducerOptions;
  readonly #cluster: ProducerCluster;
  readonly #timeOfDay: BurstClock;
  readonly #flushes = new FlushTracker();
  readonly #memory: BufferMemory<PendingRecord>;
  readonly #deliveries: Deliveries;
  readonly #accumulator: RecordAccumulator;
  readonly #admission: Admission;
  readonly #outcomes: BatchOutcomes;
  readonly #exchange: ProduceExchange;
  readonly #sender: Sender;
  #closing: Promise<void> | undefined;

  constructor(kafka: ResolvedKafkaOptions, options: ResolvedProducerOptions, parts: KafkaProducerParts = {}) {
    const { clock, logger } = kafka;
    const random = parts.random ?? Math.random;
    const cluster = parts.cluster ?? new Cluster({ ...kafka, ...clusterOptions(options) });
    const wake = (): void => this.#sender.wake();
    const memory = new BufferMemory<PendingRecord>(options.bufferMemoryBytes, (record) =>
      this.#admission.onRoom(record),
    );
    const deliveries = new Deliveries(memory, this.#flushes);
    const accumulator = new RecordAccumulator({
      batchSizeBytes: options.batchSizeBytes,
      maxInFlight: options.idempotent ? MAX_IN_FLIGHT : 1,
      clock,
    });
    const refresher = new MetadataRefresher({ metadata: cluster.metadata, clock, logger, random, onRefreshed: wake });
    const identities = options.idempotent
      ? new ProducerIdentities({
          acquire: () => this.#acquireIdentity(),
          clock,
          random,
          onChange: wake,
          onRefused: (error) => this.#outcomes.refuseWithoutIdentity(error),
        })
      : undefined;
    const idempotence = identities && new Idempotence({ identities, clock, logger });
    this.#outcomes = new BatchOutcomes({ accumulator, deliveries, idempotence, refresher, clock, logger, random });
    this.#exchange = new ProduceExchange({ cluster, outcomes: this.#outcomes, options });
    this.#sender = new Sender({
      cluster,
      accumulator,
      exchange: this.#exchange,
      outcomes: this.#outcomes,
      idempotence,
      identities,
      refresher,
      clock,
      options,
      isUrgent: () => this.#flushes.isFlushing || memory.waiting > 0,
    });
    this.#admission = new Admission({
      cluster,
      memory,
      accumulator,
      deliveries,
      clock,
      options,
      random,
      makeTopic: (name) => new ProducerTopic(name, topicPartitioner(options.partitioner, random)),
      onAppended: wake,
    });
    this.#kafka = kafka;
    this.#timeOfDay = new BurstClock(clock);
    this.#options = options;
    this.#cluster = cluster;
    this.#memory = memory;
    this.#accumulator = accumulator;
    this.#deliveries = deliveries;
  }

  get acks(): 'all' | 1 | 0 {
    return this.#options.acks;
  }

  send(record: ProducerRecord): Promise<RecordMetadata> {
    return this.sendWith(record, AS_IT_IS, undefined);
  }

  sendWith<C, R>(record: ProducerRecord, mapper: SendMapper<C, R>, context: C): Promise<R> {
    try {
      return this.#accept(record, mapper, context);
    } catch (error) {
      this.#deliveries.recordsFailed++;
      return Promise.reject(mapper.error(error, context));
    }
  }

  flush(): Promise<void> {
    this.#sender.wake();
    return this.#flushes.flush();
  }

  async partitionsFor(topic: string): Promise<readonly PartitionInfo[]> {
    if (this.#closing !== undefined) throw closedError();
    return toPartitionInfos(topic, await this.#cluster.metadata.ensure(topic));
  }

  metrics(): ProducerMetrics {
    const { counters } = this.#sender;
    return {
      recordsSent: this.#deliveries.recordsSent,
      recordsFailed: this.#deliveries.recordsFailed,
      batches: counters.batches,
      batchedRecords: counters.records,
      largestBatchRecords: counters.mostRecords,
      queueTimeMs: counters.queueTimeMs,
      longestQueueTimeMs: counters.longestQueueTimeMs,
      batchesSent: this.#exchange.batchesSent,
      batchesRetried: this.#outcomes.retried,
      batchesSplit: this.#outcomes.split,
      bytesSent: this.#exchange.bytesSent,
      bufferedBytes: this.#memory.usedBytes,
      bufferMemoryBytes: this.#options.bufferMemoryBytes,
      waiting: this.#admission.waiting,
      inFlight: this.#sender.inFlight,
      batchesInFlight: this.#accumulator.inFlight,
    };
  }

  close({ timeoutMs = CLOSE_TIMEOUT_MS }: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept<C, R>(record: ProducerRecord, mapper: SendMapper<C, R>, context: C): Promise<R> {
    if (this.#closing !== undefined) throw closedError();
    const pending = new PendingRecord(record, mapper, context, this.#timeOfDay.now(), this.#flushes);
    const { maxRequestBytes, bufferMemoryBytes } = this.#options;
    const limitBytes = Math.min(maxRequestBytes - BATCH_OVERHEAD, bufferMemoryBytes);
    if (pending.sizeBytes <= limitBytes) this.#admission.admit(pending);
    else this.#deliveries.refuse(pending, tooLarge(pending, maxRequestBytes));
    return pending.promise() as Promise<R>;
  }

  async #close(timeoutMs: number): Promise<void> {
    await this.#waitAtMost(this.flush(), timeoutMs);
    this.#admission.close(closedError());
    this.#sender.close();
    await this.#cluster.close();
  }

  #waitAtMost(done: Promise<void>, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#kafka.clock.setTimer(resolve, timeoutMs);
      void done.then(() => {
        timer.clear();
        resolve();
      });
    });
  }

  async #acquireIdentity(): Promise<ProducerIdentity> {
    const request = { transactionalId: null, transactionTimeoutMs: 2 ** 31 - 1, producerId: -1, producerEpoch: -1 };
    const response = await this.#cluster.sendToAny('control', initProducerIdApi, request);
    const { errorCode, producerId, producerEpoch } = response;
    if (errorCode === 0) return new ProducerIdentity(producerId, producerEpoch);
    const hint = 'an idempotent producer needs an id: grant IDEMPOTENT_WRITE on the cluster, or set idempotent: false';
    throw brokerError(errorCode, 'InitProducerId', hint);
  }
}

const AS_IT_IS: SendMapper<undefined, RecordMetadata> = {
  result: (metadata) => metadata,
  error: (error) => error as Error,
};

const clusterOptions = ({ metadataMaxAgeMs, allowAutoTopicCreation, requestTimeoutMs }: ResolvedProducerOptions) => ({
  metadataMaxAgeMs,
  allowAutoTopicCreation,
  requestTimeoutMs,
});

const closedError = (): ProducerError =>
  new ProducerError('the producer is closed: records can no longer be sent', { code: 'PRODUCER_CLOSED' });

const tooLarge = ({ topic, sizeBytes }: PendingRecord, maxRequestBytes: number): ProducerError =>
  new ProducerError(
    `a record for ${topic} takes up to ${sizeBytes} bytes, more than a request may (maxRequestBytes ${maxRequestBytes}, and no more than bufferMemoryBytes): raise it, with the topic's max.message.bytes, or send less`,
    { code: 'RECORD_TOO_LARGE' },
  );
