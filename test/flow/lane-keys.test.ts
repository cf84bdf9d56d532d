import assert from 'node:assert/strict';
import { eventLoopTurn, Recorder } from '@hearken/testing';
import {
  BatchListenerFailedError,
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  FixedBackOff,
  MessageListenerContainer,
  silentLogger,
  type ConsumerRecord,
  type KafkaAdmin,
  type KafkaTemplate,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { openClients } from '../support/suite-clients.js';
import { until } from '../support/until.js';

const RECORDS = 300;
const TENANTS = ['a', 'b', 'c', undefined];

describeWithKafka('lanes by other keys', function () {
  this.timeout(120_000);
  const kafka = () => ({ brokers: bootstrapServers(), clientId: 'lane-keys' });
  const factory = () =>
    new DefaultKafkaConsumerFactory(kafka(), { groupId: uniqueName('group'), autoOffsetReset: 'earliest' });
  let template: KafkaTemplate;
  let admin: KafkaAdmin;
  let topic: string;

  openClients((clients) => ({ admin, template } = clients), kafka);
  beforeEach(async () => {
    topic = uniqueName('lane-keys');
    await admin.createTopics([{ topic, partitions: 2 }]);
  });

  const tenantOf = ({ headers }: ConsumerRecord): string | undefined => headers.string('tenant');

  async function sendSome(): Promise<void> {
    const send = (_: unknown, i: number) => {
      const tenant = TENANTS[i % TENANTS.length];
      const headers = tenant === undefined ? {} : { tenant };
      return template.send(topic, `${i}`, { key: `${i}`, partition: i % 2, headers });
    };
    await Promise.all(Array.from({ length: RECORDS }, send));
  }

  /** What runs of each lane, and what was done last. */
  class Seen {
    readonly #running = new Set<string>();
    readonly #done = new Map<string, number>();
    problem: string | undefined;

    enter(lanes: Iterable<string>): void {
      for (const lane of lanes) {
        if (this.#running.has(lane)) this.problem ??= `two of ${lane} at a time`;
        this.#running.add(lane);
      }
    }

    leave(lanes: Iterable<string>): void {
      for (const lane of lanes) this.#running.delete(lane);
    }

    done(lane: string, offset: number): void {
      const before = this.#done.get(lane) ?? -1;
      if (before >= offset) this.problem ??= `${lane}: ${offset} after ${before}`;
      this.#done.set(lane, offset);
    }

    get lanes(): number {
      return this.#done.size;
    }
  }

  const laneOf = (record: ConsumerRecord): string => `${record.partition}/${tenantOf(record)}`;

  it('run by what a keySelector reads of their headers, and those without side by side', async () => {
    await sendSome();
    const seen = new Seen();
    let [keyless, mostKeyless] = [0, 0];
    const container = new MessageListenerContainer(
      factory(),
      {
        topics: [topic],
        ordering: 'key',
        keySelector: ({ headers }) => headers.get('tenant'),
        concurrency: 50,
        listener: async (record) => {
          const lane = laneOf(record);
          if (tenantOf(record) === undefined) {
            mostKeyless = Math.max(mostKeyless, ++keyless);
            await eventLoopTurn();
            keyless--;
          } else {
            seen.enter([lane]);
            await eventLoopTurn();
            seen.done(lane, record.offset);
            seen.leave([lane]);
          }
        },
      },
      { logger: silentLogger },
    );
    await container.start();
    await until('all are processed', () => container.metrics().processed === RECORDS);
    await container.stop();
    assert.equal(seen.problem, undefined);
    assert.equal(seen.lanes, 3, 'each tenant has a partition here');
    assert.ok(mostKeyless > 1, 'those without a key waited for each other');
  });

  it('keep their order in batches of any keys, of which some records come again', async () => {
    await sendSome();
    const seen = new Seen();
    const again = new Set<string>();
    const sizes: number[] = [];
    const container = new MessageListenerContainer(
      factory(),
      {
        topics: [topic],
        ordering: 'key',
        keySelector: ({ headers }) => headers.get('tenant') ?? 'none',
        concurrency: 4,
        batch: { maxRecords: 20, by: 'any' },
        errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 1, maxRetries: 2 }) }),
        batchListener: async (records) => {
          sizes.push(records.length);
          const lanes = new Set(records.map(laneOf));
          seen.enter(lanes);
          await eventLoopTurn();
          seen.leave(lanes);
          for (const [index, record] of records.entries()) {
            const at = `${record.partition}/${record.offset}`;
            if (record.offset % 10 === 7 && !again.has(at)) {
              again.add(at);
              throw new BatchListenerFailedError(index, new Error('once'));
            }
            seen.done(laneOf(record), record.offset);
          }
        },
      },
      { logger: silentLogger },
    );
    await container.start();
    await until('all are processed', () => container.metrics().processed === RECORDS);
    await container.stop();
    assert.equal(seen.problem, undefined);
    assert.equal(again.size, RECORDS / 10);
    assert.ok(
      sizes.some((size) => size > 1),
      sizes.join(),
    );
  });

  it('read a record of another partition at once beside a backlog, and keep no fetched answer for what waits', async () => {
    const value = 'x'.repeat(100);
    await Promise.all(
      Array.from({ length: 2_000 }, (_, i) => template.send(topic, value, { key: `${i}`, partition: 0 })),
    );
    const started = new Recorder<{ record: ConsumerRecord; attempt: number; end: () => void }>();
    let fails = true;
    const container = new MessageListenerContainer(
      factory(),
      {
        topics: [topic],
        ordering: 'key',
        bufferRecords: 400,
        maxPollRecords: 400,
        errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 0, maxRetries: 1 }) }),
        listener: (record, { attempt }) =>
          new Promise<void>((resolve, reject) => {
            if (fails && attempt === 1) reject(new Error('once'));
            fails = false;
            started.record({ record, attempt, end: resolve });
          }),
      },
      { logger: silentLogger },
    );
    await container.start();
    const endOne = (): void => started.items.at(-1)!.end();
    const first = await started.first(({ record }) => record.offset === 0);
    const again = await until('it comes again', () => {
      endOne();
      return started.items.find(({ attempt }) => attempt === 2);
    });
    assert.ok(first.record.value!.buffer.byteLength > 10_000, 'it came with many others');
    assert.ok(again.record.value!.buffer.byteLength <= Buffer.poolSize);
    assert.deepEqual(again.record.value, first.record.value);
    await template.send(topic, 'other', { key: 'other', partition: 1 });
    await until('the other record is known', () => container.snapshot().partitions[1]?.endOffset === 1);
    await until('the partition with the backlog is paused', () => {
      endOne();
      return container.snapshot().partitions[0]?.pausedBy.includes('back-pressure');
    });
    await until('the other record has its turn', () => {
      endOne();
      return started.items.some(({ record }) => record.partition === 1);
    });
    assert.ok(started.items.length < 200, `${started.items.length} records were first`);
    const stopping = container.stop({ timeoutMs: 1_000 });
    for (const { end } of started.items) end();
    await stopping;
  });
});
