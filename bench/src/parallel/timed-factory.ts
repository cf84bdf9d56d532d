import type { Consumer, ConsumerFactory, ConsumerOverrides } from 'hearken';

/** More than any window, which is bounded: a place is used again when its record has long ended. */
const PLACES = 2 ** 17;

/** Notes when each record comes out of `poll`, so that what it then waits for its handler is known. */
export class TimedFactory implements ConsumerFactory {
  readonly groupId;
  readonly maxPollIntervalMs;
  readonly fetchMaxBytes;
  readonly #factory: ConsumerFactory;
  readonly #topic: string;
  readonly #origin = performance.now();
  /** By partition and offset: milliseconds since the origin. */
  readonly #polled: Float32Array[] = [];

  /** @param topic the one that is meant: a container may read others for itself */
  constructor(factory: ConsumerFactory, topic: string) {
    this.#factory = factory;
    this.#topic = topic;
    this.groupId = factory.groupId;
    this.maxPollIntervalMs = factory.maxPollIntervalMs;
    this.fetchMaxBytes = factory.fetchMaxBytes ?? Infinity;
  }

  createConsumer(overrides?: ConsumerOverrides): Consumer {
    const note = this.#note;
    return new Proxy(this.#factory.createConsumer(overrides), {
      get(consumer, name) {
        if (name === 'poll') return (...asked: Parameters<Consumer['poll']>) => consumer.poll(...asked).then(note);
        const value: unknown = Reflect.get(consumer, name);
        return typeof value === 'function' ? (value.bind(consumer) as unknown) : value;
      },
    });
  }

  /** For how long this record has been there. */
  waitedMs(partition: number, offset: number): number {
    return performance.now() - this.#origin - (this.#polled[partition]?.[offset % PLACES] ?? NaN);
  }

  readonly #note = <R extends Awaited<ReturnType<Consumer['poll']>>>(polled: R): R => {
    const now = performance.now() - this.#origin;
    for (const { topic, partition, records } of polled.partitions) {
      if (topic !== this.#topic) continue;
      const places = (this.#polled[partition] ??= new Float32Array(PLACES));
      for (const { offset } of records) places[offset % PLACES] = now;
    }
    return polled;
  };
}
