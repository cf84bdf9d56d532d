import assert from 'node:assert/strict';
import { errorCodes, metadataApi, ZERO_UUID, type MetadataRequest } from '@hearken/protocol';
import type { RawClient } from '../raw-client.js';
import { setup, stopAll } from './setup.js';

const named = (...names: readonly string[]): MetadataRequest['topics'] =>
  names.map((name) => ({ name, topicId: ZERO_UUID }));

const ask = (
  client: RawClient,
  topics: MetadataRequest['topics'],
  { version = 12, ...flags }: Partial<MetadataRequest> & { version?: number } = {},
) =>
  client.send(metadataApi, version, {
    topics,
    allowAutoTopicCreation: true,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
    ...flags,
  });

const codes = ({ topics }: Awaited<ReturnType<typeof ask>>) => topics.map(({ name, errorCode }) => [name, errorCode]);

describe('Metadata', () => {
  afterEach(stopAll);

  for (let version = 0; version <= metadataApi.maxVersion; version++) {
    it(`is answered in version ${version}`, async () => {
      const { client, kafka } = await setup({ brokers: 2, topics: ['orders:3'] });
      const { brokers, controllerId, topics } = await ask(client, named('orders'), { version });
      assert.deepEqual(
        brokers.map(({ nodeId, host, port }) => `${nodeId} ${host}:${port}`),
        kafka.brokers.map((address, i) => `${i + 1} ${address}`),
      );
      assert.equal(controllerId, version >= 1 ? 1 : -1);
      assert.deepEqual(
        topics[0]!.partitions.map(({ partitionIndex, leaderId, leaderEpoch, replicaNodes, isrNodes }) => [
          partitionIndex,
          leaderId,
          leaderEpoch,
          replicaNodes,
          isrNodes,
        ]),
        [
          [0, 1, version >= 7 ? 0 : -1, [1, 2], [1, 2]],
          [1, 2, version >= 7 ? 0 : -1, [2, 1], [2, 1]],
          [2, 1, version >= 7 ? 0 : -1, [1, 2], [1, 2]],
        ],
      );
    });
  }

  it('tells all topics where none is named, as each version says it', async () => {
    const { client } = await setup({ topics: ['a', 'b'] });
    const all = [
      ['a', 0],
      ['b', 0],
    ];
    assert.deepEqual(codes(await ask(client, [], { version: 0 })), all);
    assert.deepEqual(codes(await ask(client, null, { version: 1 })), all);
    assert.deepEqual(codes(await ask(client, [], { version: 1 })), []);
  });

  it('makes a topic that is asked for, unless the asker or the broker does not want it', async () => {
    const { client } = await setup({ partitions: 4 });
    const unknown = errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
    assert.deepEqual(codes(await ask(client, named('new'), { allowAutoTopicCreation: false })), [['new', unknown]]);
    const made = await ask(client, named('new'));
    assert.equal(made.topics[0]!.partitions.length, 4);

    const { client: strict } = await setup({ autoCreate: false });
    assert.deepEqual(codes(await ask(strict, named('new'))), [['new', unknown]]);
  });

  it('refuses each topic for its own reason', async () => {
    const { client } = await setup({ topics: ['a.b'] });
    const answer = await ask(client, named('a.b', 'a_b', 'ill/egal', '', 'x'.repeat(250), '..', 'a.b'));
    assert.deepEqual(codes(answer), [
      ['a.b', 0],
      ['a_b', errorCodes.UNKNOWN_TOPIC_OR_PARTITION],
      ['ill/egal', errorCodes.INVALID_TOPIC_EXCEPTION],
      ['', errorCodes.INVALID_TOPIC_EXCEPTION],
      ['x'.repeat(250), errorCodes.INVALID_TOPIC_EXCEPTION],
      ['..', errorCodes.INVALID_TOPIC_EXCEPTION],
    ]);
  });

  it('finds topics by their id', async () => {
    const { client } = await setup({ topics: ['orders'] });
    const { topicId } = (await ask(client, named('orders'))).topics[0]!;
    const unknownId = 'BBBBBBBBBBBBBBBBBBBBBA';
    const asked = [topicId, unknownId].map((id) => ({ name: null, topicId: id }));
    assert.deepEqual(codes(await ask(client, asked)), [
      ['orders', 0],
      [null, errorCodes.UNKNOWN_TOPIC_ID],
    ]);
    assert.deepEqual(codes(await ask(client, [{ name: 'orders', topicId }], { version: 11 })), [
      ['orders', errorCodes.INVALID_REQUEST],
    ]);
  });

  it('tells of partitions that no live broker can lead, and of the next leader of the others', async () => {
    const { clients, kafka } = await setup({ brokers: 2, topics: ['orders'] });
    await kafka.faults.broker(1).down();
    const { brokers, controllerId, topics } = await ask(clients[1]!, named('orders'));
    assert.deepEqual(
      brokers.map(({ nodeId }) => nodeId),
      [2],
    );
    assert.equal(controllerId, 2);
    const { errorCode, leaderId, leaderEpoch, isrNodes, offlineReplicas } = topics[0]!.partitions[0]!;
    assert.deepEqual([errorCode, leaderId, leaderEpoch, isrNodes, offlineReplicas], [0, 2, 1, [2], [1]]);

    const { clients: others, kafka: once } = await setup({ brokers: 2, config: { 'default.replication.factor': 1 } });
    await once.addTopics('alone');
    await once.faults.broker(1).down();
    const [alone] = (await ask(others[1]!, named('alone'))).topics[0]!.partitions;
    assert.deepEqual([alone!.errorCode, alone!.leaderId], [errorCodes.LEADER_NOT_AVAILABLE, -1]);
  });

  it('tells what is allowed where that is asked', async () => {
    const { client } = await setup({ topics: ['orders'] });
    const asked = { includeClusterAuthorizedOperations: true, includeTopicAuthorizedOperations: true };
    const answer = await ask(client, named('orders'), { version: 10, ...asked });
    // What Kafka 4.1 answers.
    assert.equal(answer.topics[0]!.topicAuthorizedOperations, 3_576);
    assert.equal(answer.clusterAuthorizedOperations, 8_096);
  });
});
