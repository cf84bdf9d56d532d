import type { ProducerFactory } from '@hearken/core';
import { FakeLog } from './fake-log.js';
import { FakeProducer, type FakeProducerOptions } from './fake-producer.js';
import { Recorder } from './recorder.js';

/** Makes fake producers over one log and keeps them for the test. Each is its own: nothing is shared behind handles. */
export class FakeProducerFactory implements ProducerFactory {
  readonly log: FakeLog;
  readonly producers = new Recorder<FakeProducer>();
  readonly #options: FakeProducerOptions;

  constructor(options: FakeProducerOptions = {}) {
    this.log = options.log ?? new FakeLog();
    this.#options = options;
  }

  /** The producer made last. */
  get producer(): FakeProducer {
    if (this.producers.last === undefined) throw new Error('no producer was made yet');
    return this.producers.last;
  }

  createProducer(): FakeProducer {
    const producer = new FakeProducer({ ...this.#options, log: this.log });
    this.producers.record(producer);
    return producer;
  }

  async close(): Promise<void> {
    await Promise.all(this.producers.items.map((producer) => producer.close()));
  }
}
