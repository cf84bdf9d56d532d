import assert from 'node:assert/strict';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import {
  addOffsetsToTxnApi,
  addPartitionsToTxnApi,
  endTxnApi,
  errorName,
  findCoordinatorApi,
  initProducerIdApi,
  txnOffsetCommitApi,
} from '@hearken/protocol';
import { RawClient } from '../raw-client.js';

/** All of a transaction by single requests, each answered with the names of its error codes. */
class TransactionalClient {
  producer = { transactionalId: 'tx', producerId: -1, producerEpoch: -1 };
  readonly #client: RawClient;

  constructor(client: RawClient) {
    this.#client = client;
  }

  async init(version = 5, was = { producerId: -1, producerEpoch: -1 }, transactionalId: string | null = 'tx') {
    const request = { transactionalId, transactionTimeoutMs: 60_000, ...was };
    const { errorCode, producerId, producerEpoch } = await this.#client.send(initProducerIdApi, version, request);
    if (errorCode === 0) this.producer = { transactionalId: 'tx', producerId, producerEpoch };
    return { error: errorName(errorCode), producerId, producerEpoch };
  }

  async addPartitions(version = 3, topics = [{ name: 'orders', partitions: [0] }]): Promise<string[]> {
    const { resultsByTopicV3AndBelow } = await this.#client.send(addPartitionsToTxnApi, version, {
      v3AndBelowTransactionalId: this.producer.transactionalId,
      v3AndBelowProducerId: this.producer.producerId,
      v3AndBelowProducerEpoch: this.producer.producerEpoch,
      v3AndBelowTopics: topics,
    });
    return resultsByTopicV3AndBelow.flatMap(({ name, resultsByPartition }) =>
      resultsByPartition.map((one) => `${name}-${one.partitionIndex} ${errorName(one.partitionErrorCode)}`),
    );
  }

  async addOffsets(version = 4, groupId = 'billing'): Promise<string> {
    const { errorCode } = await this.#client.send(addOffsetsToTxnApi, version, { ...this.producer, groupId });
    return errorName(errorCode);
  }

  async commitOffsets(version = 4, partitions = [0]): Promise<string[]> {
    const offset = { committedOffset: 5, committedLeaderEpoch: -1, committedMetadata: null };
    const { topics } = await this.#client.send(txnOffsetCommitApi, version, {
      ...this.producer,
      groupId: 'billing',
      generationId: -1,
      memberId: '',
      groupInstanceId: null,
      topics: [{ name: 'orders', partitions: partitions.map((partitionIndex) => ({ partitionIndex, ...offset })) }],
    });
    return topics[0]!.partitions.map((one) => `${one.partitionIndex} ${errorName(one.errorCode)}`);
  }

  async end(version = 4, committed = true): Promise<string> {
    return errorName((await this.#client.send(endTxnApi, version, { ...this.producer, committed })).errorCode);
  }
}

async function setup({ brokers = 1 } = {}) {
  const kafka = await EmbeddedKafka.start({ brokers, topics: ['orders'] });
  const clients: RawClient[] = [];
  async function client(nodeId = 1): Promise<RawClient> {
    const opened = await RawClient.connect(kafka.brokers[nodeId - 1]!);
    clients.push(opened);
    return opened;
  }
  return {
    kafka,
    client,
    transactional: async (nodeId?: number) => new TransactionalClient(await client(nodeId)),
    async [Symbol.asyncDispose](): Promise<void> {
      for (const one of clients) one.close();
      await kafka.stop();
    },
  };
}

describe('Requests of a transaction', () => {
  it('are served in each version', async () => {
    await using bench = await setup();
    const client = await bench.transactional();
    for (const version of [0, 1, 2, 3, 4, 5]) {
      const at = (highest: number) => Math.min(version, highest);
      assert.equal((await client.init(version)).error, 'NONE');
      assert.deepEqual(await client.addPartitions(at(3)), ['orders-0 NONE']);
      assert.equal(await client.addOffsets(at(4)), 'NONE');
      assert.deepEqual(await client.commitOffsets(at(4)), ['0 NONE']);
      assert.equal(await client.end(at(4)), 'NONE');
    }
  });

  it('go to the coordinator, of the transaction or of the group; an id without transactions is from any broker', async () => {
    await using bench = await setup({ brokers: 2 });
    const [first, second] = [await bench.client(1), await bench.client(2)];
    const coordinator = async (key: string, keyType: number) =>
      (await first.send(findCoordinatorApi, 3, { key, keyType })).nodeId;
    const [transaction, group] = [await coordinator('tx', 1), await coordinator('billing', 0)];

    for (const [nodeId, raw] of [first, second].entries()) {
      const client = new TransactionalClient(raw);
      const expected = nodeId + 1 === transaction ? 'NONE' : 'NOT_COORDINATOR';
      assert.equal((await client.init(5, undefined, null)).error, 'NONE');
      assert.equal((await client.init()).error, expected);
    }
    const right = await bench.transactional(transaction);
    await right.init();
    const wrong = await bench.transactional(3 - transaction);
    wrong.producer = right.producer;
    assert.deepEqual(await wrong.addPartitions(), ['orders-0 NOT_COORDINATOR']);
    assert.equal(await wrong.addOffsets(), 'NOT_COORDINATOR');
    assert.equal(await wrong.end(), 'NOT_COORDINATOR');
    assert.equal(await right.addOffsets(), 'NONE');
    for (const nodeId of [1, 2]) {
      const client = await bench.transactional(nodeId);
      client.producer = right.producer;
      assert.deepEqual(await client.commitOffsets(), [nodeId === group ? '0 NONE' : '0 NOT_COORDINATOR']);
    }
  });

  it('of a zombie are refused with the code that their version knows', async () => {
    await using bench = await setup();
    const zombie = await bench.transactional();
    await zombie.init();
    const was = zombie.producer;
    for (let i = 0; i < 2; i++) await (await bench.transactional()).init();
    const before = ['INVALID_PRODUCER_EPOCH', -1, -1];
    const since = ['PRODUCER_FENCED', -1, -1];
    assert.deepEqual(Object.values(await zombie.init(3, was)), before);
    assert.deepEqual(Object.values(await zombie.init(4, was)), since);
    assert.deepEqual(await zombie.addPartitions(1), ['orders-0 INVALID_PRODUCER_EPOCH']);
    assert.deepEqual(await zombie.addPartitions(2), ['orders-0 PRODUCER_FENCED']);
    assert.deepEqual([await zombie.addOffsets(1), await zombie.addOffsets(2)], [before[0], since[0]]);
    assert.deepEqual([await zombie.end(1), await zombie.end(2)], [before[0], since[0]]);
    assert.deepEqual(await zombie.commitOffsets(4), ['0 INVALID_PRODUCER_EPOCH']);
  });

  it('with half of a former producer are invalid', async () => {
    await using bench = await setup();
    const client = await bench.transactional();
    for (const was of [
      { producerId: 4, producerEpoch: -1 },
      { producerId: -1, producerEpoch: 4 },
    ]) {
      assert.equal((await client.init(5, was)).error, 'INVALID_REQUEST');
      assert.equal((await client.init(5, was, null)).error, 'INVALID_REQUEST');
    }
  });

  it('add all partitions or none', async () => {
    await using bench = await setup();
    const client = await bench.transactional();
    await client.init();
    const topics = [
      { name: 'orders', partitions: [0, 9] },
      { name: 'nothing', partitions: [0] },
    ];
    const expected = [
      'orders-0 OPERATION_NOT_ATTEMPTED',
      'orders-9 UNKNOWN_TOPIC_OR_PARTITION',
      'nothing-0 UNKNOWN_TOPIC_OR_PARTITION',
    ];
    assert.deepEqual(await client.addPartitions(3, topics), expected);
    assert.equal(await client.end(), 'INVALID_TXN_STATE');
  });

  it('commit offsets of a group that was added, of partitions that there are', async () => {
    await using bench = await setup();
    const client = await bench.transactional();
    await client.init();
    await client.addPartitions();
    const [unknown, invalid] = ['9 UNKNOWN_TOPIC_OR_PARTITION', '0 INVALID_TXN_STATE'];
    assert.deepEqual(await client.commitOffsets(3, [0, 9]), [invalid, unknown]);
    assert.deepEqual(await client.commitOffsets(4, [9]), [unknown]);
    assert.deepEqual(await client.commitOffsets(4), ['0 TRANSACTION_ABORTABLE']);
    await client.addOffsets();
    assert.deepEqual(await client.commitOffsets(3, [0, 9]), ['0 NONE', unknown]);
  });

  it('can be refused as a whole', async () => {
    await using bench = await setup();
    const client = await bench.transactional();
    await client.init();
    const apis = ['InitProducerId', 'AddPartitionsToTxn', 'AddOffsetsToTxn', 'TxnOffsetCommit', 'EndTxn'] as const;
    const refused = 'COORDINATOR_LOAD_IN_PROGRESS';
    for (const api of apis) await bench.kafka.faults.on({ api }).error(refused);
    assert.deepEqual(Object.values(await client.init()), [refused, -1, -1]);
    assert.deepEqual(await client.addPartitions(), [`orders-0 ${refused}`]);
    assert.deepEqual([await client.addOffsets(), await client.end()], [refused, refused]);
    assert.deepEqual(await client.commitOffsets(4), [`0 ${refused}`]);
  });
});
