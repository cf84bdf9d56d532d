import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { DefaultKafkaProducerFactory, silentLogger, type KafkaOptions, type Producer } from 'hearken';
import { assertCounts, readLogs } from './partition-log.js';

const LOOPS_PER_PARTITION = 3;
const RECORDS_PER_TURN = 10;
/** A pace that leaves the processors to the brokers; nothing waits for it. */
const PACE_MS = 25;

/** Sends records numbered per partition until it is stopped, and knows what was acknowledged where. */
export class NumberedLoad implements AsyncDisposable {
  readonly topic: string;
  readonly sent: number[];
  readonly failures: unknown[] = [];
  readonly #brokers: string[];
  readonly #valueBytes: number;
  readonly #producer: Producer;
  /** By partition, then by number: the offset that was acknowledged. */
  readonly #acknowledged: number[][];
  readonly #loops: Promise<void>;
  #isOver = false;

  /** @param load.valueBytes pads values to this size. @default no padding */
  constructor(
    kafka: KafkaOptions & { readonly brokers: string[] },
    load: { readonly topic: string; readonly partitions: number; readonly valueBytes?: number },
  ) {
    this.topic = load.topic;
    this.#valueBytes = load.valueBytes ?? 0;
    this.#brokers = kafka.brokers;
    const settings = { clientId: 'load', logger: silentLogger, ...kafka };
    this.#producer = new DefaultKafkaProducerFactory(settings).createProducer();
    this.sent = Array<number>(load.partitions).fill(0);
    this.#acknowledged = this.sent.map(() => []);
    const loops = Array.from({ length: LOOPS_PER_PARTITION }, () => [...this.sent.keys()]).flat();
    this.#loops = Promise.all(loops.map((partition) => this.#loop(partition))).then(() => undefined);
  }

  /** Resolves when every partition has acknowledged something that was sent after this call. */
  async flows(): Promise<void> {
    const marks = this.sent.map((_, partition) => this.#send(partition));
    await Promise.all(marks);
  }

  /** Sends no more; resolves when all that was sent has ended. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#loops;
  }

  /** Stops, reads everything back, and compares: each record once, in order, and where its sender was told. */
  async verify(): Promise<void> {
    await this.stop();
    assert.deepEqual(this.failures, []);
    for (const [partition, log] of (await readLogs(this.#brokers, this.topic)).entries()) {
      const name = `partition ${partition}`;
      assertCounts(log, this.sent[partition]!, name);
      assertCounts(this.#acknowledged[partition]!, this.sent[partition]!, `${name}, as acknowledged`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#producer.close();
  }

  async #loop(partition: number): Promise<void> {
    while (!this.#isOver) {
      await Promise.all(Array.from({ length: RECORDS_PER_TURN }, () => this.#send(partition)));
      await delay(PACE_MS);
    }
  }

  async #send(partition: number): Promise<void> {
    const n = this.sent[partition]!++;
    try {
      const value = Buffer.from(String(n).padEnd(this.#valueBytes));
      const { offset } = await this.#producer.send({ topic: this.topic, partition, value });
      this.#acknowledged[partition]![n] = offset;
    } catch (error) {
      this.failures.push(error);
    }
  }
}
