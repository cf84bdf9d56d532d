import assert from 'node:assert/strict';
import {
  DefaultKafkaConsumerFactory,
  KafkaAdmin,
  MessageListenerContainer,
  silentLogger,
  type ConsumerOptions,
  type ContainerProperties,
  type KafkaOptions,
} from 'hearken';
import { uniqueName } from './kafka.js';
import type { NumberedLoad } from './numbered-load.js';
import { until } from './until.js';

/**
 * Listens in a group of containers to records that are numbered per partition: none may come before the one below it. A
 * number may come again (at least once); then what follows has to come again in its order.
 */
export class GroupWitness implements AsyncDisposable {
  readonly groupId = uniqueName('witness');
  readonly violations: string[] = [];
  duplicates = 0;
  readonly #kafka: KafkaOptions;
  readonly #last: number[] = [];
  readonly #newest: number[] = [];
  readonly #containers: readonly MessageListenerContainer<Buffer | null, Buffer | null>[];

  constructor(
    kafka: KafkaOptions,
    { topic, members, ...options }: ConsumerOptions & { readonly topic: string; readonly members: number },
  ) {
    this.#kafka = { clientId: 'witness', logger: silentLogger, ...kafka };
    const factory = new DefaultKafkaConsumerFactory(this.#kafka, {
      groupId: this.groupId,
      autoOffsetReset: 'earliest',
      sessionTimeoutMs: 10_000,
      ...options,
    });
    const properties: ContainerProperties<Buffer | null, Buffer | null> = {
      topics: [topic],
      listener: ({ partition, value }) => this.#saw(partition, Number.parseInt(value?.toString('latin1') ?? '', 10)),
    };
    this.#containers = Array.from(
      { length: members },
      () => new MessageListenerContainer(factory, properties, { logger: silentLogger }),
    );
  }

  async start(): Promise<void> {
    await Promise.all(this.#containers.map((container) => container.start()));
  }

  /** Every partition's records arrive that are sent from now on. */
  async hears(load: NumberedLoad): Promise<void> {
    await load.flows();
    const sent = [...load.sent];
    await until('what was sent until now is heard', () => this.#hasHeard(sent));
  }

  /** Waits for the last of what was sent to every partition, then stops and says whether all was well. */
  async verify({ topic, sent }: NumberedLoad): Promise<void> {
    await until('all that was sent is heard', () => this.#hasHeard(sent));
    assert.deepEqual(this.violations, []);
    for (const container of this.#containers) {
      const { drained, abandoned } = await container.stop();
      assert.deepEqual({ drained, abandoned }, { drained: true, abandoned: 0 });
    }
    await using admin = new KafkaAdmin(this.#kafka);
    const committed = await admin.committedOffsets(this.groupId, [topic]);
    assert.deepEqual(
      committed.map(({ partition, offset }) => [partition, offset]).sort(([a = 0], [b = 0]) => a - b),
      [...sent.entries()],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#containers.map((container) => container.stop()));
  }

  #hasHeard(sent: readonly number[]): boolean {
    if (this.#containers.some(({ state }) => state === 'failed')) throw new Error('a container failed');
    return sent.every((count, partition) => (this.#newest[partition] ?? -1) >= count - 1);
  }

  #saw(partition: number, n: number): void {
    const last = this.#last[partition] ?? -1;
    if (n > last + 1) this.violations.push(`partition ${partition}: ${n} after ${last}`);
    if (n <= (this.#newest[partition] ?? -1)) this.duplicates++;
    else this.#newest[partition] = n;
    this.#last[partition] = n;
  }
}
