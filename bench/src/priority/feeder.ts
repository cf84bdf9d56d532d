import { randomInt } from 'node:crypto';
import type { KafkaTemplate } from 'hearken';
import type { Figures } from '../scenario.js';
import { bestRate } from './clairvoyant.js';

/** So many are sent at once. */
const FEED = 100;

/** Keeps a backlog as long as it was, and counts what is done of it. */
export class Feeder {
  readonly #template: KafkaTemplate;
  readonly #topic: string;
  readonly #value: Buffer;
  #owed = 0;
  #sending: Promise<unknown> = Promise.resolve();
  #since = NaN;
  #elapsedMs = 0;
  #handled = 0;
  #tookMs = 0;

  constructor(template: KafkaTemplate, topic: string, size: number) {
    this.#template = template;
    this.#topic = topic;
    this.#value = Buffer.alloc(size, 'x');
  }

  handled(tookMs: number): void {
    if (!Number.isNaN(this.#since)) {
      this.#handled++;
      this.#tookMs += tookMs;
    }
    if (++this.#owed < FEED) return;
    this.#owed = 0;
    const sends = Array.from({ length: FEED }, () =>
      this.#template.send(this.#topic, this.#value, { key: String(randomInt(1000)) }),
    );
    this.#sending = Promise.all([this.#sending, ...sends]);
    this.#sending.catch(() => undefined); // `idle` tells
  }

  /** From here on counts. */
  begin(): void {
    this.#since = performance.now();
  }

  /** Till here. */
  end(): void {
    this.#elapsedMs += performance.now() - this.#since;
    this.#since = NaN;
  }

  idle(): Promise<unknown> {
    return this.#sending;
  }

  /** `efficiency`: how much of what all slots can do was done, by how long handlers took as delivered. */
  figures(capacity: number): Figures {
    const perSecond = (this.#handled * 1000) / this.#elapsedMs;
    const optimum = bestRate({ capacity, meanMs: this.#tookMs / this.#handled });
    return { lowPerSecond: perSecond, efficiency: perSecond / optimum };
  }
}
