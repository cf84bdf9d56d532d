import assert from 'node:assert/strict';
import { DefaultKafkaConsumerFactory, MessageListenerContainer, silentLogger, type ContainerProperties } from 'hearken';
import { uniqueName } from './kafka.js';
import { until } from './until.js';

/**
 * Listens in a group of containers to records that are numbered per partition: none may come before the one below it. A
 * number may come again (at least once); then what follows has to come again in its order.
 */
export class GroupWitness implements AsyncDisposable {
  readonly groupId = uniqueName('witness');
  readonly violations: string[] = [];
  duplicates = 0;
  readonly #last: number[] = [];
  readonly #newest: number[] = [];
  readonly #containers: readonly MessageListenerContainer<Buffer | null, Buffer | null>[];

  constructor(brokers: readonly string[], topic: string, members: number) {
    const factory = new DefaultKafkaConsumerFactory(
      { brokers, clientId: 'witness', logger: silentLogger },
      { groupId: this.groupId, autoOffsetReset: 'earliest', sessionTimeoutMs: 10_000 },
    );
    const properties: ContainerProperties<Buffer | null, Buffer | null> = {
      topics: [topic],
      listener: ({ partition, value }) => this.#saw(partition, Number(value?.toString())),
    };
    this.#containers = Array.from(
      { length: members },
      () => new MessageListenerContainer(factory, properties, { logger: silentLogger }),
    );
  }

  async start(): Promise<void> {
    await Promise.all(this.#containers.map((container) => container.start()));
  }

  /** Waits for the last of what was sent to every partition, then stops and says whether all was well. */
  async verify(sent: readonly number[]): Promise<void> {
    await until('all that was sent is heard', () => {
      if (this.#containers.some(({ state }) => state === 'failed')) throw new Error('a container failed');
      return sent.every((count, partition) => (this.#newest[partition] ?? -1) === count - 1);
    });
    assert.deepEqual(this.violations, []);
    for (const container of this.#containers) {
      const { drained, abandoned } = await container.stop();
      assert.deepEqual({ drained, abandoned }, { drained: true, abandoned: 0 });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#containers.map((container) => container.stop()));
  }

  #saw(partition: number, n: number): void {
    const last = this.#last[partition] ?? -1;
    if (n > last + 1) this.violations.push(`partition ${partition}: ${n} after ${last}`);
    if (n <= (this.#newest[partition] ?? -1)) this.duplicates++;
    else this.#newest[partition] = n;
    this.#last[partition] = n;
  }
}
