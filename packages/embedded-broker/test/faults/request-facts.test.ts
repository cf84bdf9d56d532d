import assert from 'node:assert/strict';
import { ZERO_UUID } from '@hearken/protocol';
import { apiNames, apiShapes, type ApiName, type RequestBody } from '../../dist/faults/apis.js';
import { requestFacts, type RequestFacts } from '../../dist/faults/request-facts.js';
import { assertEncodes } from './arrivals.js';

const topicName = (id: string): string | undefined => (id === ID ? 'orders' : undefined);
const ID = 'AAAAAAAAAAAAAAAAAAAAAQ';

function factsOf<Name extends ApiName>(api: Name, version: number, request: RequestBody<Name>): RequestFacts {
  assertEncodes(api, version, request); // so that no test stands on a message that cannot be
  return requestFacts({ api, request, version, clientId: 'me', nodeId: 2 }, topicName);
}

const fetchOf = (topic: string, topicId: string): RequestBody<'Fetch'> => ({
  replicaId: -1,
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: 1,
  isolationLevel: 0,
  sessionId: 0,
  sessionEpoch: -1,
  topics: [
    {
      topic,
      topicId,
      partitions: [4, 2].map((partition) => ({
        partition,
        currentLeaderEpoch: 0,
        fetchOffset: 0,
        lastFetchedEpoch: -1,
        logStartOffset: -1,
        partitionMaxBytes: 1,
      })),
    },
  ],
  forgottenTopicsData: [],
  rackId: '',
});

describe('requestFacts', () => {
  it('says who asked what of whom', () => {
    const { api, clientId, nodeId } = factsOf('Heartbeat', 4, {
      groupId: 'g',
      generationId: 1,
      memberId: 'm',
      groupInstanceId: null,
    });
    assert.deepEqual({ api, clientId, nodeId }, { api: 'Heartbeat', clientId: 'me', nodeId: 2 });
  });

  it('names topics that go by name, and those that go by id', () => {
    assert.deepEqual(factsOf('Fetch', 12, fetchOf('orders', ZERO_UUID)).topics, [
      { topic: 'orders', topicId: undefined, partitions: [4, 2] },
    ]);
    assert.deepEqual(factsOf('Fetch', 13, fetchOf('', ID)).topics, [
      { topic: 'orders', topicId: ID, partitions: [4, 2] },
    ]);
    const unknown = 'AAAAAAAAAAAAAAAAAAAAAg';
    assert.deepEqual(factsOf('Fetch', 13, fetchOf('', unknown)).topics, [
      { topic: undefined, topicId: unknown, partitions: [4, 2] },
    ]);
  });

  it('reads partitions wherever an API has them', () => {
    const records = Buffer.from('x');
    const produce = { transactionalId: null, acks: -1, timeoutMs: 1 };
    const topicData = [{ name: 'orders', partitionData: [{ index: 3, records }] }];
    assert.deepEqual(factsOf('Produce', 8, { ...produce, topicData }).topics, [
      { topic: 'orders', topicId: undefined, partitions: [3] },
    ]);
    const topics = [{ name: 'orders', partitionIndexes: [1, 0] }];
    const { topics: asked, groups } = factsOf('OffsetFetch', 7, { groupId: 'g', topics, requireStable: false });
    assert.deepEqual(asked, [{ topic: 'orders', topicId: undefined, partitions: [1, 0] }]);
    assert.deepEqual(groups, ['g']);
    const transaction = { v3AndBelowTransactionalId: 't', v3AndBelowProducerId: 1, v3AndBelowProducerEpoch: 0 };
    const v3AndBelowTopics = [{ name: 'orders', partitions: [5] }];
    assert.deepEqual(factsOf('AddPartitionsToTxn', 3, { ...transaction, v3AndBelowTopics }).topics, [
      { topic: 'orders', topicId: undefined, partitions: [5] },
    ]);
  });

  it('says null where a request asks for all topics', () => {
    assert.equal(factsOf('OffsetFetch', 7, { groupId: 'g', topics: null, requireStable: false }).topics, null);
    const all = {
      allowAutoTopicCreation: true,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    };
    assert.equal(factsOf('Metadata', 1, { topics: null, ...all }).topics, null);
    assert.equal(factsOf('Metadata', 0, { topics: [], ...all }).topics, null, 'version 0 has no null');
    assert.deepEqual(factsOf('Metadata', 1, { topics: [], ...all }).topics, []);
  });

  it('knows the group of a coordinator that is looked for, and that a transaction is none', () => {
    assert.deepEqual(factsOf('FindCoordinator', 3, { key: 'g', keyType: 0 }).groups, ['g']);
    assert.deepEqual(factsOf('FindCoordinator', 3, { key: 'g', keyType: 1 }).groups, []);
  });

  it('reads lists of bare names', () => {
    assert.deepEqual(factsOf('DescribeGroups', 4, { groups: ['g', 'h'], includeAuthorizedOperations: false }).groups, [
      'g',
      'h',
    ]);
    assert.deepEqual(factsOf('DeleteTopics', 5, { topics: [], topicNames: ['orders'], timeoutMs: 1 }).topics, [
      { topic: 'orders', topicId: undefined, partitions: null },
    ]);
  });

  it('takes a resource for a topic only where it is one', () => {
    const resource = { resourceName: 'orders', configurationKeys: null };
    const resources = [
      { resourceType: 2, ...resource },
      { resourceType: 4, ...resource },
    ];
    const { topics } = factsOf('DescribeConfigs', 4, {
      resources,
      includeSynonyms: false,
      includeDocumentation: false,
    });
    assert.deepEqual(
      topics?.map(({ topic }) => topic),
      ['orders', undefined],
    );
  });

  it("every API stands under Kafka's name for it", () => {
    for (const name of apiNames) assert.equal(apiShapes[name].api.name, name);
  });
});
