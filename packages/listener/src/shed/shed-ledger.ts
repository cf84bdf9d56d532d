import type { Producer } from '@hearken/core';
import { keyOf, rangeBytes, type RecordedRange } from './shed-range.js';

/** What is needed of a `KafkaTemplate`: its producer is used, its serdes, interceptors and listeners are not. */
export interface ShedTemplate {
  execute<R>(callback: (producer: Producer) => R | Promise<R>): Promise<R>;
}

/** Where a range was read from. What replaces a record has to stand in the same partition, under the same key. */
export interface RangeHome {
  readonly partition: number;
  readonly key: Buffer;
}

/** Writes ranges to their compacted topic. */
export class ShedLedger {
  readonly #template: ShedTemplate;
  readonly #topic: string;
  readonly #home: RangeHome | undefined;

  /** @param home @default by the key that the range has by itself, wherever that leads with the partitions that there are now */
  constructor(template: ShedTemplate, topic: string, home?: RangeHome) {
    this.#template = template;
    this.#topic = topic;
    this.#home = home;
  }

  /** Resolves when all are acknowledged. */
  async write(ranges: readonly RecordedRange[]): Promise<void> {
    await Promise.all(ranges.map((range) => this.#send(range, rangeBytes(range))));
  }

  /** There is nothing left to be done for it. */
  async delete(range: RecordedRange): Promise<void> {
    await this.#send(range, null);
  }

  async #send(range: RecordedRange, value: Buffer | null): Promise<void> {
    const home = this.#home ?? { key: Buffer.from(keyOf(range)) };
    await this.#template.execute((producer) => producer.send({ topic: this.#topic, ...home, value }));
  }
}
