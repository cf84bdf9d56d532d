import type { Clock } from '@hearken/core';
import { backOffMs } from '../cluster/back-off.js';
import { ProducerError } from '../errors.js';
import type { BufferMemory } from './buffer-memory.js';
import type { Deliveries } from './deliveries.js';
import { invalidPartition, type PendingRecord } from './pending-record.js';
import type { ProducerCluster } from './producer-cluster.js';
import type { ProducerTopic } from './producer-topic.js';
import type { ResolvedProducerOptions } from './producer-options.js';
import type { RecordAccumulator } from './record-accumulator.js';
import { isWorthAskingAgain, TopicGate } from './topic-gate.js';
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
  readonly #gates = new Map<ProducerTopic, TopicGate>();
  readonly #timer: WakeUpTimer;
  /** Records behind gates. */
  #held = 0;
  #wasConnected = false;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
    this.#timer = new WakeUpTimer(parts.clock, () => this.#attend());
  }

  /** Records that wait for their topic or for room. */
  get waiting(): number {
    return this.#held + this.#parts.memory.waiting;
  }

  admit(record: PendingRecord): void {
    const topic = this.#topics.get(record.topic) ?? this.#addTopic(record.topic);
    // A partition beyond the last may have been added since: worth a look before it is refused.
    const mustAsk = topic.isHeld || !hasPartitionFor(topic, record);
    const { memory, deliveries, options } = this.#parts;
    const isFull = this.waiting >= options.maxWaitingRecords;
    if (isFull && (mustAsk || memory.waiting > 0)) deliveries.refuse(record, waitersFull(options.maxWaitingRecords));
    else if (mustAsk) this.#hold(topic, record);
    else this.#enter(topic, record);
  }

  /** A record that waited for memory has got its room. Its topic may be gone meanwhile. */
  onRoom(record: PendingRecord): void {
    const topic = this.#topics.get(record.topic) ?? this.#addTopic(record.topic);
    if (hasPartitionFor(topic, record)) {
      this.#place(topic, record);
      this.#restIfIdle();
    } else {
      this.#hold(topic, record);
      this.#parts.memory.release(record.sizeBytes);
    }
  }

  /** Rejects everything that waits. Nothing may be admitted afterwards. */
  close(error: Error): void {
    this.#timer.clear();
    for (const gate of [...this.#gates.values()]) this.#rejectAll(gate, error);
    const { memory, deliveries } = this.#parts;
    for (let record = memory.giveUpFirst(); record !== undefined; record = memory.giveUpFirst()) {
      deliveries.refuse(record, error);
    }
  }

  #enter(topic: ProducerTopic, record: PendingRecord): void {
    if (this.#parts.memory.takeOrWait(record)) {
      this.#place(topic, record);
    } else {
      this.#startWaiting(record);
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

  #hold(topic: ProducerTopic, record: PendingRecord): void {
    const sinceMs = this.#startWaiting(record);
    const held = this.#gates.get(topic);
    const gate = held ?? new TopicGate(topic, sinceMs);
    gate.waiting.push(record);
    this.#held++;
    if (held !== undefined) return;
    this.#gates.set(topic, gate);
    topic.isHeld = true;
    // Last: if somebody else made the topic known, this opens the gate before it returns, and what came later would stay.
    void this.#ask(gate);
  }

  /** Returns since when it waits. */
  #startWaiting(record: PendingRecord): number {
    record.waitingSinceMs ??= this.#parts.clock.monotonic();
    this.#timer.wakeAt(this.#deadlineOf(record));
    return record.waitingSinceMs;
  }

  async #ask(gate: TopicGate): Promise<void> {
    gate.askAtMs = Infinity;
    const { metadata } = this.#parts.cluster;
    const { topic } = gate;
    try {
      if (topic.partitions.length > 0) await metadata.refresh([topic.name]);
      topic.follow(metadata.topic(topic.name));
      if (topic.partitions.length === 0) await metadata.ensure(topic.name);
      topic.follow(metadata.topic(topic.name));
      this.#wasConnected = true;
    } catch (error) {
      this.#askFailed(gate, error);
      return;
    }
    this.#open(gate);
  }

  /** Held until the last has passed: a partitioner that sends from within must not overtake. */
  #open({ topic, waiting }: TopicGate): void {
    for (let record = waiting.shift(); record !== undefined; record = waiting.shift()) {
      this.#held--;
      if (record.partition < topic.partitions.length) this.#enter(topic, record);
      else
        this.#parts.deliveries.refuse(record, invalidPartition(topic.name, record.partition, topic.partitions.length));
    }
    this.#drop(topic);
  }

  #askFailed(gate: TopicGate, error: unknown): void {
    const { clock, random } = this.#parts;
    const nowMs = clock.monotonic();
    const circumstances = { waitedMs: nowMs - gate.sinceMs, wasConnected: this.#wasConnected };
    if (gate.waiting.size === 0 || !isWorthAskingAgain(error, circumstances)) {
      this.#rejectAll(gate, error);
      return;
    }
    gate.lastError = error;
    gate.askAtMs = nowMs + backOffMs(++gate.failures, random());
    this.#timer.wakeAt(gate.askAtMs);
  }

  #rejectAll({ topic, waiting }: TopicGate, error: unknown): void {
    for (let record = waiting.shift(); record !== undefined; record = waiting.shift()) {
      this.#held--;
      this.#parts.deliveries.refuse(record, error);
    }
    this.#drop(topic);
  }

  #drop(topic: ProducerTopic): void {
    this.#gates.delete(topic);
    topic.isHeld = false;
    if (topic.queues.length === 0) this.#forget(topic); // else any name that is sent to by mistake stays for ever
    this.#restIfIdle();
  }

  #forget({ name }: ProducerTopic): void {
    this.#topics.delete(name);
    this.#parts.cluster.metadata.forget(name);
  }

  #restIfIdle(): void {
    if (this.#gates.size === 0 && this.#parts.memory.waiting === 0) this.#timer.clear();
  }

  /** Something is due, or was when the timer was set. */
  #attend(): void {
    const nowMs = this.#parts.clock.monotonic();
    this.#giveUpWaitingForRoom(nowMs);
    for (const gate of [...this.#gates.values()]) {
      this.#giveUpWaitingForTopic(gate, nowMs);
      if (gate.askAtMs <= nowMs) void this.#ask(gate);
      this.#timer.wakeAt(Math.min(gate.askAtMs, this.#deadlineOf(gate.waiting.peek())));
    }
    this.#timer.wakeAt(this.#deadlineOf(this.#parts.memory.first));
    this.#restIfIdle();
  }

  #giveUpWaitingForRoom(nowMs: number): void {
    const { memory, deliveries, options } = this.#parts;
    for (let record = memory.first; this.#deadlineOf(record) <= nowMs; record = memory.first) {
      const late = memory.giveUpFirst();
      if (late === undefined) return;
      const message = `no room in the buffer for ${options.maxBlockMs} ms: send slower than the brokers write, or raise bufferMemoryBytes or maxBlockMs`;
      deliveries.refuse(late, new ProducerError(message, { code: 'BUFFER_FULL' }));
    }
  }

  #giveUpWaitingForTopic({ topic, waiting, lastError }: TopicGate, nowMs: number): void {
    const { deliveries, options } = this.#parts;
    while (this.#deadlineOf(waiting.peek()) <= nowMs) {
      const late = waiting.shift();
      if (late === undefined) return;
      this.#held--;
      const message = `the partitions of topic ${topic.name} were not known within ${options.maxBlockMs} ms (maxBlockMs): is the cluster up, and the topic's name right?`;
      deliveries.refuse(late, new ProducerError(message, { code: 'MAX_BLOCK_EXCEEDED', cause: lastError }));
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
