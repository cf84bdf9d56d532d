import assert from 'node:assert/strict';
import { Kafka, logLevel, type Consumer, type Producer } from 'kafkajs';
import { EmbeddedKafka, type EmbeddedKafkaOptions } from '@hearken/embedded-broker';
import { ManualClock, Recorder } from '@hearken/testing';

/** One broker with a topic 'orders', and a kafkajs client of it; all that was opened is closed with it. */
async function setup(options: EmbeddedKafkaOptions = {}) {
  const broker = await EmbeddedKafka.start({ topics: ['orders'], ...options });
  const kafka = new Kafka({
    brokers: [...broker.brokers],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 20, retries: 5 },
  });
  const open: { disconnect(): Promise<void> }[] = [];

  async function producer(transactionalId = 'billing-1', transactionTimeout = 60_000): Promise<Producer> {
    const opened = kafka.producer({ transactionalId, transactionTimeout, maxInFlightRequests: 1, idempotent: true });
    open.push(opened);
    await opened.connect();
    return opened;
  }

  /** Reads 'orders' from its beginning. */
  async function reader(readUncommitted = false): Promise<Recorder<string>> {
    const values = new Recorder<string>();
    // Disconnecting waits for the fetches that are under way.
    const consumer: Consumer = kafka.consumer({
      groupId: `reader-${open.length}`,
      readUncommitted,
      maxWaitTimeInMs: 50,
    });
    open.push(consumer);
    await consumer.subscribe({ topics: ['orders'], fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => {
        values.record(String(message.value));
        return Promise.resolve();
      },
    });
    return values;
  }

  async function committed(groupId: string): Promise<string> {
    const admin = kafka.admin();
    await admin.connect();
    try {
      const [topic] = await admin.fetchOffsets({ groupId, topics: ['orders'] });
      return topic!.partitions[0]!.offset;
    } finally {
      await admin.disconnect();
    }
  }

  return {
    broker,
    producer,
    reader,
    committed,
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all(open.map((one) => one.disconnect()));
      await broker.stop();
    },
  };
}

const orders = (...values: string[]) => ({ topic: 'orders', messages: values.map((value) => ({ value })) });
const offset = (next: string) => ({ topics: [{ topic: 'orders', partitions: [{ partition: 0, offset: next }] }] });

describe('Transactions of kafkajs', () => {
  it('are read once they are committed, whole and in order, and never if aborted', async () => {
    await using bench = await setup();
    const producer = await bench.producer();
    const committed = await bench.reader();
    const all = await bench.reader(true);
    for (const [values, isCommitted] of [
      [['a1', 'a2'], true],
      [['b1', 'b2'], false],
      [['c1'], true],
    ] as const) {
      const transaction = await producer.transaction();
      for (const value of values) await transaction.send(orders(value));
      await all.first((value) => value === values.at(-1));
      assert.ok(!committed.items.includes(values[0]));
      await (isCommitted ? transaction.commit() : transaction.abort());
    }
    assert.deepEqual(await all.received(5), ['a1', 'a2', 'b1', 'b2', 'c1']);
    assert.deepEqual(await committed.received(3), ['a1', 'a2', 'c1']);
  });

  it('hold back what others wrote after them, until they end', async () => {
    await using bench = await setup();
    const [first, second] = [await bench.producer('first'), await bench.producer('second')];
    const committed = await bench.reader();
    const all = await bench.reader(true);
    const early = await first.transaction();
    await early.send(orders('early'));
    const late = await second.transaction();
    await late.send(orders('late'));
    await late.commit();
    await all.received(2);
    assert.deepEqual(committed.items, []);
    await early.abort();
    assert.deepEqual(await committed.received(1), ['late']);
  });

  it('commit offsets with their records, or not at all', async () => {
    await using bench = await setup();
    const producer = await bench.producer();
    for (const [next, end, seen] of [
      ['3', 'commit', '3'],
      ['7', 'abort', '3'],
      ['9', 'commit', '9'],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send(orders(next));
      await transaction.sendOffsets({ consumerGroupId: 'billing', ...offset(next) });
      await transaction[end]();
      assert.equal(await bench.committed('billing'), seen);
    }
  });

  it('of a producer that another took over for come to nothing', async () => {
    await using bench = await setup();
    const zombie = await bench.producer();
    const committed = await bench.reader();
    const abandoned = await zombie.transaction();
    await abandoned.send(orders('zombie 1'));

    const current = await bench.producer(); // aborts it
    const transaction = await current.transaction();
    await transaction.send(orders('current'));
    await assert.rejects(abandoned.send(orders('zombie 2')), { type: 'INVALID_PRODUCER_EPOCH' });
    await assert.rejects(abandoned.commit(), { type: 'INVALID_PRODUCER_EPOCH' });
    await transaction.commit();
    assert.deepEqual(await committed.received(1), ['current']);
  });

  it('are aborted when their time is over, and the producer told', async () => {
    const clock = new ManualClock(Date.now()); // records must not be from the future
    await using bench = await setup({ clock });
    const producer = await bench.producer('slow', 30_000);
    const transaction = await producer.transaction();
    await transaction.send(orders('late'));
    clock.advance(30_000);
    await assert.rejects(transaction.commit(), { type: 'INVALID_PRODUCER_EPOCH' });

    const next = await bench.producer('slow');
    const again = await next.transaction();
    await again.send(orders('in time'));
    await again.commit();
    const committed = await bench.reader();
    assert.deepEqual(await committed.received(1), ['in time']);
  });

  it('go on where coordinators of transactions, groups and partitions are different brokers', async () => {
    await using bench = await setup({ brokers: 3, topics: ['orders:6'] });
    const producer = await bench.producer();
    const committed = await bench.reader();
    const transaction = await producer.transaction();
    const messages = Array.from({ length: 6 }, (_, partition) => ({ value: `v${partition}`, partition }));
    await transaction.send({ topic: 'orders', messages });
    for (const group of ['g1', 'g2', 'g3']) await transaction.sendOffsets({ consumerGroupId: group, ...offset('4') });
    await transaction.commit();
    assert.deepEqual([...(await committed.received(6))].sort(), ['v0', 'v1', 'v2', 'v3', 'v4', 'v5']);
    for (const group of ['g1', 'g2', 'g3']) assert.equal(await bench.committed(group), '4');
  });

  it('outlive the broker that coordinates them', async () => {
    await using bench = await setup({ brokers: 3 });
    const producer = await bench.producer();
    const committed = await bench.reader();
    const transaction = await producer.transaction();
    await transaction.send(orders('before'));
    const { nodeId } = bench.broker.requests.find(({ api }) => api === 'AddPartitionsToTxn')!;
    await bench.broker.faults.broker(nodeId).down();
    await transaction.send(orders('after'));
    await transaction.commit();
    assert.deepEqual(await committed.received(2), ['before', 'after']);
  });
});
