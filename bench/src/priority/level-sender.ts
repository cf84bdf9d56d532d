import { setTimeout as sleep } from 'node:timers/promises';
import { DefaultKafkaProducerFactory, KafkaTemplate } from 'hearken';
import type { LevelTopics } from './level-topics.js';

const TICK_MS = 10;

/** Sends to levels while they are read. Each value is of the size said and begins with the number of the record in its level. */
export class LevelSender {
  readonly #template: KafkaTemplate;
  readonly #topics: LevelTopics;
  readonly #size: number;
  readonly #sent: number[];

  constructor(brokers: string[], topics: LevelTopics, size: number) {
    this.#template = new KafkaTemplate(new DefaultKafkaProducerFactory({ brokers, clientId: 'bench-sender' }));
    this.#topics = topics;
    this.#size = Math.max(size, 4);
    this.#sent = topics.names.map(() => 0);
  }

  /** Records so far, by level. */
  get sent(): readonly number[] {
    return this.#sent;
  }

  async send(level: number, count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#sendOne(level)));
  }

  /** At a steady rate, evenly spaced as far as timers go. */
  async pace(level: number, perSecond: number, durationMs: number): Promise<void> {
    const startedAt = performance.now();
    const sends: Promise<void>[] = [];
    let [sent, elapsedMs] = [0, 0];
    while (elapsedMs < durationMs) {
      await sleep(TICK_MS);
      elapsedMs = Math.min(durationMs, performance.now() - startedAt);
      const due = Math.floor((elapsedMs * perSecond) / 1000) - sent;
      sends.push(this.send(level, due));
      sent += due;
    }
    await Promise.all(sends);
  }

  close(): Promise<void> {
    return this.#template.close();
  }

  async #sendOne(level: number): Promise<void> {
    const number = (this.#sent[level] ?? 0) + 1;
    this.#sent[level] = number;
    const value = Buffer.alloc(this.#size);
    value.writeUInt32LE(number);
    await this.#template.send(this.#topics.names[level] ?? '', value, { key: String(number) });
  }
}

/** The number that a sender gave the record. */
export const numberOf = (value: Buffer | null): number => value?.readUInt32LE(0) ?? 0;
