import type { Producer } from '@hearken/core';
import { keyOf, rangeBytes, type RecordedRange, type ShedRange } from './shed-range.js';

/** What is needed of a `KafkaTemplate`: its producer is used, its serdes, interceptors and listeners are not. */
export interface ShedTemplate {
  execute<R>(callback: (producer: Producer) => R | Promise<R>): Promise<R>;
}

/** Writes ranges to their compacted topic. */
export class ShedLedger {
  readonly topic: string;
  readonly #template: ShedTemplate;

  constructor({ template, topic }: { readonly template: ShedTemplate; readonly topic: string }) {
    this.#template = template;
    this.topic = topic;
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
    const key = Buffer.from(keyOf(range));
    await this.#template.execute((producer) => producer.send({ topic: this.topic, key, value }));
  }
}
