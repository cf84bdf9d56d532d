import type { Clock } from '@hearken/core';
import { backOffMs } from '../cluster/back-off.js';
import { ProducerError } from '../errors.js';
import type { Deliveries } from './deliveries.js';
import { invalidPartition, type PendingRecord } from './pending-record.js';
import type { ProducerCluster } from './producer-cluster.js';
import type { ResolvedProducerOptions } from './producer-options.js';
import type { ProducerTopic } from './producer-topic.js';
import { isWorthAskingAgain, TopicGate } from './topic-gate.js';
import { WakeUpTimer } from './wake-up-timer.js';

export interface TopicGatesParts {
  readonly cluster: Pick<ProducerCluster, 'metadata'>;
  readonly deliveries: Deliveries;
  readonly clock: Clock;
  readonly options: Pick<ResolvedProducerOptions, 'maxBlockMs'>;
  readonly random: () => number;
  /** The record's partition is known, or it names none. */
  readonly onPassed: (topic: ProducerTopic, record: PendingRecord) => void;
  /** The look-up is over, and nothing of the topic waits any more. */
  readonly onClosed: (topic: ProducerTopic) => void;
}

/** Where records wait until the partitions of their topic are known: looks them up, and lets the records on in order. */
export class TopicGates {
  readonly #parts: TopicGatesParts;
  readonly #gates = new Map<ProducerTopic, TopicGate>();
  readonly #timer: WakeUpTimer;
  #waiting = 0;
  #wasConnected = false;

  constructor(parts: TopicGatesParts) {
    this.#parts = parts;
    this.#timer = new WakeUpTimer(parts.clock, () => this.#attend());
  }

  /** Records that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  hold(topic: ProducerTopic, record: PendingRecord): void {
    const sinceMs = (record.waitingSinceMs ??= this.#parts.clock.monotonic());
    this.#timer.wakeAt(this.#deadlineOf(record));
    const held = this.#gates.get(topic);
    const gate = held ?? new TopicGate(topic, sinceMs);
    gate.waiting.push(record);
    this.#waiting++;
    if (held !== undefined) return;
    this.#gates.set(topic, gate);
    topic.isHeld = true;
    // Last: if somebody else made the topic known, this opens the gate before it returns, and what came later would stay.
    void this.#ask(gate);
  }

  /** Rejects everything that waits. Nothing may be held afterwards. */
  close(error: Error): void {
    for (const gate of [...this.#gates.values()]) this.#rejectAll(gate, error);
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
    const { deliveries, onPassed } = this.#parts;
    for (let record = waiting.shift(); record !== undefined; record = waiting.shift()) {
      this.#waiting--;
      if (record.partition < topic.partitions.length) onPassed(topic, record);
      else deliveries.refuse(record, invalidPartition(topic.name, record.partition, topic.partitions.length));
    }
    this.#close(topic);
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
      this.#waiting--;
      this.#parts.deliveries.refuse(record, error);
    }
    this.#close(topic);
  }

  #close(topic: ProducerTopic): void {
    this.#gates.delete(topic);
    topic.isHeld = false;
    if (this.#gates.size === 0) this.#timer.clear();
    this.#parts.onClosed(topic);
  }

  /** Something is due, or was when the timer was set. */
  #attend(): void {
    const nowMs = this.#parts.clock.monotonic();
    for (const gate of [...this.#gates.values()]) {
      this.#giveUpLate(gate, nowMs);
      if (gate.askAtMs <= nowMs) void this.#ask(gate);
      this.#timer.wakeAt(Math.min(gate.askAtMs, this.#deadlineOf(gate.waiting.peek())));
    }
  }

  #giveUpLate({ topic, waiting, lastError }: TopicGate, nowMs: number): void {
    const { deliveries, options } = this.#parts;
    while (this.#deadlineOf(waiting.peek()) <= nowMs) {
      const late = waiting.shift();
      if (late === undefined) return;
      this.#waiting--;
      const message = `the partitions of topic ${topic.name} were not known within ${options.maxBlockMs} ms (maxBlockMs): is the cluster up, and the topic's name right?`;
      deliveries.refuse(late, new ProducerError(message, { code: 'MAX_BLOCK_EXCEEDED', cause: lastError }));
    }
  }

  #deadlineOf(record: PendingRecord | undefined): number {
    return (record?.waitingSinceMs ?? Infinity) + this.#parts.options.maxBlockMs;
  }
}
