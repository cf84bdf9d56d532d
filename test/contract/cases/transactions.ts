import assert from 'node:assert/strict';
import { uniqueName } from '../../support/kafka.js';
import { until } from '../../support/until.js';
import { nameOf, type ContractBroker } from '../contract-broker.js';
import { stableGroup } from '../group-member.js';
import { committedIn } from '../group-requests.js';
import { aBatch, batchesOf, fetch, LATEST, listOffset, only, produce, valuesOf } from '../partition-requests.js';
import { TransactionalProducer } from '../transactional-producer.js';

const COMMITTED = { isolationLevel: 1 };

// One case per promise about transactions, so longer than most files.
export function transactionCases(broker: ContractBroker): void {
  const lastStable = async (topic: string): Promise<number> =>
    (await listOffset(broker, topic, LATEST, COMMITTED)).offset;

  /** Kafka answers the end of a transaction before all partitions know of it. */
  const stable = (topic: string): Promise<true> =>
    until('no transaction is open', async () => {
      const [readable, written] = [await lastStable(topic), (await listOffset(broker, topic, LATEST)).offset];
      return readable === written;
    });

  it('hold back what comes after their first record, until they end', async () => {
    const [topic, producer] = [await broker.topic(), await TransactionalProducer.open(broker)];
    await produce(broker, topic, aBatch(['before']));
    assert.deepEqual(await producer.add(topic), ['NONE']);
    assert.equal(await producer.produce(topic, ['a', 'b']), 'NONE');
    await produce(broker, topic, aBatch(['after']));
    const fetched = await fetch(broker, topic, COMMITTED);
    assert.deepEqual(valuesOf(fetched), ['before']);
    assert.deepEqual([fetched.lastStableOffset, fetched.highWatermark], [1, 4]);
    assert.deepEqual([await lastStable(topic), (await listOffset(broker, topic, LATEST)).offset], [1, 4]);
    assert.equal(await producer.end('commit'), 'NONE');
    await stable(topic);
    assert.deepEqual(valuesOf(await fetch(broker, topic, COMMITTED)), ['before', 'a', 'b', 'after']);
  });

  it('are all read by who reads what is not committed', async () => {
    const [topic, producer] = [await broker.topic(), await TransactionalProducer.open(broker)];
    await producer.add(topic);
    await producer.produce(topic, ['a']);
    const fetched = await fetch(broker, topic);
    assert.deepEqual([valuesOf(fetched), fetched.abortedTransactions], [['a'], null]);
    await producer.end('abort');
  });

  for (const outcome of ['commit', 'abort'] as const) {
    it(`end with a marker that takes an offset: ${outcome}`, async () => {
      const [topic, producer] = [await broker.topic(), await TransactionalProducer.open(broker)];
      await producer.transact(topic, ['a', 'b'], outcome);
      await stable(topic);
      const [batch, marker] = batchesOf(await fetch(broker, topic));
      assert.deepEqual([batch!.isTransactional, batch!.isControl], [true, false]);
      const { isTransactional, isControl, baseOffset, recordCount, producerId, producerEpoch } = marker!;
      assert.deepEqual(
        { isTransactional, isControl, baseOffset, recordCount, producerId, producerEpoch },
        { isTransactional: true, isControl: true, baseOffset: 2, recordCount: 1, ...producer.identity },
      );
      const cursor = await marker!.records();
      assert.ok(cursor.next());
      assert.deepEqual(cursor.key, Buffer.from([0, 0, 0, outcome === 'commit' ? 1 : 0]));
      assert.equal((await listOffset(broker, topic, LATEST)).offset, 3);
    });
  }

  it('that were aborted are named by a fetch of what is committed', async () => {
    const [topic, producer] = [await broker.topic(), await TransactionalProducer.open(broker)];
    await producer.transact(topic, ['a'], 'commit'); // 0, marker 1
    await producer.transact(topic, ['b', 'c'], 'abort'); // 2 and 3, marker 4
    await producer.transact(topic, ['d'], 'commit'); // 5, marker 6
    await stable(topic);
    const { producerId } = producer.identity;
    const all = await fetch(broker, topic, COMMITTED);
    assert.deepEqual(all.abortedTransactions, [{ producerId, firstOffset: 2 }]);
    assert.deepEqual(valuesOf(all), ['a', 'b', 'c', 'd']); // the client leaves them out
    const within = await fetch(broker, topic, { ...COMMITTED, offset: 3 });
    assert.deepEqual(within.abortedTransactions, [{ producerId, firstOffset: 2 }]);
    assert.deepEqual((await fetch(broker, topic, { ...COMMITTED, offset: 5 })).abortedTransactions, []);
  });

  it('wake who waits for what is committed when they end', async () => {
    const [topic, producer] = [await broker.topic(), await TransactionalProducer.open(broker)];
    await producer.add(topic);
    await producer.produce(topic, ['a']);
    const waiting = fetch(broker, topic, { ...COMMITTED, maxWaitMs: 600_000, on: await broker.connect() });
    assert.equal(await producer.end('commit'), 'NONE');
    assert.deepEqual(valuesOf(await waiting), ['a']);
  });

  it('of several producers are held back to the first that is open', async () => {
    const topic = await broker.topic();
    const [one, other] = [await TransactionalProducer.open(broker), await TransactionalProducer.open(broker)];
    for (const producer of [one, other]) await producer.add(topic);
    await one.produce(topic, ['a']);
    await other.produce(topic, ['b']);
    await other.end('commit'); // marker at 2
    await until('the marker is written', async () => (await listOffset(broker, topic, LATEST)).offset === 3);
    assert.equal(await lastStable(topic), 0);
    await one.end('abort');
    await stable(topic);
    assert.deepEqual(
      (await fetch(broker, topic, COMMITTED)).abortedTransactions?.map(({ producerId }) => producerId),
      [one.identity.producerId],
    );
  });

  it('span partitions', async () => {
    const [topic, producer] = [await broker.topic(3), await TransactionalProducer.open(broker)];
    assert.deepEqual(await producer.add(topic, [0, 1, 2]), ['NONE', 'NONE', 'NONE']);
    for (const partition of [0, 2]) await producer.produce(topic, ['a'], partition);
    await producer.end('commit');
    await until('all have their marker', async () => {
      const ends = [0, 1, 2].map(async (partition) => (await listOffset(broker, topic, LATEST, { partition })).offset);
      return (await Promise.all(ends)).join() === '2,1,2';
    });
  });

  it('of no records may end', async () => {
    const [topic, producer] = [await broker.topic(), await TransactionalProducer.open(broker)];
    await producer.add(topic);
    assert.equal(await producer.end('commit'), 'NONE');
  });

  it('may be ended twice the same way, and not the other way', async () => {
    const [topic, producer] = [await broker.topic(), await TransactionalProducer.open(broker)];
    for (const [outcome, other] of [
      ['commit', 'abort'],
      ['abort', 'commit'],
    ] as const) {
      await producer.transact(topic, ['a'], outcome);
      assert.equal(await producer.end(outcome), 'NONE');
      assert.equal(await producer.end(other), 'INVALID_TXN_STATE');
    }
  });

  it('that never began cannot end', async () => {
    const producer = await TransactionalProducer.open(broker);
    assert.equal(await producer.end('commit'), 'INVALID_TXN_STATE');
  });

  it('take no records of partitions that were not added', async () => {
    const [topic, producer] = [await broker.topic(2), await TransactionalProducer.open(broker)];
    assert.equal(await producer.produce(topic, ['a']), 'INVALID_TXN_STATE');
    await producer.add(topic, [0]);
    assert.equal(await producer.produce(topic, ['a'], 0), 'NONE');
    assert.equal(await producer.produce(topic, ['a'], 1), 'INVALID_TXN_STATE');
    await producer.end('abort');
  });

  it('take no partition if one of them does not exist', async () => {
    const [topic, producer] = [await broker.topic(), await TransactionalProducer.open(broker)];
    assert.deepEqual(await producer.add(topic, [0, 9]), ['OPERATION_NOT_ATTEMPTED', 'UNKNOWN_TOPIC_OR_PARTITION']);
    assert.equal(await producer.end('commit'), 'INVALID_TXN_STATE');
  });

  it('of an id or a producer that nobody knows are refused', async () => {
    const [topic, producer] = [await broker.topic(), await TransactionalProducer.open(broker)];
    const unknown = new TransactionalProducer(broker);
    assert.deepEqual(await unknown.add(topic, [0], producer.identity), ['INVALID_PRODUCER_ID_MAPPING']);
    assert.equal(await unknown.end('commit', producer.identity), 'INVALID_PRODUCER_ID_MAPPING');
    const other = { ...producer.identity, producerId: producer.identity.producerId + 1_000_000 };
    assert.deepEqual(await producer.add(topic, [0], other), ['INVALID_PRODUCER_ID_MAPPING']);
  });

  it('need an id and a time-out', async () => {
    const producer = new TransactionalProducer(broker, '');
    assert.equal(await producer.init(), 'INVALID_REQUEST');
    for (const transactionTimeoutMs of [0, -1, 900_001]) {
      const named = new TransactionalProducer(broker);
      assert.equal(
        await named.init({ transactionTimeoutMs }),
        'INVALID_TRANSACTION_TIMEOUT',
        `${transactionTimeoutMs}`,
      );
    }
  });

  it('belong to the producer that came last: the one before is fenced', async () => {
    const [topic, old] = [await broker.topic(), await TransactionalProducer.open(broker)];
    await old.add(topic);
    await old.produce(topic, ['lost']);
    const next = await TransactionalProducer.open(broker, old.transactionalId);
    assert.equal(next.identity.producerId, old.identity.producerId);
    assert.ok(next.identity.producerEpoch > old.identity.producerEpoch);
    assert.deepEqual(await old.add(topic), ['PRODUCER_FENCED']);
    assert.equal(await old.end('commit'), 'PRODUCER_FENCED');
    assert.equal(await old.addOffsets(uniqueName('group')), 'PRODUCER_FENCED');
    await stable(topic); // the open transaction was aborted for it
    assert.equal(await old.produce(topic, ['late']), 'INVALID_PRODUCER_EPOCH');
    await next.transact(topic, ['kept'], 'commit');
    await stable(topic);
    const fetched = await fetch(broker, topic, COMMITTED);
    assert.deepEqual(valuesOf(fetched), ['lost', 'kept']);
    assert.deepEqual(
      fetched.abortedTransactions?.map(({ firstOffset }) => firstOffset),
      [0],
    );
  });

  it('let a producer go on that tells who it was', async () => {
    const producer = await TransactionalProducer.open(broker);
    const before = producer.identity;
    assert.equal(await producer.init(before), 'NONE');
    assert.deepEqual(producer.identity, { ...before, producerEpoch: before.producerEpoch + 1 });
    const again = new TransactionalProducer(broker, producer.transactionalId);
    assert.equal(await again.init(before), 'NONE'); // it had not heard the answer
    assert.deepEqual(again.identity, producer.identity);
    assert.equal(await producer.init({ producerId: before.producerId, producerEpoch: 99 }), 'PRODUCER_FENCED');
  });

  it('know a batch that comes twice', async () => {
    const [topic, { identity, transactionalId }] = [await broker.topic(), await TransactionalProducer.open(broker)];
    const producer = new TransactionalProducer(broker, transactionalId);
    producer.identity = identity;
    await producer.add(topic);
    const batch = aBatch(['a'], { ...identity, baseSequence: 0, transactional: true });
    for (let i = 0; i < 2; i++) {
      const { errorCode, baseOffset } = await produce(broker, topic, batch, { transactionalId });
      assert.deepEqual({ errorCode, baseOffset }, { errorCode: 0, baseOffset: 0 });
    }
    await producer.end('commit');
    await stable(topic);
    assert.equal((await listOffset(broker, topic, LATEST)).offset, 2);
  });

  it('commit offsets with their records, and not before', async () => {
    const [topic, groupId] = [await broker.topic(), uniqueName('group')];
    const producer = await TransactionalProducer.open(broker);
    assert.equal(await producer.addOffsets(groupId), 'NONE');
    assert.equal(await producer.commitOffset(groupId, topic, 5), 'NONE');
    assert.equal((await committedIn(broker, groupId, topic)).committedOffset, -1);
    const unstable = await committedIn(broker, groupId, topic, { requireStable: true });
    assert.equal(nameOf(unstable), 'UNSTABLE_OFFSET_COMMIT');
    await producer.end('commit');
    await until(
      'the offset is committed',
      async () => (await committedIn(broker, groupId, topic)).committedOffset === 5,
    );
    assert.equal(nameOf(await committedIn(broker, groupId, topic, { requireStable: true })), 'NONE');
  });

  it('forget the offsets of what was aborted', async () => {
    const [topic, groupId] = [await broker.topic(), uniqueName('group')];
    const producer = await TransactionalProducer.open(broker);
    for (const outcome of ['commit', 'abort'] as const) {
      await producer.addOffsets(groupId);
      await producer.commitOffset(groupId, topic, outcome === 'commit' ? 1 : 2);
      await producer.end(outcome);
      await until('nothing is pending', async () => {
        const { errorCode, committedOffset } = await committedIn(broker, groupId, topic, { requireStable: true });
        return errorCode === 0 && committedOffset === 1;
      });
    }
  });

  it('commit no offsets of a generation that is over', async () => {
    const [member] = await stableGroup(broker, uniqueName('group'));
    const [topic, producer] = [await broker.topic(), await TransactionalProducer.open(broker)];
    const { groupId, memberId, generationId } = member!;
    await producer.addOffsets(groupId);
    const commit = (who: { generationId: number; memberId: string }): Promise<string> =>
      producer.commitOffset(groupId, topic, 1, who);
    assert.equal(await commit({ memberId, generationId: generationId + 1 }), 'ILLEGAL_GENERATION');
    assert.equal(await commit({ memberId: 'nobody', generationId }), 'UNKNOWN_MEMBER_ID');
    assert.equal(await commit({ memberId, generationId }), 'NONE');
    await producer.end('abort');
  });

  it('are refused a plain batch of the same producer', async () => {
    const [topic, producer] = [await broker.topic(), await TransactionalProducer.open(broker)];
    await producer.add(topic);
    await producer.produce(topic, ['a']);
    const plain = aBatch(['b'], { ...producer.identity, baseSequence: 1 });
    assert.equal(nameOf(await produce(broker, topic, plain)), 'INVALID_TXN_STATE');
    await producer.end('abort');
  });

  it("are kafkajs' too: what it commits is read, what it aborts is not", async () => {
    const topic = await broker.topic();
    const kafkajs = await broker.kafkajsProducer({
      ...{ transactionalId: uniqueName('transactional'), idempotent: true, maxInFlightRequests: 1 },
    });
    for (const [value, outcome] of [
      ['a', 'commit'],
      ['b', 'abort'],
      ['c', 'commit'],
    ] as const) {
      const transaction = await kafkajs.transaction();
      await transaction.send({ topic, messages: [{ value }] });
      await transaction[outcome]();
    }
    assert.deepEqual(await readCommitted(broker, topic), ['a', 'c']);
  });

  it("commit kafkajs' offsets", async () => {
    const [topic, consumerGroupId] = [await broker.topic(), uniqueName('group')];
    const kafkajs = await broker.kafkajsProducer({
      ...{ transactionalId: uniqueName('transactional'), idempotent: true, maxInFlightRequests: 1 },
    });
    const topics = [{ topic, partitions: [{ partition: 0, offset: '7' }] }];
    const transaction = await kafkajs.transaction();
    await transaction.send({ topic, messages: [{ value: 'a' }] });
    await transaction.sendOffsets({ consumerGroupId, topics });
    await transaction.commit();
    await until('they are', async () => (await committedIn(broker, consumerGroupId, topic)).committedOffset === 7);
  });
}

/** The values that a consumer of ours reads to the last stable offset. */
async function readCommitted(broker: ContractBroker, topic: string): Promise<string[]> {
  const consumer = broker.consumer({ autoOffsetReset: 'earliest' });
  const at = { topic, partition: 0 };
  await consumer.assign([at]);
  const end = await until('markers are written', async () => {
    const { offset } = only(await consumer.endOffsets([at]));
    return offset === 6 && offset;
  });
  const values: string[] = [];
  while (consumer.position(at) < end) {
    for (const { value } of await consumer.poll(60_000)) values.push(String(value));
  }
  return values;
}
