import assert from 'node:assert/strict';
import type { CommitFailedError, ConsumerRecords, KafkaError } from '@hearken/core';
import {
  isKafkaError,
  type Consumer,
  type ConsumerRebalanceListener,
  type ConsumerRecord,
  type TopicPartition,
} from '@hearken/core';
import type { RecordInit } from '../a-record.js';
import { Signal } from '../signal.js';
import { globalRunner, type TestRunner } from './test-runner.js';

/** What the suite needs around a consumer. */
export interface ConsumerHarness {
  /** A fresh consumer that starts at the beginning where its group committed nothing. The suite closes it. */
  readonly createConsumer: (groupId: string) => Consumer | Promise<Consumer>;
  /** Makes a new topic with so many partitions; resolves with its name. */
  readonly createTopic: (partitions: number) => Promise<string>;
  /** Appends to a partition; resolves when consumers can read it. */
  readonly produce: (topic: string, partition: number, records: readonly RecordInit[]) => Promise<unknown>;
  /** A group that nobody has used. */
  readonly uniqueGroup: () => string;
}

/** What every {@link Consumer} promises, as far as one member shows it and nothing breaks. */
// Long because an interface is one list of promises; each stands alone, as a test of its own.
export function exerciseConsumer(harness: ConsumerHarness, runner: TestRunner = globalRunner()): void {
  runner.describe('as a Consumer', () => {
    const it: It = (name, body) =>
      runner.it(name, async () => {
        const opened: Consumer[] = [];
        const groupId = harness.uniqueGroup();
        const open = async (): Promise<Consumer> => {
          const consumer = await harness.createConsumer(groupId);
          opened.push(consumer);
          return consumer;
        };
        await body({ ...harness, open, groupId }).finally(() =>
          Promise.all(opened.map((consumer) => consumer.close())),
        );
      });
    exercisePoll(it);
    exerciseWaking(it);
    exercisePause(it);
    exerciseSeek(it);
    exerciseOffsets(it);
    exerciseCommit(it);
    exerciseGroup(it);
    exerciseClose(it);
  });
}

interface Stage extends ConsumerHarness {
  /** A consumer of the test's own group. */
  readonly open: () => Promise<Consumer>;
  readonly groupId: string;
}

type It = (name: string, body: (stage: Stage) => Promise<void>) => unknown;

/** Longer than any test may take: what resolves before it does not wait for it. */
const FOREVER_MS = 3_600_000;

function exercisePoll(it: It): void {
  it('reads assigned partitions from the beginning, in order, and only those', async (stage) => {
    const { consumer, topic } = await reading(stage, { partitions: 3, assign: [0, 2], records: 5 });
    const records = await take(consumer, 10);
    for (const partition of [0, 2]) assert.deepEqual(offsetsOf(records, partition), [0, 1, 2, 3, 4]);
    assert.equal((await consumer.poll(0)).count, 0);
    assert.deepEqual(sorted(consumer.assignment()), partitionsOf(topic, [0, 2]));
  });

  it('hands out records as they were written', async (stage) => {
    const topic = await stage.createTopic(1);
    const empty = Buffer.alloc(0);
    await stage.produce(topic, 0, [
      { key: 'k', value: Buffer.from([0, 255]), timestamp: 1_700_000_000_000, headers: { a: ['1', null, ''] } },
      { key: null, value: null, timestamp: 1_700_000_000_001 },
      { key: empty, value: empty, timestamp: 1_700_000_000_002 },
    ]);
    const consumer = await stage.open();
    await consumer.assign(partitionsOf(topic, [0]));
    const [full, none, blank] = await take(consumer, 3);
    assert.ok(full !== undefined && none !== undefined && blank !== undefined);
    assert.deepEqual([full.topic, full.partition, full.offset, full.timestamp], [topic, 0, 0, 1_700_000_000_000]);
    assert.equal(full.timestampType, 'create-time');
    assert.deepEqual([full.key, full.value], [Buffer.from('k'), Buffer.from([0, 255])]);
    assert.deepEqual([...full.headers], [['a', Buffer.from('1')], ['a', null], ['a', empty]]); // prettier-ignore
    assert.deepEqual([none.key, none.value, none.headers.size], [null, null, 0]);
    assert.deepEqual([blank.key, blank.value], [empty, empty]);
  });

  it('returns at most so many records, and tells where it goes on', async (stage) => {
    const { consumer, at } = await reading(stage, { records: 25 });
    const seen: number[] = [];
    while (seen.length < 25) {
      const records = await consumer.poll(FOREVER_MS, 7);
      assert.ok(records.count <= 7);
      seen.push(...offsetsOf([...records], 0));
      if (records.count > 0)
        assert.deepEqual(
          records.nextOffsets.map(({ offset }) => offset),
          [seen.length],
        );
      assert.equal(consumer.position(at(0)), seen.length);
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 25 }, (_, i) => i),
    );
  });

  it('returns at once, with nothing, when asked for no records', async (stage) => {
    const { consumer, at } = await reading(stage, { records: 1 });
    assert.equal((await consumer.poll(FOREVER_MS, 0)).count, 0);
    assert.equal(consumer.position(at(0)), 0);
    assert.equal((await take(consumer, 1)).length, 1);
  });

  it('returns empty after its time', async (stage) => {
    const { consumer } = await reading(stage, { records: 0 });
    assert.ok((await consumer.poll(0)).isEmpty);
    assert.ok((await consumer.poll(20)).isEmpty);
  });

  it('ends an outstanding poll when a record comes', async (stage) => {
    const { consumer, topic } = await reading(stage, { records: 0 });
    const polled = nonEmpty(consumer);
    await stage.produce(topic, 0, [{ value: 'late' }]);
    assert.equal(String([...(await polled)][0]?.value), 'late');
  });

  it('reads other partitions when they are assigned in place of the first', async (stage) => {
    const { consumer, topic } = await reading(stage, { partitions: 2, assign: [0], records: 3 });
    await take(consumer, 3);
    await consumer.assign(partitionsOf(topic, [1]));
    assert.deepEqual(
      consumer.assignment().map(({ partition }) => partition),
      [1],
    );
    assert.deepEqual(offsetsOf(await take(consumer, 3), 1), [0, 1, 2]);
  });
}

function exerciseWaking(it: It): void {
  it('ends the outstanding poll on wakeup', async (stage) => {
    const { consumer } = await reading(stage, { records: 0 });
    const polled = consumer.poll(FOREVER_MS);
    consumer.wakeup();
    assert.ok((await polled).isEmpty);
  });

  it('ends the next poll on wakeup when none is outstanding, and only that', async (stage) => {
    const { consumer } = await reading(stage, { records: 1 });
    consumer.wakeup();
    assert.ok((await consumer.poll(FOREVER_MS)).isEmpty);
    assert.equal((await take(consumer, 1)).length, 1);
  });
}

function exercisePause(it: It): void {
  it('returns nothing of a paused partition until it is resumed, and then all of it', async (stage) => {
    const { consumer, at } = await reading(stage, { partitions: 2, records: 5 });
    consumer.pause([at(0)]);
    assert.deepEqual(
      consumer.paused().map(({ partition }) => partition),
      [0],
    );
    assert.deepEqual(offsetsOf(await take(consumer, 5), 1), [0, 1, 2, 3, 4]);
    assert.ok((await consumer.poll(20)).isEmpty);
    assert.equal(consumer.position(at(0)), 0);
    const polled = nonEmpty(consumer);
    consumer.resume([at(0)]);
    assert.deepEqual(consumer.paused(), []);
    const first = [...(await polled)];
    assert.deepEqual(offsetsOf([...first, ...(await take(consumer, 5 - first.length))], 0), [0, 1, 2, 3, 4]);
  });

  it('pauses in the middle of a partition and goes on where it was', async (stage) => {
    const { consumer, at } = await reading(stage, { records: 10 });
    const first = [...(await nonEmpty(consumer, 4))];
    consumer.pause([at(0)]);
    assert.ok((await consumer.poll(20)).isEmpty);
    consumer.resume([at(0)]);
    const rest = await take(consumer, 10 - first.length);
    assert.deepEqual(offsetsOf([...first, ...rest], 0), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('ignores partitions that are not assigned', async (stage) => {
    const { consumer, topic } = await reading(stage, { partitions: 2, assign: [0], records: 1 });
    consumer.pause(partitionsOf(topic, [1]));
    consumer.resume(partitionsOf(topic, [1]));
    assert.deepEqual(consumer.paused(), []);
  });
}

function exerciseSeek(it: It): void {
  it('goes on where it was sent', async (stage) => {
    const { consumer, at } = await reading(stage, { records: 10 });
    await take(consumer, 10);
    consumer.seek(at(0), 7);
    assert.equal(consumer.position(at(0)), 7);
    assert.deepEqual(offsetsOf(await take(consumer, 3), 0), [7, 8, 9]);
    await consumer.seekToBeginning([at(0)]);
    assert.equal(consumer.position(at(0)), 0);
    assert.equal((await take(consumer, 10)).length, 10);
  });

  it('drops what it had buffered', async (stage) => {
    const { consumer, at } = await reading(stage, { records: 10 });
    await nonEmpty(consumer, 2);
    consumer.seek(at(0), 8);
    assert.deepEqual(offsetsOf(await take(consumer, 2), 0), [8, 9]);
  });

  it('serves an outstanding poll from there', async (stage) => {
    const { consumer, at } = await reading(stage, { records: 3 });
    await take(consumer, 3);
    const polled = nonEmpty(consumer);
    consumer.seek(at(0), 1);
    assert.equal([...(await polled)][0]?.offset, 1);
  });

  it('goes to the end, and reads what comes after', async (stage) => {
    const { consumer, topic, at } = await reading(stage, { records: 3 });
    await consumer.seekToEnd([at(0)]);
    assert.equal(consumer.position(at(0)), 3);
    await stage.produce(topic, 0, [{ value: 'new' }]);
    assert.deepEqual(offsetsOf(await take(consumer, 1), 0), [3]);
  });

  it('refuses partitions that are not assigned', async (stage) => {
    const { consumer, topic } = await reading(stage, { partitions: 2, assign: [0], records: 0 });
    const [foreign] = partitionsOf(topic, [1]) as [TopicPartition];
    assert.throws(() => consumer.seek(foreign, 0), isKafkaError);
    assert.throws(() => consumer.position(foreign), isKafkaError);
  });
}

function exerciseOffsets(it: It): void {
  it('tells the first and the last offset', async (stage) => {
    const { consumer, topic } = await reading(stage, { partitions: 2, assign: [], records: 4 });
    const partitions = partitionsOf(topic, [0, 1]);
    assert.deepEqual(
      (await consumer.beginningOffsets(partitions)).map(({ offset }) => offset),
      [0, 0],
    );
    assert.deepEqual(
      (await consumer.endOffsets(partitions)).map(({ offset }) => offset),
      [4, 4],
    );
  });

  it('finds offsets by time, and leaves out partitions that have none', async (stage) => {
    const topic = await stage.createTopic(2);
    await stage.produce(
      topic,
      0,
      [1_000, 2_000, 3_000].map((timestamp) => ({ timestamp })),
    );
    await stage.produce(topic, 1, [{ timestamp: 1_000 }]);
    const consumer = await stage.open();
    const found = await consumer.offsetsForTimes(
      partitionsOf(topic, [0, 1]).map((at) => ({ ...at, timestamp: 1_500 })),
    );
    assert.deepEqual(found.map(({ partition, offset, timestamp }) => ({ partition, offset, timestamp })), [
      { partition: 0, offset: 1, timestamp: 2_000 },
    ]); // prettier-ignore
  });

  it('tells its lag', async (stage) => {
    const { consumer } = await reading(stage, { records: 10 });
    const taken = [...(await nonEmpty(consumer, 4))].length;
    const [lag] = consumer.lag();
    assert.deepEqual([lag?.position, lag?.endOffset, lag?.lag], [taken, 10, 10 - taken]);
  });
}

function exerciseCommit(it: It): void {
  it('keeps what was committed, for the whole group', async (stage) => {
    const { consumer, topic, at } = await reading(stage, { partitions: 2, records: 5 });
    await consumer.commit([{ ...at(0), offset: 3, metadata: 'half way' }]);
    const other = await stage.open();
    for (const reader of [consumer, other]) {
      const committed = await reader.committed(partitionsOf(topic, [0, 1]));
      assert.deepEqual(committed.map(({ partition, offset, metadata }) => ({ partition, offset, metadata })), [
        { partition: 0, offset: 3, metadata: 'half way' },
      ]); // prettier-ignore
    }
    await other.assign([at(0)]);
    assert.equal(other.position(at(0)), 3);
    assert.deepEqual(offsetsOf(await take(other, 2), 0), [3, 4]);
  });

  it('has written a commit when it resolves, however many there are', async (stage) => {
    const { consumer, at } = await reading(stage, { records: 5 });
    for (let offset = 1; offset <= 5; offset++) {
      await consumer.commit([{ ...at(0), offset }]);
      assert.equal((await consumer.committed([at(0)]))[0]?.offset, offset);
    }
    await consumer.commit([]);
  });

  it('keeps the newest of commits under way at once, by the order of the calls, for each partition', async (stage) => {
    const { consumer, at } = await reading(stage, { partitions: 2, records: 5 });
    const commit = (...offsets: readonly [partition: number, offset: number][]): Promise<void> =>
      consumer.commit(offsets.map(([partition, offset]) => ({ ...at(partition), offset })));
    await Promise.all([
      commit([0, 1], [1, 1]),
      commit([0, 5]),
      commit([1, 2]),
      commit([0, 3], [1, 4]), // back from 5: newest is what was asked for last, as after a seek
      commit([1, 5]),
    ]);
    const committed = await consumer.committed([at(0), at(1)]);
    assert.deepEqual(new Map(committed.map(({ partition, offset }) => [partition, offset])), new Map([[0, 3], [1, 5]])); // prettier-ignore
  });

  it('names all that a refused commit did not write', async (stage) => {
    const { consumer, at } = await reading(stage, { records: 5 });
    const notOurs = { ...at(0), partition: 9 };
    const refusal: unknown = await consumer
      .commit([at(0), notOurs].map((one) => ({ ...one, offset: 2 })))
      .catch(identity);
    assert.ok(isKafkaError(refusal));
    const { partitions } = refusal as KafkaError & Pick<CommitFailedError, 'partitions'>;
    const named = partitions.map(({ partition }) => partition);
    const written = (await consumer.committed([at(0), notOurs])).map(({ partition }) => partition);
    assert.deepEqual([...named, ...written].sort(), [0, 9]);
  });
}

const identity = (error: unknown): unknown => error;

function exerciseGroup(it: It): void {
  it('is assigned what it subscribes to; positions are known, and seek works, before the first record', async (stage) => {
    const topic = await topicWith(stage, 2, 3);
    const consumer = await stage.open();
    assert.deepEqual([consumer.groupMetadata().generationId, consumer.groupMetadata().memberId], [-1, '']);
    const assigned = new Signal<readonly TopicPartition[]>();
    const onPartitionsAssigned = (partitions: readonly TopicPartition[]): Promise<void> => {
      for (const partition of partitions) assert.equal(consumer.position(partition), 0);
      for (const partition of partitions) consumer.seek(partition, 2);
      assigned.fire(partitions);
      return Promise.resolve();
    };
    await consumer.subscribe([topic], rebalanceListener({ onPartitionsAssigned }));
    const records = await take(consumer, 2);
    assert.deepEqual(sorted(await assigned.wait()), partitionsOf(topic, [0, 1]));
    assert.deepEqual(
      records.map(({ offset }) => offset),
      [2, 2],
    );
    const { groupId, generationId, memberId } = consumer.groupMetadata();
    assert.equal(groupId, stage.groupId);
    assert.ok(generationId >= 0 && memberId !== '');
  });

  it('subscribes by pattern', async (stage) => {
    const topic = await topicWith(stage, 1, 1);
    const consumer = await stage.open();
    await consumer.subscribe(new RegExp(`^${topic}$`));
    assert.deepEqual(
      (await take(consumer, 1)).map((record) => record.topic),
      [topic],
    );
  });

  it('waits for onPartitionsAssigned before it returns a record', async (stage) => {
    const topic = await topicWith(stage, 1, 1);
    const consumer = await stage.open();
    const [called, gate] = [new Signal(), new Signal()];
    const onPartitionsAssigned = (): Promise<void> => {
      called.fire();
      return gate.wait();
    };
    await consumer.subscribe([topic], rebalanceListener({ onPartitionsAssigned }));
    await called.wait();
    assert.ok((await consumer.poll(20)).isEmpty);
    gate.fire();
    assert.equal((await take(consumer, 1)).length, 1);
  });

  it('tells of what it gives up when it closes; commits still work then, and the next member goes on from there', async (stage) => {
    const topic = await topicWith(stage, 1, 5);
    const [at] = partitionsOf(topic, [0]) as [TopicPartition];
    const first = await stage.open();
    const revoked = new Signal<readonly TopicPartition[]>();
    let committed: Promise<void> | undefined;
    const onPartitionsRevoked = (partitions: readonly TopicPartition[]): Promise<void> => {
      revoked.fire(partitions);
      return (committed = first.commit([{ ...at, offset: 2 }]));
    };
    await first.subscribe([topic], rebalanceListener({ onPartitionsRevoked }));
    await take(first, 5);
    await first.close();
    assert.deepEqual(sorted(await revoked.wait()), [at]);
    await committed;
    const second = await stage.open();
    await second.subscribe([topic]);
    assert.deepEqual(offsetsOf(await take(second, 3), 0), [2, 3, 4]);
  });

  it('rejects every poll once a rebalance callback has failed', async (stage) => {
    const topic = await topicWith(stage, 1, 1);
    const consumer = await stage.open();
    const failure = new Error('the callback failed');
    await consumer.subscribe([topic], rebalanceListener({ onPartitionsAssigned: () => Promise.reject(failure) }));
    await assert.rejects(consumer.poll(FOREVER_MS), failure);
    await assert.rejects(consumer.poll(FOREVER_MS), failure);
  });
}

function exerciseClose(it: It): void {
  it('closes any number of times, ends an outstanding poll, and polls no more', async (stage) => {
    const { consumer } = await reading(stage, { records: 0 });
    const [polled] = [Promise.allSettled([consumer.poll(FOREVER_MS)])];
    await Promise.all([consumer.close(), consumer.close()]);
    const [end] = await polled;
    assert.ok(end.status === 'rejected' ? isKafkaError(end.reason) : end.value.isEmpty);
    await assert.rejects(consumer.poll(0), isKafkaError);
    await consumer.close();
  });

  it('closes although it was never used', async (stage) => {
    await (await stage.open()).close();
  });
}

/** A consumer that reads some partitions of a new topic without group membership; each partition holds so many records. */
async function reading(
  stage: Stage,
  { partitions = 1, records, assign }: { partitions?: number; records: number; assign?: readonly number[] },
): Promise<{
  readonly consumer: Consumer;
  readonly topic: string;
  readonly at: (partition: number) => TopicPartition;
}> {
  const topic = await topicWith(stage, partitions, records);
  const consumer = await stage.open();
  const numbers = assign ?? Array.from({ length: partitions }, (_, i) => i);
  if (numbers.length > 0) await consumer.assign(partitionsOf(topic, numbers));
  return { consumer, topic, at: (partition) => ({ topic, partition }) };
}

async function topicWith(stage: Stage, partitions: number, records: number): Promise<string> {
  const topic = await stage.createTopic(partitions);
  const values = Array.from({ length: records }, (_, i) => ({ value: String(i) }));
  if (records > 0) {
    await Promise.all(Array.from({ length: partitions }, (_, partition) => stage.produce(topic, partition, values)));
  }
  return topic;
}

/** Polls until there are so many records, and fails if there are more. */
async function take(consumer: Consumer, count: number): Promise<readonly ConsumerRecord[]> {
  const taken: ConsumerRecord[] = [];
  while (taken.length < count) taken.push(...(await consumer.poll(FOREVER_MS)));
  assert.equal(taken.length, count);
  return taken;
}

/** Polls until something comes: a rebalance may end a poll with nothing. */
async function nonEmpty(consumer: Consumer, maxRecords?: number): Promise<ConsumerRecords> {
  for (;;) {
    const records = await consumer.poll(FOREVER_MS, maxRecords);
    if (!records.isEmpty) return records;
  }
}

const rebalanceListener = (overrides: Partial<ConsumerRebalanceListener>): ConsumerRebalanceListener => ({
  onPartitionsAssigned: () => Promise.resolve(),
  onPartitionsRevoked: () => Promise.resolve(),
  onPartitionsLost: () => Promise.resolve(),
  ...overrides,
});

const offsetsOf = (records: readonly ConsumerRecord[], partition: number): number[] =>
  records.filter((record) => record.partition === partition).map(({ offset }) => offset);

const partitionsOf = (topic: string, partitions: readonly number[]): TopicPartition[] =>
  partitions.map((partition) => ({ topic, partition }));

const sorted = (partitions: readonly TopicPartition[]): TopicPartition[] =>
  partitions.map(({ topic, partition }) => ({ topic, partition })).toSorted((a, b) => a.partition - b.partition);
