import type { Clock } from '@hearken/core';
import { ProducerError } from '../errors.js';
import type { BufferMemory } from './buffer-memory.js';
import type { Deliveries } from './deliveries.js';
import { invalidPartition, type PendingRecord } from './pending-record.js';
import type { ProducerCluster } from './producer-cluster.js';
import type { ProducerTopic } from './producer-topic.js';
import type { ResolvedProducerOptions } from './producer-options.js';
import type { RecordAccumulator } from './record-accumulator.js';
import { TopicGates } from './topic-gates.js';
import { WakeUpTimer } from './wake-up-timer.js';

export interface AdmissionParts {
  readonly cluster: Pick<ProducerCluster, 'metadata'>;
  readonly memory: BufferMemory<PendingRecord>;
  readonly accumulator: RecordAccumulator;
  readonly deliveries: Deliveries;
  readonly clock: Clock;
  readonly options: Pick<ResolvedProducerOptions, 'maxBlockMs' | 'maxWaitingRecords'>;
  readonly makeTopic: (name: string) => ProducerTopic;
  readonly random: () => number;
  /** There is something new in the accumulator. */
  readonly onAppended: () => void;
}

/**
 * The way of a record into the accumulator: its topic's partitions must be known, and there must be room. Both are passed
 * at once as a rule; a record that has to wait makes those behind it wait too, per topic for the first and altogether for
 * the second, so order is kept.
 */
export class Admission {
  readonly #parts: AdmissionParts;
  readonly #topics = new Map<string, ProducerTopic>();
  readonly #gates: TopicGates;
  readonly #timer: WakeUpTimer;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    this.#gates = new TopicGates({
      ...parts,
      onPassed: (topic, record) => this.#enter(topic, record),
      onClosed: (topic) => this.#forgetIfUnknown(topic),
    });
    this.#timer = new WakeUpTimer(parts.clock, () => this.#attend());
  }

  /** Records that wait for their topic or for room. */
  get waiting(): number {
    return this.#gates.waiting + this.#parts.memory.waiting;
  }

  admit(record: PendingRecord): void {
    const topic = this.#topics.get(record.topic) ?? this.#addTopic(record.topic);
    // A partition beyond the last may have been added since: worth a look before it is refused.
    const mustAsk = topic.isHeld || !hasPartitionFor(topic, record);
    const { memory, deliveries, options } = this.#parts;
    const isFull = this.waiting >= options.maxWaitingRecords;
    if (isFull && (mustAsk || memory.waiting > 0)) deliveries.refuse(record, waitersFull(options.maxWaitingRecords));
    else if (mustAsk) this.#gates.hold(topic, record);
    else this.#enter(topic, record);
  }

  /** A record that waited for memory has got its room. Its topic may be gone meanwhile. */
  onRoom(record: PendingRecord): void {
    const topic = this.#topics.get(record.topic) ?? this.#addTopic(record.topic);
    if (hasPartitionFor(topic, record)) {
      this.#place(topic, record);
      this.#restIfIdle();
    } else {
      this.#gates.hold(topic, record);
      this.#parts.memory.release(record.sizeBytes);
    }
  }

  /** Rejects everything that waits. Nothing may be admitted afterwards. */
  close(error: Error): void {
    const { memory, deliveries } = this.#parts;
    for (let record = memory.giveUpFirst(); record !== undefined; record = memory.giveUpFirst()) {
      deliveries.refuse(record, error);
    }
    this.#timer.clear();
    this.#gates.close(error); // last: one that found room meanwhile may wait here for its topic
  }

  #enter(topic: ProducerTopic, record: PendingRecord): void {
    if (this.#parts.memory.takeOrWait(record)) {
      this.#place(topic, record);
    } else {
      record.waitingSinceMs ??= this.#parts.clock.monotonic();
      this.#timer.wakeAt(this.#deadlineOf(record));
      this.#parts.onAppended(); // memory is short: what lingers should leave
    }
  }

  #place(topic: ProducerTopic, record: PendingRecord): void {
    const { accumulator, deliveries, onAppended } = this.#parts;
    try {
      const partition = record.partition < 0 ? topic.partitioner.choose(record, topic) : record.partition;
      const isOne = Number.isInteger(partition) && partition < topic.partitions.length;
      const queue = isOne ? topic.queues[partition] : undefined;
      if (queue === undefined) throw invalidPartition(topic.name, partition, topic.partitions.length);
      accumulator.append(queue, record);
      onAppended();
    } catch (error) {
      deliveries.rejectRecord(record, asPartitionError(error, topic));
    }
  }

  #addTopic(name: string): ProducerTopic {
    const topic = this.#parts.makeTopic(name);
    this.#topics.set(name, topic);
    return topic;
  }

  /** Else any name that is sent to by mistake would stay for ever. */
  #forgetIfUnknown({ name, queues }: ProducerTopic): void {
    if (queues.length > 0) return;
    this.#topics.delete(name);
    this.#parts.cluster.metadata.forget(name);
  }

  #restIfIdle(): void {
    if (this.#parts.memory.waiting === 0) this.#timer.clear();
  }

  /** Somebody's time for room is over, or would have been. */
  #attend(): void {
    this.#giveUpLate(this.#parts.clock.monotonic());
    this.#timer.wakeAt(this.#deadlineOf(this.#parts.memory.first));
  }

  #giveUpLate(nowMs: number): void {
    const { memory, deliveries, options } = this.#parts;
    for (let record = memory.first; this.#deadlineOf(record) <= nowMs; record = memory.first) {
      const late = memory.giveUpFirst();
      if (late === undefined) return;
      const message = `no room in the buffer for ${options.maxBlockMs} ms: send slower than the brokers write, or raise bufferMemoryBytes or maxBlockMs`;
      deliveries.refuse(late, new ProducerError(message, { code: 'BUFFER_FULL' }));
    }
  }

  #deadlineOf(record: PendingRecord | undefined): number {
    return (record?.waitingSinceMs ?? Infinity) + this.#parts.options.maxBlockMs;
  }
}

const hasPartitionFor = (topic: ProducerTopic, { partition }: PendingRecord): boolean =>
  topic.partitions.length > Math.max(partition, 0);

function waitersFull(limit: number): ProducerError {
  const message = `${limit} sends already wait for room or for their topic (maxWaitingRecords): await earlier ones first`;
  return new ProducerError(message, { code: 'WAITERS_FULL' });
}

const asPartitionError = (error: unknown, topic: ProducerTopic): Error =>
  error instanceof ProducerError
    ? error
    : new ProducerError(`the partitioner failed on a record for ${topic.name}: ${String(error)}`, {
        code: 'INVALID_PARTITION',
        cause: error,
      });
