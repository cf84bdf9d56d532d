import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deferred } from '@hearken/core/internal';
import { awaitCommitted, Recorder } from '@hearken/testing';
import kafkajs from 'kafkajs';
import {
  CompensationListenerContainer,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaAdmin,
  KafkaHeaders,
  KafkaTemplate,
  MessageListenerContainer,
  silentLogger,
  type CompensationProperties,
  type ConsumerRecord,
  type ShedRange,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { readTopic } from '../support/read-topic.js';
import type { SheddingListenerSettings } from '../support/shedding-listener.js';
import { until } from '../support/until.js';

const PARTITIONS = 2;
const SHEDDING_LISTENER = fileURLToPath(new URL('../support/shedding-listener.js', import.meta.url));

const placeOf = ({ partition, offset }: ConsumerRecord): string => `${partition} ${offset}`;

const placesIn = (ranges: readonly ShedRange[]): string[] =>
  ranges.flatMap(({ partition, from, to }) => Array.from({ length: to - from }, (_, i) => `${partition} ${from + i}`));

const sorted = (places: Iterable<string>): string[] => [...new Set(places)].sort();

/** A topic, a group, and the topic of its ranges. */
class Scene {
  readonly topic = uniqueName('shed');
  readonly groupId = uniqueName('group');
  readonly shedTopic = `${this.groupId}-shed`;
  readonly kafka = { brokers: bootstrapServers(), clientId: 'shed', logger: silentLogger };
  readonly admin = new KafkaAdmin(this.kafka);
  readonly template = new KafkaTemplate(new DefaultKafkaProducerFactory(this.kafka));
  readonly factory = new DefaultKafkaConsumerFactory(this.kafka, {
    groupId: this.groupId,
    autoOffsetReset: 'earliest',
  });
  readonly #stops: (() => Promise<unknown>)[] = [];
  #sent = 0;

  async create(): Promise<void> {
    const compacted = { 'cleanup.policy': 'compact' };
    await this.admin.createTopics([
      { topic: this.topic, partitions: PARTITIONS },
      { topic: this.shedTopic, partitions: 3, config: compacted },
    ]);
  }

  /** So many records more in each partition, no two with the same key. */
  async send(count: number): Promise<void> {
    const sends = Array.from({ length: count * PARTITIONS }, (_, i) =>
      this.template.send(this.topic, `${i}`, { partition: i % PARTITIONS, key: `key-${this.#sent++}` }),
    );
    await Promise.all(sends);
  }

  listening(listener: (record: ConsumerRecord) => unknown) {
    const container = new MessageListenerContainer(
      this.factory,
      {
        topics: [this.topic],
        ordering: 'key',
        concurrency: 10,
        bufferRecords: 20,
        shed: { template: this.template, allowReorder: true },
        listener,
      },
      { logger: silentLogger },
    );
    this.#stops.push(() => container.stop({ immediate: true }));
    return container;
  }

  compensating(properties: Partial<CompensationProperties> = {}) {
    const heard = new Recorder<ConsumerRecord>();
    const container = new CompensationListenerContainer(
      this.factory,
      {
        shed: { template: this.template },
        listener: heard.record,
        ordering: 'key',
        concurrency: 10,
        rateLimit: { limitForPeriod: 100_000 },
        commitIntervalMs: 20,
        ...properties,
      },
      { logger: silentLogger },
    );
    this.#stops.push(() => container.stop({ immediate: true }));
    return { container, heard };
  }

  /** Resolves when the group is through with so many records of each partition. */
  async committed(offset: number): Promise<void> {
    const at = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: this.topic, partition, offset }));
    await awaitCommitted(this, at, { timeoutMs: 120_000 });
  }

  /** What the shed topic says in the end, of all that was written to it. */
  async recorded(written: number): Promise<readonly ShedRange[]> {
    const ranges = new Map<string, ShedRange>();
    for (const { key, value } of await readTopic(this.kafka.brokers, this.shedTopic, written)) {
      if (value === null) ranges.delete(String(key));
      else ranges.set(String(key), JSON.parse(value.toString()) as ShedRange);
    }
    return [...ranges.values()];
  }

  async written(): Promise<number> {
    const offsets = await this.admin.offsets(this.shedTopic);
    return offsets.reduce((sum, { end }) => sum + end, 0);
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) await stop();
    await this.template.close();
    await this.admin.close();
  }
}

describeWithKafka('shed', function () {
  this.timeout(300_000);
  let scene: Scene;
  beforeEach(async () => {
    scene = new Scene();
    await scene.create();
  });
  afterEach(() => scene.close());

  it('skips a backlog under load; compensation replays it and nothing else, over a restart in the middle', async () => {
    const heard = new Recorder<ConsumerRecord>();
    const gate = deferred();
    const container = scene.listening(async (record) => {
      if (heard.count >= 100) await gate.promise; // a backlog grows
      heard.record(record);
    });
    await scene.send(1_000);
    await container.start();
    await heard.received(100);
    const ranges = await container.shed();
    gate.resolve();
    assert.deepEqual(
      ranges.map(({ to }) => to),
      [1_000, 1_000],
    );
    await scene.send(10);
    await scene.committed(1_010);
    assert.equal(container.metrics().lag, 0);
    const skipped = placesIn(ranges);
    const processed = heard.items.map(placeOf);
    assert.deepEqual(sorted([...processed, ...skipped]).length, 2_020, 'all is processed, or in a range');

    const first = scene.compensating({ rateLimit: { limitForPeriod: 500, burst: 100 } });
    await first.container.start();
    await first.heard.received(500);
    await first.container.stop();
    const second = scene.compensating();
    await second.container.start();
    await until(
      'all ranges are replayed',
      () => second.container.metrics().compensated + first.container.metrics().compensated === 2,
    );
    await second.container.stop();
    const replayed = [...first.heard.items, ...second.heard.items];
    assert.deepEqual(sorted(replayed.map(placeOf)), sorted(skipped));
    assert.ok(second.heard.count < skipped.length - 400, 'it goes on where the first was');
    assert.equal(
      replayed.every(({ headers }) => headers.has(KafkaHeaders.SHED_RANGE)),
      true,
    );
    assert.deepEqual(await scene.recorded(await scene.written()), []);
  });

  it('loses nothing when the process is killed, wherever it is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shed-'));
    try {
      const logFile = join(folder, 'log');
      const { groupId, topic } = scene;
      const { brokers } = scene.kafka;
      const live = async (dies: SheddingListenerSettings['dies']): Promise<ChildProcess> => {
        await scene.send(100);
        const settings: SheddingListenerSettings = { brokers, topic, groupId, logFile, dies };
        return spawn(process.execPath, [SHEDDING_LISTENER, JSON.stringify(settings)], { stdio: 'inherit' });
      };
      for (const dies of ['before the write', 'after the write', 'after the shed', 'after the commit'] as const)
        assert.deepEqual(await once(await live(dies), 'exit'), [null, 'SIGKILL'], dies);
      const last = await live('never');
      const exit = once(last, 'exit');
      await scene.committed(500);
      last.kill('SIGTERM');
      assert.deepEqual(await exit, [0, null]);
      const written = await scene.written();
      const ranges = await scene.recorded(written);
      const { container, heard } = scene.compensating();
      await container.start();
      await until('all ranges are replayed', () => container.metrics().compensated === ranges.length);
      await container.stop();
      const processed = readFileSync(logFile, 'utf8').trim().split('\n');
      const replayed = heard.items.map(placeOf);
      assert.deepEqual(sorted(replayed), sorted(placesIn(ranges)));
      assert.equal(sorted([...processed, ...replayed]).length, 5 * 100 * PARTITIONS);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('tells what retention deleted of a range', async () => {
    const container = scene.listening(() => new Promise(() => undefined));
    await scene.send(100);
    await container.start();
    const ranges = await container.shed();
    assert.deepEqual(placesIn(ranges).length, 200);
    await container.stop({ immediate: true });
    await deleteRecords(scene.kafka.brokers, scene.topic, [
      { partition: 0, offset: '40' },
      { partition: 1, offset: '100' },
    ]);
    const { container: compensation, heard } = scene.compensating();
    await compensation.start();
    await until('both are over', () => compensation.metrics().compensated === 2);
    assert.deepEqual(
      sorted(heard.items.map(placeOf)),
      sorted(placesIn([{ ...ranges[0]!, partition: 0, from: 40, to: 100 }])),
    );
    assert.equal(compensation.metrics().missing, 140);
    await compensation.stop();
  });

  it('is shared by instances: each range is one instance’s, and goes on at another', async () => {
    const { template, shedTopic, topic, admin, groupId } = scene;
    await scene.send(300);
    const slowly = { rateLimit: { limitForPeriod: 200, burst: 1 } };
    const instances = [scene.compensating(slowly), scene.compensating(slowly)];
    await Promise.all(instances.map(({ container }) => container.start()));
    await until('each has a part of the shed topic', async () => {
      const [group] = await admin.describeGroups([`${groupId}-compensation`]);
      return group?.members.length === 2 && group.members.every(({ assignment }) => assignment.length > 0);
    });
    const ranges = Array.from({ length: 30 }, (_, i) => ({ topic, partition: i % 2, from: i * 10, to: i * 10 + 10 }));
    for (const [i, range] of ranges.entries()) {
      const key = `${topic}/${range.partition}/${range.from}/${range.to}`;
      await template.send(shedTopic, JSON.stringify(range), { key, partition: i % 3 });
    }
    await instances[0]!.heard.received(1);
    await instances[1]!.heard.received(1);
    await instances[0]!.container.stop();
    await until(
      'all are replayed',
      () => instances.reduce((sum, { container }) => sum + container.metrics().compensated, 0) === 30,
    );
    const heard = instances.flatMap((instance) => instance.heard.items.map(placeOf));
    assert.deepEqual(sorted(heard), sorted(placesIn(ranges)));
    assert.ok(heard.length < 330, `${heard.length} replayed`);
  });
});

async function deleteRecords(
  brokers: string[],
  topic: string,
  partitions: readonly { readonly partition: number; readonly offset: string }[],
): Promise<void> {
  const kafka = new kafkajs.Kafka({ brokers, clientId: 'retention', logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    await admin.fetchTopicMetadata({ topics: [topic] }); // or it knows no leaders
    await admin.deleteTopicRecords({ topic, partitions: [...partitions] });
  } finally {
    await admin.disconnect();
  }
}
