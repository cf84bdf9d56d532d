import assert from 'node:assert/strict';
import * as ours from '@hearken/protocol';
import type { Api } from '@hearken/protocol';
import { kafkajs, kafkajsFrame } from './support/kafkajs.js';
import { readRecords } from './support/records.js';

/**
 * A second opinion: what kafkajs 2.2.4 writes for the same request, and what it reads from our answers. It knows no
 * flexible versions; Kafka's own code (messages.test.ts) covers those.
 */
const header = { correlationId: 77, clientId: 'hearken' };
const { ZERO_UUID } = ours;
const timestamp = 1_700_000_000_000;
const members = [{ memberId: 'm', groupInstanceId: null, reason: null }];
const bytes = Buffer.from('opaque');
const transaction = { transactionalId: 'tx', producerId: 4294967301, producerEpoch: 2 };

type Row = [
  kafkajs: string,
  api: Api<never, unknown>,
  last: number,
  theirs: object,
  ours: (version: number) => unknown,
];
const row = <Request>(
  name: string,
  api: Api<Request, unknown>,
  last: number,
  theirs: object,
  request: Request | ((version: number) => Request),
): Row => [
  name,
  api as Api<never, unknown>,
  last,
  theirs,
  (v) => (typeof request === 'function' ? (request as (version: number) => Request)(v) : request),
];

const produced = ours.encodeRecordBatch(
  [
    { key: Buffer.from('k'), value: Buffer.from('v'), timestamp, headers: [['h', Buffer.from('x')]] },
    { key: null, value: null, timestamp: timestamp + 9 },
  ],
  {},
);
// The leader epoch is the broker's to set and outside the checksum: kafkajs leaves a 0, we leave Java's -1.
produced.writeInt32BE(0, 12);

const REQUESTS: Row[] = [
  row(
    'produce',
    ours.produceApi,
    7,
    {
      acks: -1,
      timeout: 30_000,
      producerEpoch: -1,
      topicData: [
        {
          topic: 't',
          partitions: [
            {
              partition: 3,
              firstSequence: -1,
              messages: [
                { key: 'k', value: 'v', timestamp, headers: { h: 'x' } },
                { key: null, value: null, timestamp: timestamp + 9, headers: {} },
              ],
            },
          ],
        },
      ],
    },
    {
      transactionalId: null,
      acks: -1,
      timeoutMs: 30_000,
      topicData: [
        {
          name: 't',
          partitionData: [
            {
              index: 3,
              records: produced,
            },
          ],
        },
      ],
    },
  ),
  row(
    'fetch',
    ours.fetchApi,
    11,
    {
      replicaId: -1,
      maxWaitTime: 500,
      minBytes: 1,
      maxBytes: 1000,
      isolationLevel: 1,
      rackId: 'r',
      topics: [{ topic: 't', partitions: [{ partition: 1, fetchOffset: '4294967301', maxBytes: 100 }] }],
    },
    {
      replicaId: -1,
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 1000,
      isolationLevel: 1,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [
        {
          topic: 't',
          topicId: ZERO_UUID,
          partitions: [
            {
              partition: 1,
              currentLeaderEpoch: -1,
              fetchOffset: 4294967301,
              lastFetchedEpoch: -1,
              logStartOffset: -1,
              partitionMaxBytes: 100,
            },
          ],
        },
      ],
      forgottenTopicsData: [],
      rackId: 'r',
    },
  ),
  row(
    'listOffsets',
    ours.listOffsetsApi,
    3,
    { replicaId: -1, isolationLevel: 1, topics: [{ topic: 't', partitions: [{ partition: 0, timestamp: -2 }] }] },
    {
      replicaId: -1,
      isolationLevel: 1,
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -2 }] }],
    },
  ),
  row(
    'metadata',
    ours.metadataApi,
    6,
    { topics: ['a', 'é'], allowAutoTopicCreation: false },
    {
      topics: ['a', 'é'].map((name) => ({ topicId: ZERO_UUID, name })),
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    },
  ),
  row(
    'offsetCommit',
    ours.offsetCommitApi,
    5,
    {
      groupId: 'g',
      groupGenerationId: 4,
      memberId: 'm',
      retentionTime: -1,
      topics: [{ topic: 't', partitions: [{ partition: 2, offset: '99', metadata: 'x' }] }],
    },
    {
      groupId: 'g',
      generationIdOrMemberEpoch: 4,
      memberId: 'm',
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: [
        {
          name: 't',
          partitions: [{ partitionIndex: 2, committedOffset: 99, committedLeaderEpoch: -1, committedMetadata: 'x' }],
        },
      ],
    },
  ),
  row(
    'offsetFetch',
    ours.offsetFetchApi,
    4,
    { groupId: 'g', topics: [{ topic: 't', partitions: [{ partition: 0 }, { partition: 1 }] }] },
    { groupId: 'g', topics: [{ name: 't', partitionIndexes: [0, 1] }], requireStable: false },
  ),
  row(
    'findCoordinator',
    ours.findCoordinatorApi,
    2,
    { coordinatorKey: 'g', coordinatorType: 1, groupId: 'g' },
    {
      key: 'g',
      keyType: 1,
    },
  ),
  row(
    'joinGroup',
    ours.joinGroupApi,
    5,
    {
      groupId: 'g',
      sessionTimeout: 1,
      rebalanceTimeout: 2,
      memberId: '',
      groupInstanceId: null,
      protocolType: 'consumer',
      groupProtocols: [{ name: 'range', metadata: bytes }],
    },
    {
      groupId: 'g',
      sessionTimeoutMs: 1,
      rebalanceTimeoutMs: 2,
      memberId: '',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: bytes }],
      reason: null,
    },
  ),
  row(
    'heartbeat',
    ours.heartbeatApi,
    3,
    { groupId: 'g', groupGenerationId: 5, memberId: 'm', groupInstanceId: null },
    {
      groupId: 'g',
      generationId: 5,
      memberId: 'm',
      groupInstanceId: null,
    },
  ),
  row(
    'leaveGroup',
    ours.leaveGroupApi,
    3,
    { groupId: 'g', memberId: 'm', members },
    {
      groupId: 'g',
      memberId: 'm',
      members,
    },
  ),
  row(
    'syncGroup',
    ours.syncGroupApi,
    3,
    { groupId: 'g', generationId: 5, memberId: 'm', groupAssignment: [{ memberId: 'm', memberAssignment: bytes }] },
    {
      groupId: 'g',
      generationId: 5,
      memberId: 'm',
      groupInstanceId: null,
      protocolType: null,
      protocolName: null,
      assignments: [{ memberId: 'm', assignment: bytes }],
    },
  ),
  row('apiVersions', ours.apiVersionsApi, 2, {}, { clientSoftwareName: '', clientSoftwareVersion: '' }),
  row(
    'initProducerId',
    ours.initProducerIdApi,
    1,
    { transactionalId: 'tx', transactionTimeout: 5 },
    {
      transactionalId: 'tx',
      transactionTimeoutMs: 5,
      producerId: -1,
      producerEpoch: -1,
    },
  ),
  row(
    'addPartitionsToTxn',
    ours.addPartitionsToTxnApi,
    1,
    { ...transaction, topics: [{ topic: 't', partitions: [0, 3] }] },
    {
      v3AndBelowTransactionalId: 'tx',
      v3AndBelowProducerId: 4294967301,
      v3AndBelowProducerEpoch: 2,
      v3AndBelowTopics: [{ name: 't', partitions: [0, 3] }],
    },
  ),
  row(
    'addOffsetsToTxn',
    ours.addOffsetsToTxnApi,
    1,
    { ...transaction, groupId: 'g' },
    { ...transaction, groupId: 'g' },
  ),
  row('endTxn', ours.endTxnApi, 1, { ...transaction, transactionResult: true }, { ...transaction, committed: true }),
  row(
    'txnOffsetCommit',
    ours.txnOffsetCommitApi,
    1,
    {
      ...transaction,
      groupId: 'g',
      topics: [{ topic: 't', partitions: [{ partition: 1, offset: '99', metadata: 'x' }] }],
    },
    {
      ...transaction,
      groupId: 'g',
      generationId: -1,
      memberId: '',
      groupInstanceId: null,
      topics: [
        {
          name: 't',
          partitions: [{ partitionIndex: 1, committedOffset: 99, committedLeaderEpoch: -1, committedMetadata: 'x' }],
        },
      ],
    },
  ),
];

describe('beside kafkajs', () => {
  for (const [name, api, last, theirs, request] of REQUESTS) {
    for (let version = api.minVersion; version <= last; version++) {
      it(`a ${name} request of version ${version} is the same frame`, async () => {
        const expected = await kafkajsFrame({ ...header, request: kafkajs(name, version, 'request')(theirs) });
        const frame = Buffer.concat(ours.encodeRequest(api, version, header, request(version) as never));
        assert.equal(frame.toString('hex'), expected.buffer.toString('hex'));
      });
    }
  }

  for (let version = 4; version <= 11; version++) {
    it(`records in a fetch answer of version ${version} are read as we mean them`, async () => {
      const records = ours.encodeRecordBatch(
        [
          { key: Buffer.from('k'), value: Buffer.from('v'), timestamp, headers: [['h', Buffer.from('x')]] },
          { key: null, value: Buffer.alloc(5000, 'z'), timestamp: timestamp - 3 },
        ],
        { baseOffset: 10 },
      );
      const partition = {
        partitionIndex: 1,
        errorCode: 0,
        highWatermark: 12,
        lastStableOffset: 12,
        logStartOffset: 0,
        abortedTransactions: [],
        preferredReadReplica: -1,
        records,
      };
      const answer: ours.FetchResponse = {
        throttleTimeMs: 0,
        errorCode: 0,
        sessionId: 0,
        responses: [{ topic: 't', topicId: ZERO_UUID, partitions: [partition] }],
      };
      const body = Buffer.concat(ours.encodeResponse(ours.fetchApi, version, 1, answer)).subarray(8);
      const read = (await kafkajs('fetch', version, 'response').decode(body)) as unknown as {
        responses: { topicName: string; partitions: { highWatermark: string; messages: KafkajsMessage[] }[] }[];
      };
      const [message, other] = read.responses[0]!.partitions[0]!.messages;
      assert.equal(read.responses[0]!.topicName, 't');
      assert.equal(read.responses[0]!.partitions[0]!.highWatermark, '12');
      assert.deepEqual(
        [message!.offset, message!.timestamp, String(message!.key), String(message!.value), String(message!.headers.h)],
        ['10', String(timestamp), 'k', 'v', 'x'],
      );
      assert.deepEqual(
        [other!.offset, other!.timestamp, other!.key, other!.value.length],
        ['11', String(timestamp - 3), null, 5000],
      );
    });
  }

  it('its gzip batches are read', async () => {
    const partitions = [{ partition: 0, messages: [{ key: 'k', value: 'v'.repeat(500), timestamp, headers: {} }] }];
    const theirs = { acks: 1, timeout: 1, compression: 1, topicData: [{ topic: 't', partitions }] };
    const { buffer } = await kafkajsFrame({ ...header, request: kafkajs('produce', 7, 'request')(theirs) });
    const { request } = ours.decodeRequest(ours.produceApi, buffer.subarray(4));
    const [record] = await readRecords(request.topicData[0]!.partitionData[0]!.records!);
    assert.deepEqual(record, {
      offset: 0,
      timestamp,
      key: Buffer.from('k'),
      value: Buffer.from('v'.repeat(500)),
      headers: [],
    });
  });
});

interface KafkajsMessage {
  offset: string;
  timestamp: string;
  key: Buffer | null;
  value: Buffer;
  headers: Record<string, Buffer>;
}
