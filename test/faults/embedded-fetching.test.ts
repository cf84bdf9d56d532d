import assert from 'node:assert/strict';
import type { EmbeddedKafkaOptions } from '@hearken/embedded-broker';
import { awaitCommitted } from '@hearken/testing';
import { DefaultKafkaConsumerFactory, silentLogger, type Consumer, type ConsumerOptions } from 'hearken';
import { EmbeddedOrders, GROUP, TOPIC } from '../support/embedded-orders.js';

const AT = { topic: TOPIC, partition: 0 };
const POLL_MS = 60_000;

/** A consumer that reads the partition from its beginning, by itself. */
async function setup(options: ConsumerOptions = {}, kafka: EmbeddedKafkaOptions = {}) {
  const orders = await EmbeddedOrders.start(kafka);
  const factory = new DefaultKafkaConsumerFactory(
    { brokers: orders.kafka.brokers, clientId: 'reader', logger: silentLogger },
    { requestTimeoutMs: 500, fetchMaxWaitMs: 100, autoOffsetReset: 'earliest', ...options },
  );
  const consumer = factory.createConsumer();
  return {
    orders,
    consumer,
    assign: () => consumer.assign([AT]),
    async [Symbol.asyncDispose](): Promise<void> {
      await orders.faults.clear();
      await consumer.close();
      await orders[Symbol.asyncDispose]();
    },
  };
}

async function read(consumer: Consumer, count: number): Promise<number[]> {
  const numbers: number[] = [];
  while (numbers.length < count) for (const { value } of await consumer.poll(POLL_MS)) numbers.push(Number(value));
  return numbers;
}

const upTo = (count: number, first = 0): number[] => Array.from({ length: count - first }, (_, i) => first + i);

describe('a consumer, on an embedded Kafka', () => {
  it('reads each record once and in order though answers end anywhere', async () => {
    await using bench = await setup({ maxPartitionFetchBytes: 1 });
    const { orders, consumer } = bench;
    for (let i = 0; i < 30; i++) await orders.send(1); // a batch each, and a fetch each
    const cuts = [0, 1, 3, 4, 7, 8, 9, 20, 40, 70, 90];
    const rules = await Promise.all(
      cuts.map((bytes, i) => orders.faults.on({ api: 'Fetch', client: 'reader', nth: 2 * i + 1 }).truncate(bytes)),
    );
    await bench.assign();
    assert.deepEqual(await read(consumer, 30), upTo(30));
    assert.deepEqual(
      rules.map(({ hits }) => hits),
      cuts.map(() => 1),
    );
  });

  for (const [what, effect] of [
    ['is never answered', 'dropResponse'],
    ['is lost', 'dropRequest'],
    ['finds its connection closed', 'close'],
  ] as const) {
    it(`reads each record once and in order though every third fetch ${what}`, async () => {
      await using bench = await setup({ maxPartitionFetchBytes: 1, requestTimeoutMs: 200 });
      const { orders, consumer } = bench;
      for (let i = 0; i < 12; i++) await orders.send(1);
      const nths = [3, 6, 9];
      await Promise.all(nths.map((nth) => orders.faults.on({ api: 'Fetch', client: 'reader', nth })[effect]()));
      await bench.assign();
      assert.deepEqual(await read(consumer, 12), upTo(12));
    });
  }

  it('follows a leader that moves while a fetch is held', async () => {
    await using bench = await setup({}, { brokers: 2 });
    const { orders, consumer } = bench;
    await orders.send(3);
    await bench.assign();
    assert.deepEqual(await read(consumer, 3), upTo(3));
    const held = await orders.faults.on({ api: 'Fetch', client: 'reader', times: 1 }).hang();
    const { nodeId } = await held.nextHit();
    await orders.faults.partition(TOPIC, 0).moveLeader(3 - nodeId);
    await orders.send(3);
    const moved = orders.kafka.awaitRequest({ api: 'Fetch', client: 'reader', broker: 3 - nodeId });
    await held.remove();
    assert.deepEqual(await read(consumer, 3), upTo(6, 3));
    await moved;
  });

  it('hands out what is before a damaged batch, says where that is, and goes on behind it', async () => {
    await using bench = await setup();
    const { orders, consumer } = bench;
    for (let i = 0; i < 5; i++) await orders.send(1);
    await orders.faults.partition(TOPIC, 0).corruptBatch(2);
    await bench.assign();
    assert.deepEqual(await read(consumer, 2), [0, 1]);
    const damaged = { code: 'CORRUPT_BATCH', offset: 2, partition: AT };
    await assert.rejects(consumer.poll(POLL_MS), damaged);
    await assert.rejects(consumer.poll(POLL_MS), damaged, 'it is told until something is done');
    assert.equal(consumer.position(AT), 2);
    consumer.seek(AT, 3);
    assert.deepEqual(await read(consumer, 2), [3, 4]);
  });

  it("stops with autoOffsetReset 'none' where the log was cut off below it, and goes on where it is sought", async () => {
    await using bench = await setup({ autoOffsetReset: 'none' });
    const { orders, consumer } = bench;
    await orders.send(3);
    await bench.assign();
    consumer.seek(AT, 0);
    const held = await orders.faults.on({ api: 'Fetch', client: 'reader' }).hang();
    await held.nextHit();
    await orders.faults.partition(TOPIC, 0).setLogStart(2);
    await held.remove();
    await assert.rejects(consumer.poll(POLL_MS), { code: 'OFFSET_OUT_OF_RANGE', offset: 0, partition: AT });
    await consumer.seekToBeginning([AT]);
    assert.deepEqual(await read(consumer, 1), [2]);
  });
});

describe('a container, on an embedded Kafka', () => {
  it('fails at a damaged batch with what is before it committed; put behind it, the group goes on', async () => {
    await using orders = await EmbeddedOrders.start();
    const member = orders.member('member');
    await member.start();
    await orders.send(2);
    await orders.heardAll();
    const held = await orders.faults.on({ api: 'Fetch', client: 'member' }).hang();
    await held.nextHit();
    for (let i = 0; i < 3; i++) await orders.send(1);
    await orders.faults.partition(TOPIC, 0).corruptBatch(3);
    await held.remove();
    await assert.rejects(member.finished, { code: 'CORRUPT_BATCH', offset: 3, partition: AT });
    assert.deepEqual([orders.numbers(), await orders.committed()], [[0, 1, 2], [3]]);

    await orders.admin.setCommittedOffsets(GROUP, [{ ...AT, offset: 4 }]);
    const next = orders.member('next');
    await next.start();
    await orders.heardAll();
    assert.deepEqual(orders.numbers(0, 'next'), [4]);
    assert.equal((await next.stop()).drained, true);
    assert.deepEqual(await orders.committed(), [5]);
  });

  it('goes on where a log ends that lost what was read, says so, and commits there', async () => {
    await using orders = await EmbeddedOrders.start();
    const member = orders.member('member');
    await member.start();
    await orders.send(5);
    await awaitCommitted(member, [{ ...AT, offset: 5 }]);
    const reset = new Promise((resolve) => member.on('position:reset', resolve));
    await orders.faults.partition(TOPIC, 0).truncate(3);
    await orders.send(1);
    assert.deepEqual(await reset, { ...AT, reason: 'log-truncated', from: 5, to: 3 });
    await orders.heardAll();
    await member.stop();
    assert.deepEqual([orders.numbers(), await orders.committed()], [[0, 1, 2, 3, 4, 5], [4]]);
  });

  for (const [autoOffsetReset, to] of [
    ['earliest', 4],
    ['latest', 6],
  ] as const) {
    it(`goes on at the ${autoOffsetReset} record where retention took what it was to read, and says so`, async () => {
      await using orders = await EmbeddedOrders.start();
      const member = orders.member('member', { consumer: { autoOffsetReset } });
      await member.start();
      const held = await orders.faults.on({ api: 'Fetch', client: 'member' }).hang();
      const hit = held.nextHit();
      await hit;
      await orders.send(6);
      await orders.faults.partition(TOPIC, 0).setLogStart(4);
      const reset = new Promise((resolve) => member.on('position:reset', resolve));
      await held.remove();
      assert.deepEqual(await reset, { ...AT, reason: 'out-of-range', from: 0, to });
      await orders.send(2);
      await orders.heardAll();
      assert.deepEqual(orders.numbers(), upTo(8, to));
      await member.stop();
      assert.deepEqual(await orders.committed(), [8]);
    });
  }
});
