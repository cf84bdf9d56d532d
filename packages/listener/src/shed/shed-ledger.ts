import type { Producer } from '@hearken/core';
import { keyOf, rangeBytes, type RecordedRange, type ShedRange } from './shed-range.js';

/** What is needed of a `KafkaTemplate`: its producer is used, its serdes, interceptors and listeners are not. */
export interface ShedTemplate {
  execute<R>(callback: (producer: Producer) => R | Promise<R>): Promise<R>;
}

/** Writes ranges to their compacted topic. */
export class ShedLedger {
  readonly #template: ShedTemplate;
  readonly #topic: string;
  readonly #partition: number | undefined;

  /**
   * @param to its partition is where a range was read from: what replaces a record has to stand in the same partition, and its
   *   key would lead to another once the topic has more of them. @default by key
   */
  constructor(template: ShedTemplate, to: { readonly topic: string; readonly partition?: number }) {
    this.#template = template;
    this.#topic = to.topic;
    this.#partition = to.partition;
  }

  /** Resolves when all are acknowledged. */
  async write(ranges: readonly RecordedRange[]): Promise<void> {
    await Promise.all(ranges.map((range) => this.#send(range, rangeBytes(range))));
  }

  /** There is nothing left to be done for it. */
  async delete(range: ShedRange): Promise<void> {
    await this.#send(range, null);
  }

  async #send(range: ShedRange, value: Buffer | null): Promise<void> {
    const to = { topic: this.#topic, ...(this.#partition !== undefined && { partition: this.#partition }) };
    const key = Buffer.from(keyOf(range));
    await this.#template.execute((producer) => producer.send({ ...to, key, value }));
  }
}
