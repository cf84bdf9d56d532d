import { KafkaTemplate, DefaultKafkaProducerFactory, json, string, type ConsumerRecord } from 'hearken';
import { bootstrapServers } from './kafka.js';

/** The nth record of its key. */
export interface NumberedOrder {
  readonly key: string;
  readonly n: number;
}

/**
 * Sends records that are numbered per key, and checks what listeners see of them: no number before the one below it. A
 * number may come again (at least once), as after a handover.
 */
export class NumberedOrders implements AsyncDisposable {
  readonly #template: KafkaTemplate<string, NumberedOrder>;
  readonly #topic: string;
  readonly #keys: number;
  readonly #lastOf = new Map<string, number>();
  readonly #newestOf = new Map<string, number>();
  #sent = 0;
  #seenOnce = 0;
  duplicates = 0;
  readonly violations: string[] = [];

  constructor(topic: string, keys: number, brokers: readonly string[] = bootstrapServers()) {
    const factory = new DefaultKafkaProducerFactory({ brokers, clientId: 'orders' });
    this.#template = new KafkaTemplate(factory, { keySerde: string(), valueSerde: json<NumberedOrder>() });
    this.#topic = topic;
    this.#keys = keys;
  }

  /** Resolves when all are acknowledged. */
  async send(count: number): Promise<void> {
    const sends: Promise<unknown>[] = [];
    for (let i = 0; i < count; i++, this.#sent++) {
      const order = { key: `key-${this.#sent % this.#keys}`, n: Math.floor(this.#sent / this.#keys) };
      sends.push(this.#template.send(this.#topic, order, { key: order.key }));
    }
    await Promise.all(sends);
  }

  /** For the beginning of a listener. */
  saw({ partition, offset, value: { key, n } }: ConsumerRecord<unknown, NumberedOrder>): void {
    const last = this.#lastOf.get(key) ?? -1;
    if (n > last + 1) this.violations.push(`${key} number ${n} after ${last} (${partition}@${offset})`);
    this.#lastOf.set(key, n); // also when it goes back: what follows has to come again in its order, too
    const newest = this.#newestOf.get(key) ?? -1;
    if (n <= newest) {
      this.duplicates++;
      return;
    }
    this.#newestOf.set(key, n);
    this.#seenOnce++;
  }

  get allSeen(): boolean {
    return this.#seenOnce >= this.#sent;
  }

  /** Whether all that was sent of these keys was seen. */
  heardAll(isMeant: (key: string) => boolean): boolean {
    const keys = Array.from({ length: Math.min(this.#keys, this.#sent) }, (_, i) => i);
    return keys.every((i) => !isMeant(`key-${i}`) || this.#newestOf.get(`key-${i}`) === this.#lastSent(i));
  }

  #lastSent(key: number): number {
    return Math.floor((this.#sent - 1 - key) / this.#keys);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#template.close();
  }
}
