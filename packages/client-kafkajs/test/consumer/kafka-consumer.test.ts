import assert from 'node:assert/strict';
import { codeOf, type TopicPartition, type TopicPartitionOffset } from '@hearken/core';
import { OptionsCheck } from '@hearken/core/internal';
import {
  errorCodes,
  fetchApi,
  heartbeatApi,
  joinGroupApi,
  leaveGroupApi,
  listOffsetsApi,
  offsetCommitApi,
  offsetFetchApi,
  syncGroupApi,
  type FetchRequest,
  type FetchResponse,
  type ListOffsetsRequest,
  type ListOffsetsResponse,
  type OffsetFetchResponse,
} from '@hearken/protocol';
import { eventLoopTurn, ManualClock, RecordingLogger, Signal } from '@hearken/testing';
import { resolveConsumerOptions, type ConsumerOptions } from '../../dist/consumer/consumer-options.js';
import { KafkaConsumer } from '../../dist/consumer/kafka-consumer.js';
import { KafkaConnectionError, brokerError } from '../../dist/errors.js';
import { kafkaOptions } from '../support/options.js';
import { batchOf } from './support/batches.js';
import { FakeCluster, held } from './support/fake-cluster.js';
import { beat, synced, wellBehaved } from './support/fake-group.js';

const FOREVER_MS = 3_600_000;
const at = (partition: number): TopicPartition => ({ topic: 'orders', partition });

interface Bundle {
  readonly consumer: KafkaConsumer;
  readonly cluster: FakeCluster;
  readonly clock: ManualClock;
  readonly logger: RecordingLogger;
}

/** "orders" with two partitions of ten records each; its group has committed 4 for partition 0. */
function setup(written: ConsumerOptions = {}): Bundle {
  const [cluster, clock, logger] = [new FakeCluster(), new ManualClock(), new RecordingLogger()];
  wellBehaved(cluster);
  cluster
    .answer(offsetFetchApi, () => committed({ 0: 4 }))
    .answer(listOffsetsApi, listed)
    .answer(offsetCommitApi, ({ topics }) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 0 })),
      })),
    }))
    .answer(fetchApi, log);
  const check = new OptionsCheck('test');
  const options = resolveConsumerOptions(check, { groupId: 'billing', autoOffsetReset: 'earliest', ...written }, '');
  check.throwIfAny();
  const kafka = { ...kafkaOptions({}, clock), logger };
  return { consumer: new KafkaConsumer(kafka, options, cluster), cluster, clock, logger };
}

const committed = (offsets: Readonly<Record<number, number>>): OffsetFetchResponse => ({
  throttleTimeMs: 0,
  errorCode: 0,
  topics: [
    {
      name: 'orders',
      partitions: [0, 1].map((partitionIndex) => ({
        partitionIndex,
        committedOffset: offsets[partitionIndex] ?? -1,
        committedLeaderEpoch: -1,
        metadata: '',
        errorCode: 0,
      })),
    },
  ],
});

const listed = ({ topics }: ListOffsetsRequest): ListOffsetsResponse => ({
  throttleTimeMs: 0,
  topics: topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, timestamp }) => ({
      partitionIndex,
      errorCode: 0,
      timestamp: -1,
      offset: timestamp === -1 ? 10 : 0,
      leaderEpoch: 0,
    })),
  })),
});

/** Answers with the records from the offset on; held back by the broker once there are none for anybody. */
async function log({ topics }: FetchRequest): Promise<FetchResponse> {
  const asked = topics.flatMap(({ partitions }) => partitions);
  if (asked.every(({ fetchOffset }) => fetchOffset >= 10)) return held();
  const partitions = asked.map(async ({ partition, fetchOffset }) => {
    const offsets = Array.from({ length: Math.max(0, 10 - fetchOffset) }, (_, i) => fetchOffset + i);
    return {
      partitionIndex: partition,
      errorCode: 0,
      highWatermark: 10,
      lastStableOffset: 10,
      logStartOffset: 0,
      abortedTransactions: null,
      preferredReadReplica: -1,
      records: offsets.length === 0 ? null : await batchOf({ baseOffset: fetchOffset, values: offsets.map(String) }),
    };
  });
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    sessionId: 0,
    responses: [{ topic: 'orders', topicId: '', partitions: await Promise.all(partitions) }],
  };
}

/** Brings something of one partition only. */
const ofFirst: typeof log = ({ topics, ...request }) =>
  log({ ...request, topics: topics.map((asked) => ({ ...asked, partitions: asked.partitions.slice(0, 1) })) });

/** Says of whatever is asked for that the log does not hold it. */
const outOfRange: typeof log = async (request) => {
  const answer = await log({
    ...request,
    topics: [{ ...request.topics[0]!, partitions: [{ ...request.topics[0]!.partitions[0]!, fetchOffset: 9 }] }],
  });
  return {
    ...answer,
    responses: [
      {
        ...answer.responses[0]!,
        partitions: [{ ...answer.responses[0]!.partitions[0]!, errorCode: errorCodes.OFFSET_OUT_OF_RANGE }],
      },
    ],
  };
};

const listener = (calls: string[]): Parameters<KafkaConsumer['subscribe']>[1] => ({
  onPartitionsAssigned: (partitions) => told(calls, 'assigned', partitions),
  onPartitionsRevoked: (partitions) => told(calls, 'revoked', partitions),
  onPartitionsLost: (partitions) => told(calls, 'lost', partitions),
});

const told = (calls: string[], what: string, partitions: readonly TopicPartition[]): Promise<void> => {
  calls.push(`${what} ${partitions.map(({ partition }) => partition).join()}`);
  return Promise.resolve();
};

describe('KafkaConsumer', () => {
  it('begins at what was committed, else where autoOffsetReset says', async () => {
    const { consumer } = setup();
    await consumer.assign([at(0), at(1)]);
    assert.deepEqual([consumer.position(at(0)), consumer.position(at(1))], [4, 0]);
    const records = [...(await consumer.poll(FOREVER_MS)), ...(await consumer.poll(0))];
    assert.equal(records.length, 16);
    await consumer.close();
  });

  it('takes partitions in turn, so that none waits behind another', async () => {
    const { consumer, clock } = setup({ maxPollRecords: 3 });
    await consumer.assign([at(0), at(1)]);
    const turns: (number | undefined)[] = [];
    for (let i = 0; i < 4; i++) turns.push((await consumer.poll(FOREVER_MS)).partitions[0]?.partition);
    assert.deepEqual(turns, [0, 1, 0, 1]);
    assert.equal(clock.pendingTimers, 0); // a poll that finds something sets no timer
    await consumer.close();
  });

  it('keeps positions of partitions that a second assign keeps', async () => {
    const { consumer } = setup();
    await consumer.assign([at(0)]);
    consumer.seek(at(0), 8);
    await consumer.assign([at(1), at(0)]);
    assert.deepEqual([consumer.position(at(0)), consumer.position(at(1))], [8, 0]);
    await consumer.close();
  });

  it("commits the position that 'latest' begins at, before it is told of the partitions", async () => {
    const { consumer, cluster } = setup({ autoOffsetReset: 'latest' });
    const assigned = new Signal();
    await consumer.subscribe(['orders'], {
      ...listener([])!,
      onPartitionsAssigned: () => {
        assert.equal(cluster.requests(offsetCommitApi).length, 1);
        assigned.fire();
        return Promise.resolve();
      },
    });
    await assigned.wait();
    const [{ request } = assert.fail()] = cluster.requests(offsetCommitApi);
    assert.deepEqual(
      request.topics[0]?.partitions.map(({ partitionIndex, committedOffset }) => [partitionIndex, committedOffset]),
      [[1, 10]],
    );
    assert.deepEqual([request.generationIdOrMemberEpoch, request.memberId], [1, 'm1']);
    await consumer.close();
  });

  it('goes on although that first commit fails', async () => {
    const { consumer, cluster, logger } = setup({ autoOffsetReset: 'latest' });
    const { OFFSET_METADATA_TOO_LARGE } = errorCodes;
    cluster.answer(offsetCommitApi, () => ({
      throttleTimeMs: 0,
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 1, errorCode: OFFSET_METADATA_TOO_LARGE }] }],
    }));
    await consumer.subscribe(['orders']);
    assert.equal((await consumer.poll(FOREVER_MS)).count, 6);
    assert.equal(logger.at('warn').length, 1);
    await consumer.close();
  });

  describe('of partitions that nobody leads', () => {
    /** Three partitions of which nothing is committed, and a member that has all of them; nobody leads the last. */
    function leaderless(written: ConsumerOptions = {}): Bundle {
      const bundle = setup(written);
      bundle.cluster
        .topic('orders', 1, 1, -1)
        .answer(syncGroupApi, () => synced({ orders: [0, 1, 2] }))
        .answer(offsetFetchApi, () => committed({}));
      return bundle;
    }

    /** Looked for once, and for as long as others wait for it. */
    async function waitedFor({ cluster, clock }: Bundle): Promise<void> {
      await cluster.request(listOffsetsApi);
      await eventLoopTurn();
      clock.advance(1_000);
      await eventLoopTurn(); // it waits to look again
    }

    /** Subscribes; the others are assigned. */
    async function assignedWithout(bundle: Bundle): Promise<void> {
      const assigned = new Signal();
      await bundle.consumer.subscribe(['orders'], {
        ...listener([])!,
        onPartitionsAssigned: () => {
          assigned.fire();
          return Promise.resolve();
        },
      });
      await waitedFor(bundle);
      await assigned.wait();
    }

    it('reads the others after a second, and them when somebody does', async () => {
      const bundle = leaderless();
      const { consumer, cluster, clock } = bundle;
      const calls: string[] = [];
      await consumer.subscribe(['orders'], listener(calls));
      await waitedFor(bundle);
      const read = new Set<number>();
      while (read.size < 2) for (const { partition } of await consumer.poll(FOREVER_MS)) read.add(partition);
      assert.deepEqual([calls, [...read].sort()], [['assigned 0,1,2'], [0, 1]]);
      assert.throws(() => consumer.position(at(2)), { code: 'NO_POSITION' });
      assert.deepEqual(consumer.lag().map(({ partition }) => partition), [0, 1]); // prettier-ignore
      clock.advance(100_000);
      await eventLoopTurn();
      assert.throws(() => consumer.position(at(2)), { code: 'NO_POSITION' });
      cluster.topic('orders', 1, 1, 1);
      const polled = consumer.poll(FOREVER_MS);
      clock.advance(2_000);
      assert.deepEqual((await polled).partitions, [{ ...at(2), records: [], nextOffset: 0 }]); // no reset: it had no position
      const { partitions, count } = await consumer.poll(FOREVER_MS);
      assert.deepEqual([partitions[0]?.partition, count], [2, 10]);
      await consumer.close();
    });

    it('reads the others after a second too where they were given to it, and them when somebody leads them', async () => {
      const bundle = leaderless();
      const { consumer, cluster, clock } = bundle;
      const assigned = consumer.assign([0, 1, 2].map(at));
      await waitedFor(bundle);
      await assigned;
      assert.deepEqual([consumer.position(at(0)), consumer.position(at(1))], [0, 0]);
      assert.throws(() => consumer.position(at(2)), { code: 'NO_POSITION' });
      const read = new Set<number>();
      while (read.size < 2) for (const { partition } of await consumer.poll(FOREVER_MS)) read.add(partition);
      cluster.topic('orders', 1, 1, 1);
      const polled = consumer.poll(FOREVER_MS);
      clock.advance(2_000);
      assert.deepEqual((await polled).partitions, [{ ...at(2), records: [], nextOffset: 0 }]);
      assert.equal((await consumer.poll(FOREVER_MS)).partitions[0]?.partition, 2);
      await consumer.close();
    });

    it('looks for none that another assign took away, and ends an assign when it is closed', async () => {
      const bundle = leaderless();
      const { consumer, cluster, clock } = bundle;
      const first = consumer.assign([0, 2].map(at));
      await waitedFor(bundle);
      await first;
      await consumer.assign([at(0)]);
      const before = cluster.requests(listOffsetsApi).length;
      cluster.topic('orders', 1, 1, 1);
      clock.advance(2_000);
      await eventLoopTurn();
      assert.deepEqual([consumer.assignment(), cluster.requests(listOffsetsApi).length], [[at(0)], before]);
      cluster.topic('orders', 1, 1, -1);
      const second = consumer.assign([at(2)]);
      await eventLoopTurn();
      await consumer.close();
      await assert.rejects(second, { code: 'CLIENT_CLOSED' });
    });

    it('tells that they are there', async () => {
      const { consumer, cluster } = leaderless();
      const partitions = await consumer.partitionsFor('orders');
      const leaders = partitions.map(({ topic, partition, leader }) => [topic, partition, leader]);
      assert.deepEqual(leaders, [['orders', 0, 1], ['orders', 1, 1], ['orders', 2, undefined]]); // prettier-ignore
      assert.equal(cluster.requests(listOffsetsApi).length, 0);
      await assert.rejects(consumer.partitionsFor('bills'), { code: 'UNKNOWN_TOPIC_OR_PARTITION' });
      for (const wrong of ['', null])
        await assert.rejects(consumer.partitionsFor(wrong as never), { code: 'INVALID_ARGUMENT' });
      await consumer.close();
      await assert.rejects(consumer.partitionsFor('orders'), { code: 'CONSUMER_CLOSED' });
    });

    it('waits no longer for a leader that does not answer', async () => {
      const { consumer, cluster, clock } = leaderless();
      cluster.topic('orders', 1, 2);
      cluster.answer(syncGroupApi, () => synced({ orders: [0, 1] }));
      cluster.answer(listOffsetsApi, (request, { nodeId }) => (nodeId === 2 ? held() : listed(request)));
      await consumer.subscribe(['orders'], listener([]));
      const polled = consumer.poll(FOREVER_MS);
      await cluster.request(listOffsetsApi, 2);
      await eventLoopTurn();
      clock.advance(1_000);
      assert.deepEqual(new Set([...(await polled)].map(({ partition }) => partition)), new Set([0]));
      await consumer.close();
    });

    it('joins again after a second where it gave something up, and keeps on looking', async () => {
      const { consumer, cluster, clock } = setup({ partitionAssignors: ['cooperative-sticky'] });
      const calls: string[] = [];
      cluster
        .topic('orders', 1, 1, -1)
        .answer(offsetFetchApi, () => committed({}))
        .answer(
          syncGroupApi,
          () => synced({ orders: [0, 1] }),
          () => synced({ orders: [0, 2] }),
        );
      await consumer.subscribe(['orders'], listener(calls));
      while ((await consumer.poll(FOREVER_MS)).isEmpty);
      cluster.answer(heartbeatApi, () => beat('REBALANCE_IN_PROGRESS'), () => beat()); // prettier-ignore
      clock.advance(3_000);
      await cluster.request(syncGroupApi, 2);
      await eventLoopTurn();
      clock.advance(1_000);
      await cluster.request(syncGroupApi, 3);
      await eventLoopTurn();
      assert.deepEqual(calls, ['assigned 0,1', 'revoked 1', 'assigned 2', 'assigned ']);
      cluster.topic('orders', 1, 1, 1);
      clock.advance(2_000);
      const read = new Set<number>();
      while (!read.has(2)) for (const { partition } of await consumer.poll(FOREVER_MS)) read.add(partition);
      await consumer.close();
    });

    it("commits the position that 'latest' begins at before it reads, also when that is found late", async () => {
      const bundle = leaderless({ autoOffsetReset: 'latest' });
      const { consumer, cluster, clock } = bundle;
      await assignedWithout(bundle);
      const answered = new Signal();
      cluster.answer(offsetCommitApi, async ({ topics }) => {
        await answered.wait();
        return {
          throttleTimeMs: 0,
          topics: topics.map(({ name }) => ({ name, partitions: [{ partitionIndex: 2, errorCode: 0 }] })),
        };
      });
      cluster.topic('orders', 1, 1, 1);
      const polled = consumer.poll(FOREVER_MS);
      clock.advance(2_000);
      const { request } = await cluster.request(offsetCommitApi, 2);
      await eventLoopTurn();
      assert.throws(() => consumer.position(at(2)), { code: 'NO_POSITION' });
      assert.equal(request.topics[0]?.partitions[0]?.committedOffset, 10);
      answered.fire();
      assert.deepEqual((await polled).partitions, [{ ...at(2), records: [], nextOffset: 10 }]);
      await consumer.close();
    });

    it('writes that position no more once it is sought: not over what is committed then', async () => {
      const bundle = leaderless({ autoOffsetReset: 'latest' });
      const { consumer, cluster, clock } = bundle;
      const written: number[][] = [];
      await assignedWithout(bundle);
      let errorCode: number = errorCodes.COORDINATOR_LOAD_IN_PROGRESS;
      cluster.answer(offsetCommitApi, ({ topics: [topic = assert.fail()] }) => {
        const [{ partitionIndex, committedOffset } = assert.fail()] = topic.partitions;
        if (errorCode === 0) written.push([partitionIndex, committedOffset]);
        return { throttleTimeMs: 0, topics: [{ name: 'orders', partitions: [{ partitionIndex, errorCode }] }] };
      });
      cluster.topic('orders', 1, 1, 1);
      clock.advance(2_000);
      await cluster.request(offsetCommitApi, 2);
      await eventLoopTurn(); // it waits to try again
      errorCode = 0;
      consumer.seek(at(2), 7);
      await consumer.commit([{ ...at(2), offset: 8 }]);
      clock.advance(2_000);
      await eventLoopTurn();
      assert.deepEqual(written, [[2, 8]]);
      await consumer.close();
    });

    it('leaves one alone that was sought meanwhile', async () => {
      const bundle = leaderless();
      const { consumer, cluster, clock } = bundle;
      await consumer.subscribe(['orders'], {
        ...listener([])!,
        onPartitionsAssigned: () => {
          consumer.seek(at(2), 7);
          return Promise.resolve();
        },
      });
      await waitedFor(bundle);
      await consumer.poll(FOREVER_MS);
      const before = cluster.requests(listOffsetsApi).length;
      cluster.topic('orders', 1, 1, 1);
      clock.advance(2_000);
      let first: number | undefined;
      while (first === undefined)
        first = [...(await consumer.poll(FOREVER_MS))].find((one) => one.partition === 2)?.offset;
      assert.deepEqual([first, cluster.requests(listOffsetsApi).length], [7, before]);
      await consumer.close();
    });

    it('ends with what one of them may not be read for', async () => {
      const bundle = leaderless();
      const { consumer, cluster, clock } = bundle;
      await consumer.subscribe(['orders'], listener([]));
      await waitedFor(bundle);
      while (!(await consumer.poll(FOREVER_MS)).isEmpty && consumer.lag().some(({ position }) => position < 10));
      const { TOPIC_AUTHORIZATION_FAILED } = errorCodes;
      cluster.answer(listOffsetsApi, () => Promise.reject(brokerError(TOPIC_AUTHORIZATION_FAILED, 'orders-2')));
      cluster.topic('orders', 1, 1, 1);
      const polled = consumer.poll(FOREVER_MS);
      clock.advance(2_000);
      await assert.rejects(polled, { code: 'TOPIC_AUTHORIZATION_FAILED' });
      await consumer.close();
    });
  });

  it('ends an outstanding poll when its partitions are revoked, and returns nothing of them after', async () => {
    const { consumer, cluster, clock } = setup({ autoOffsetReset: 'latest' });
    const calls: string[] = [];
    const [revoking, gate] = [new Signal(), new Signal()];
    await consumer.subscribe(['orders'], {
      ...listener(calls)!,
      onPartitionsRevoked: () => {
        revoking.fire();
        return gate.wait();
      },
    });
    assert.equal((await consumer.poll(FOREVER_MS, 1)).count, 1);
    consumer.pause([at(0)]);
    const outstanding = consumer.poll(FOREVER_MS);
    cluster.answer(
      heartbeatApi,
      () => beat('REBALANCE_IN_PROGRESS'),
      () => beat(),
    );
    clock.advance(3_000);
    assert.ok((await outstanding).isEmpty);
    await revoking.wait();
    consumer.resume([at(0)]);
    assert.ok((await consumer.poll(0)).isEmpty);
    assert.equal(consumer.position(at(0)), 5);
    await consumer.commit([{ ...at(0), offset: 5 }]);
    assert.deepEqual(calls, ['assigned 0,1']);
    gate.fire();
    assert.equal((await consumer.poll(FOREVER_MS)).count, 6);
    assert.deepEqual(calls, ['assigned 0,1', 'assigned 0,1']);
    await consumer.close();
  });

  it('polls on while one is being given up that holds as much as all may', async () => {
    const { consumer, cluster, clock } = setup({ fetchMaxBytes: 1, partitionAssignors: ['cooperative-sticky'] });
    const [assigned, revoking, gate] = [new Signal(), new Signal(), new Signal()];
    cluster
      .answer(fetchApi, ofFirst, log)
      .answer(syncGroupApi, () => synced({ orders: [0, 1] }), () => synced({ orders: [1] })); // prettier-ignore
    await consumer.subscribe(['orders'], {
      onPartitionsAssigned: () => {
        assigned.fire();
        return Promise.resolve();
      },
      onPartitionsRevoked: () => {
        revoking.fire();
        return gate.wait();
      },
      onPartitionsLost: () => Promise.resolve(),
    });
    await assigned.wait();
    await cluster.request(fetchApi);
    await eventLoopTurn();
    cluster.answer(
      heartbeatApi,
      () => beat('REBALANCE_IN_PROGRESS'),
      () => beat(),
    );
    clock.advance(3_000);
    await revoking.wait();
    const { partitions } = await consumer.poll(FOREVER_MS);
    assert.deepEqual(partitions.map(({ partition }) => partition), [1]); // prettier-ignore
    gate.fire();
    await consumer.close();
  });

  it('polls on what is assigned still where one held as much as all may that is not, while others are looked for', async () => {
    const { consumer, cluster } = setup({ fetchMaxBytes: 1 });
    cluster.topic('orders', 1, 1, 1).answer(fetchApi, ofFirst, log);
    await consumer.assign([at(0), at(1)]);
    await cluster.request(fetchApi);
    await eventLoopTurn();
    const gate = new Signal();
    cluster.answer(offsetFetchApi, () => gate.wait().then(() => committed({ 2: 4 })));
    const looked = cluster.requests(offsetFetchApi).length;
    const assigning = consumer.assign([at(1), at(2)]);
    await cluster.request(offsetFetchApi, looked + 1);
    const { partitions } = await consumer.poll(FOREVER_MS);
    assert.deepEqual(partitions.map(({ partition }) => partition), [1]); // prettier-ignore
    gate.fire();
    await assigning;
    await consumer.close();
  });

  it('polls on where those that are paused hold as much as all may', async () => {
    const { consumer, cluster } = setup({ fetchMaxBytes: 1 });
    cluster.answer(fetchApi, ofFirst, log);
    await consumer.assign([at(0), at(1)]);
    await cluster.request(fetchApi);
    await eventLoopTurn();
    consumer.pause([at(0)]);
    const { partitions } = await consumer.poll(FOREVER_MS);
    assert.deepEqual(partitions.map(({ partition }) => partition), [1]); // prettier-ignore
    await consumer.close();
  });

  it('forgets pauses of partitions that come again', async () => {
    const { consumer, cluster, clock } = setup();
    await consumer.subscribe(['orders']);
    await consumer.poll(FOREVER_MS, 1);
    consumer.pause([at(0), at(1)]);
    cluster.answer(
      heartbeatApi,
      () => beat('ILLEGAL_GENERATION'),
      () => beat(),
    );
    clock.advance(3_000);
    assert.ok((await consumer.poll(FOREVER_MS)).isEmpty); // ended by the eviction
    assert.equal((await consumer.poll(FOREVER_MS)).isEmpty, false);
    assert.deepEqual(consumer.paused(), []);
    await consumer.close();
  });

  it('rejects every poll once the cluster cannot be reached at the start', async () => {
    const { consumer, cluster } = setup();
    const failure = new KafkaConnectionError('nothing listens at 127.0.0.1:1', { code: 'CONNECTION_FAILED' });
    cluster.metadata.refresh = () => Promise.reject(failure);
    await consumer.subscribe(['orders']);
    await assert.rejects(consumer.poll(FOREVER_MS), failure);
    await assert.rejects(consumer.poll(0), failure);
    await consumer.close();
    assert.equal(cluster.requests(joinGroupApi).length, 0);
  });

  it('rejects what cannot be, at once', async () => {
    const { consumer } = setup();
    await assert.rejects(consumer.subscribe([]), { code: 'NO_TOPICS' });
    const none: unknown[] = [
      undefined,
      null,
      'orders',
      [null],
      [{ topic: 'orders' }],
      [{ topic: 'orders', partition: '0' }],
    ];
    for (const partitions of none as TopicPartition[][]) {
      await assert.rejects(consumer.assign(partitions), { code: 'INVALID_PARTITION' });
      await assert.rejects(consumer.endOffsets(partitions), { code: 'INVALID_PARTITION' });
      await assert.rejects(consumer.commit(partitions as TopicPartitionOffset[]), { code: 'INVALID_PARTITION' });
    }
    await assert.rejects(consumer.assign([at(2)]), /orders-2: the topic has 2 partitions/);
    await consumer.assign([at(0)]);
    assert.throws(() => consumer.seek(at(0), -1), { code: 'INVALID_OFFSET' });
    assert.throws(() => consumer.seek(at(1), 0), { code: 'NOT_ASSIGNED' });
    await assert.rejects(consumer.commit([{ ...at(0), offset: Number.NaN }]), { code: 'INVALID_OFFSET' });
    await assert.rejects(consumer.subscribe(['orders']), { code: 'SUBSCRIPTION_CONFLICT' });
    await assert.rejects(consumer.seekToEnd([at(1)]), { code: 'NOT_ASSIGNED' });
    consumer.pause([at(0)]);
    const polled = consumer.poll(FOREVER_MS);
    await assert.rejects(consumer.poll(0), { code: 'CONCURRENT_POLL' });
    consumer.wakeup();
    assert.ok((await polled).isEmpty);
    await consumer.close();
  });

  it('ends with what a partition may not be read for', async () => {
    const { consumer, cluster } = setup();
    cluster.answer(offsetFetchApi, () => ({ ...committed({}), errorCode: errorCodes.GROUP_AUTHORIZATION_FAILED }));
    await assert.rejects(consumer.assign([at(0)]), { code: 'GROUP_AUTHORIZATION_FAILED' });
    await consumer.close();
  });

  it('closes once, gives up and leaves first, and refuses what comes after', async () => {
    const { consumer, cluster } = setup();
    const calls: string[] = [];
    await consumer.subscribe(['orders'], listener(calls));
    await consumer.poll(FOREVER_MS);
    const outstanding = consumer.poll(FOREVER_MS, 100).then(() => consumer.poll(FOREVER_MS));
    await Promise.all([consumer.close(), consumer.close(), assert.rejects(outstanding, { code: 'CONSUMER_CLOSED' })]);
    assert.deepEqual(calls, ['assigned 0,1', 'revoked 0,1']);
    assert.equal(cluster.requests(leaveGroupApi).length, 1);
    for (const late of [consumer.subscribe(['orders']), consumer.assign([]), consumer.commit([]), consumer.poll(0)]) {
      await assert.rejects(late, (error) => codeOf(error) === 'CONSUMER_CLOSED');
    }
  });

  it('closes in time although the listener never ends', async () => {
    const { consumer, clock } = setup();
    const revoking = new Signal();
    await consumer.subscribe(['orders'], {
      ...listener([])!,
      onPartitionsRevoked: () => {
        revoking.fire();
        return held();
      },
    });
    await consumer.poll(FOREVER_MS);
    const closed = consumer.close({ timeoutMs: 700 });
    await revoking.wait();
    clock.advance(700);
    await closed;
    await eventLoopTurn();
    assert.equal(clock.pendingTimers, 0);
  });

  it('tells the old position while another is looked for', async () => {
    const { consumer, cluster } = setup();
    await consumer.assign([at(0)]);
    await consumer.poll(FOREVER_MS);
    cluster.answer(fetchApi, outOfRange);
    const asked = new Signal();
    cluster.answer(listOffsetsApi, () => {
      asked.fire();
      return held();
    });
    consumer.seek(at(0), 99);
    await asked.wait();
    assert.equal(consumer.position(at(0)), 99);
    await consumer.close();
  });

  it('tells a broken reset of the position by poll', async () => {
    const { consumer, cluster } = setup();
    await consumer.assign([at(0)]);
    await consumer.poll(FOREVER_MS);
    const { TOPIC_AUTHORIZATION_FAILED } = errorCodes;
    cluster.answer(fetchApi, outOfRange);
    cluster.answer(listOffsetsApi, () => Promise.reject(brokerError(TOPIC_AUTHORIZATION_FAILED, 'orders-0')));
    consumer.seek(at(0), 99);
    await assert.rejects(consumer.poll(FOREVER_MS), { code: 'TOPIC_AUTHORIZATION_FAILED' });
    await consumer.close();
  });
});
