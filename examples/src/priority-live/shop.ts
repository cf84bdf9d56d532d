import { randomUUID } from 'node:crypto';
import {
  createPriorityTopics,
  PriorityKafkaTemplate,
  PriorityListenerContainer,
  type PolicyName,
} from '@hearken/priority';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  json,
  KafkaAdmin,
  type Bytes,
  type KafkaOptions,
} from 'hearken';
import { CAPACITY, LEVELS, type Level } from './levels.js';

const orderSerde = json<number>();

export interface ShopOptions {
  /** What there is to do for an order. */
  readonly work: () => Promise<unknown>;
  /** An order of this level is begun, so long after it was sent. */
  readonly onStart: (level: Level, waitedMs: number) => void;
}

/** Sends orders of three levels and listens to them: topics of its own, a template and a container. */
export class Shop {
  readonly container: PriorityListenerContainer<Bytes, number, Level>;
  readonly #admin: KafkaAdmin;
  readonly #template: PriorityKafkaTemplate<unknown, number, Level>;
  readonly #name = `priority-live-${randomUUID()}`;
  readonly #sent = new Map<Level, number>();
  #topics: readonly string[] = [];

  constructor(kafka: KafkaOptions, { work, onStart }: ShopOptions) {
    this.#admin = new KafkaAdmin(kafka);
    this.#template = new PriorityKafkaTemplate(new DefaultKafkaProducerFactory(kafka), {
      levels: LEVELS,
      valueSerde: orderSerde,
    });
    const factory = new DefaultKafkaConsumerFactory(kafka, { groupId: this.#name, autoOffsetReset: 'earliest' });
    this.container = new PriorityListenerContainer(factory, {
      topics: [this.#name],
      levels: LEVELS,
      capacity: CAPACITY,
      ordering: 'none',
      starvedAfterMs: 3_000,
      valueSerde: orderSerde,
      listener: (record, _context, { priority }) => {
        onStart(LEVELS[priority] ?? 'bulk', Date.now() - record.timestamp);
        return work();
      },
    });
  }

  async open(): Promise<void> {
    const topics = await createPriorityTopics(this.#admin, this.#name, LEVELS, { partitions: 3 });
    this.#topics = topics.map(({ topic }) => topic);
    await this.container.start();
  }

  /** Orders sent that have not begun. */
  waiting(level: Level): number {
    const { started } = this.container.metrics().levels[LEVELS.indexOf(level)] ?? { started: 0 };
    return (this.#sent.get(level) ?? 0) - started;
  }

  async send(level: Level, count: number): Promise<void> {
    const sent = this.#sent.get(level) ?? 0;
    this.#sent.set(level, sent + count);
    await Promise.all(Array.from({ length: count }, (_, i) => this.#template.send(this.#name, level, sent + i)));
  }

  /** So many wait afterwards, if it were not for those that begin meanwhile. */
  async fill(level: Level, count: number): Promise<void> {
    await this.send(level, Math.max(0, count - this.waiting(level)));
  }

  /** From the next start on. Strict starves bulk and normal here while urgent has orders: that is to be seen. */
  decideBy(policy: PolicyName): void {
    this.container.setPolicy(policy, policy === 'strict' ? { starvation: 'allow' } : {});
  }

  /** What has begun ends; what has not is left, and its topics go. */
  async close(): Promise<void> {
    await this.container.stop();
    await this.#template.close();
    await this.#admin.deleteTopics(this.#topics);
    await this.#admin.close();
  }
}
