// Asks a real Kafka for one answer of every API and version and prints each as a line of JSON, as it came.
// From the repository's root, after a build: node packages/protocol/test/captures/record.mjs <host:port> > captures.jsonl
import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import * as p from '@hearken/protocol';

const [servers = '127.0.0.1:9092'] = process.argv.slice(2);
const run = `captures-${Date.now()}`;
const { Buffer, URL } = globalThis;
const ZERO = p.ZERO_UUID;

const [host, port] = servers.split(':');
const socket = connect(Number(port), host);
let received = Buffer.alloc(0);
let answered;
socket.on('data', (data) => {
  received = Buffer.concat([received, data]);
  if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) return;
  const frame = received.subarray(4, 4 + received.readInt32BE(0));
  received = received.subarray(4 + frame.length);
  answered(frame);
});

async function ask(api, wanted, request) {
  const version = Math.min(Math.max(wanted, api.minVersion), api.maxVersion);
  const answer = new Promise((resolve) => (answered = resolve));
  for (const chunk of p.encodeRequest(api, version, { correlationId: 7, clientId: 'captures' }, request))
    socket.write(chunk);
  const frame = await answer;
  return { api: api.name, version, hex: frame.toString('hex'), answer: p.decodeResponse(api, version, frame) };
}

async function capture(...args) {
  const { answer, ...captured } = await ask(...args);
  console.log(JSON.stringify(captured));
  return answer;
}

const versions = (api) => Array.from({ length: api.maxVersion - api.minVersion + 1 }, (_, i) => api.minVersion + i);
const metadata = (name) => ({
  topics: [{ topicId: ZERO, name }],
  allowAutoTopicCreation: true,
  includeClusterAuthorizedOperations: true,
  includeTopicAuthorizedOperations: true,
});

const java = ['-cp', 'tools/kafka/target/jars/*', 'packages/protocol/test/captures/Produce.java', servers, run];
execFileSync('java', java, { cwd: new URL('../../../..', import.meta.url), stdio: ['ignore', 'ignore', 'ignore'] });

for (const version of versions(p.apiVersionsApi)) {
  await capture(p.apiVersionsApi, version, { clientSoftwareName: 'hearken', clientSoftwareVersion: '0.1.0' });
}
for (const version of versions(p.metadataApi)) await capture(p.metadataApi, version, metadata(run));
const [{ topicId }] = (await ask(p.metadataApi, 12, metadata(run))).answer.topics;

for (const version of versions(p.listOffsetsApi)) {
  const partitions = [-2, -1].map((timestamp) => ({ partitionIndex: 0, currentLeaderEpoch: -1, timestamp }));
  for (const partition of partitions) {
    const topics = [{ name: run, partitions: [partition] }];
    await capture(p.listOffsetsApi, version, { replicaId: -1, isolationLevel: 1, topics });
  }
}
// One answer comes from one segment, and the old timestamps make the log roll: the rest takes more fetches.
for (const version of versions(p.fetchApi)) {
  for (let fetchOffset = 0; fetchOffset < 10;) {
    const partition = { partition: 0, currentLeaderEpoch: -1, fetchOffset, lastFetchedEpoch: -1, logStartOffset: -1 };
    const topics = [{ topic: run, topicId, partitions: [{ ...partition, partitionMaxBytes: 1e6 }] }];
    const limits = { replicaId: -1, maxWaitMs: 100, minBytes: 1, maxBytes: 1e6, isolationLevel: 1 };
    const session = { sessionId: 0, sessionEpoch: -1, forgottenTopicsData: [], rackId: '' };
    const { responses } = await capture(p.fetchApi, version, { ...limits, ...session, topics });
    fetchOffset = p.RecordBatch.readAll(responses[0].partitions[0].records).at(-1).nextOffset;
  }
}
for (const version of versions(p.produceApi)) {
  const records = p.encodeRecordBatch(
    [{ key: null, value: Buffer.from('produced'), timestamp: 1_700_000_003_000 }],
    {},
  );
  const topicData = [
    { name: run, partitionData: [{ index: 0, records }] },
    { name: `${run}-none`, partitionData: [{ index: 9, records }] },
  ];
  await capture(p.produceApi, version, { transactionalId: null, acks: -1, timeoutMs: 1000, topicData });
}
for (const version of versions(p.initProducerIdApi)) {
  const request = { transactionalId: null, transactionTimeoutMs: 1000, producerId: -1, producerEpoch: -1 };
  await capture(p.initProducerIdApi, version, request);
}
for (const version of versions(p.findCoordinatorApi))
  await capture(p.findCoordinatorApi, version, { key: run, keyType: 0 });

// Garbage would do for us, but the coordinator of Kafka 4.1 fails on it and never answers.
const subscription = p.encodeSubscription({ topics: [run], userData: null, ownedPartitions: [], generationId: -1 });

// A whole life in a group for each version of JoinGroup; the others take the nearest version that they have.
for (const version of versions(p.joinGroupApi)) {
  const groupId = `${run}-${version}`;
  const protocol = { protocolType: 'consumer', protocolName: 'range' };
  const join = (memberId) => ({
    groupId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId,
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription }],
    reason: 'captures',
  });
  let joined = await capture(p.joinGroupApi, version, join(''));
  if (joined.errorCode === p.errorCodes.MEMBER_ID_REQUIRED) {
    joined = await capture(p.joinGroupApi, version, join(joined.memberId));
  }
  const { memberId, generationId } = joined;
  const member = { groupId, generationId, memberId, groupInstanceId: null };
  const assignments = [{ memberId, assignment: Buffer.from('assignment') }];
  await capture(p.syncGroupApi, version, { ...member, ...protocol, assignments });
  await capture(p.heartbeatApi, version, member);
  const committed = { partitionIndex: 0, committedOffset: 3, committedLeaderEpoch: 0, committedMetadata: 'kept' };
  const topics = [{ name: run, partitions: [committed] }];
  const commit = { ...member, generationIdOrMemberEpoch: generationId, retentionTimeMs: -1, topics };
  await capture(p.offsetCommitApi, version, commit);
  const asked = { groupId, topics: [{ name: run, partitionIndexes: [0, 1] }], requireStable: true };
  await capture(p.offsetFetchApi, version, asked);
  await capture(p.describeGroupsApi, version, { groups: [groupId, run], includeAuthorizedOperations: true });
  await capture(p.listGroupsApi, version, { statesFilter: [], typesFilter: [] });
  const members = [{ memberId, groupInstanceId: null, reason: 'captures' }];
  await capture(p.leaveGroupApi, version, { groupId, memberId, members });
  const forgotten = [{ name: run, partitions: [{ partitionIndex: 0 }] }];
  await capture(p.offsetDeleteApi, version, { groupId, topics: forgotten });
  await capture(p.deleteGroupsApi, version, { groupsNames: [groupId, run] });
}

// A whole life of a topic for each version of CreateTopics; beside it, what is refused.
const later = { timeoutMs: 5000, validateOnly: false };
for (const version of versions(p.createTopicsApi)) {
  const name = `${run}-life-${version}`;
  const configs = [{ name: 'retention.bytes', value: '100000' }];
  const topic = { numPartitions: 2, replicationFactor: 1, assignments: [], configs };
  const topics = [
    { ...topic, name },
    { ...topic, name: run },
  ];
  await capture(p.createTopicsApi, version, { ...later, topics });
  const more = { count: 3, assignments: null };
  await capture(p.createPartitionsApi, version - 2, {
    ...later,
    topics: [name, 'no'].map((n) => ({ ...more, name: n })),
  });
  const resource = { resourceType: 2, resourceName: name };
  const asked = { configurationKeys: ['retention.bytes', 'cleanup.policy'] };
  await capture(p.describeConfigsApi, version - 2, {
    resources: [
      { ...resource, ...asked },
      { ...resource, ...asked, resourceName: 'no' },
    ],
    includeSynonyms: true,
    includeDocumentation: false,
  });
  const alter = { validateOnly: false, resources: [{ ...resource, configs }] };
  await capture(p.alterConfigsApi, version - 2, alter);
  const set = [{ ...configs[0], configOperation: 0 }];
  await capture(p.incrementalAlterConfigsApi, version - 2, { ...alter, resources: [{ ...resource, configs: set }] });
  const epochs = [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch: 0 }];
  await capture(p.offsetForLeaderEpochApi, version, { replicaId: -1, topics: [{ topic: run, partitions: epochs }] });
  const before = [
    { partitionIndex: 0, offset: 2 },
    { partitionIndex: 0, offset: 1e6 },
  ].slice(version % 2, (version % 2) + 1);
  await capture(p.deleteRecordsApi, version - 2, { topics: [{ name: run, partitions: before }], timeoutMs: 5000 });
  const both = { topicNames: [name, 'no'], topics: [name, 'no'].map((n) => ({ name: n, topicId: ZERO })) };
  await capture(p.deleteTopicsApi, version - 1, { ...both, timeoutMs: 5000 });
}
for (const version of versions(p.describeAclsApi)) {
  const rule = { principal: 'User:captures', host: '*', operation: 3, permissionType: 3 };
  const filter = { resourceTypeFilter: 2, resourceNameFilter: run, patternTypeFilter: 3, principalFilter: null };
  const filters = [{ ...filter, hostFilter: null, operation: 3, permissionType: 3 }];
  const creation = { resourceType: 2, resourceName: run, resourcePatternType: 3, ...rule };
  await capture(p.createAclsApi, version, { creations: [creation] });
  await capture(p.describeAclsApi, version, filters[0]);
  await capture(p.deleteAclsApi, version, { filters });
}
for (const version of versions(p.describeClusterApi)) {
  const asked = { includeClusterAuthorizedOperations: true, endpointType: 1, includeFencedBrokers: true };
  await capture(p.describeClusterApi, version, asked);
}
// A transaction for each version, ended in turns by commit and abort.
for (const version of versions(p.endTxnApi)) {
  const [transactionalId, groupId] = [`${run}-${version}`, `${run}-transactional`];
  await ask(p.findCoordinatorApi, 3, { key: transactionalId, keyType: 1 });
  const init = { transactionalId, transactionTimeoutMs: 10_000, producerId: -1, producerEpoch: -1 };
  const { producerId, producerEpoch } = (await ask(p.initProducerIdApi, 3, init)).answer;
  const transaction = { transactionalId, producerId, producerEpoch };
  await capture(p.addPartitionsToTxnApi, version, {
    v3AndBelowTransactionalId: transactionalId,
    v3AndBelowProducerId: producerId,
    v3AndBelowProducerEpoch: producerEpoch,
    v3AndBelowTopics: [{ name: run, partitions: [0] }],
  });
  await capture(p.addOffsetsToTxnApi, version, { ...transaction, groupId });
  const committed = { partitionIndex: 0, committedOffset: 3, committedLeaderEpoch: 0, committedMetadata: 'kept' };
  const outside = { generationId: -1, memberId: '', groupInstanceId: null };
  const topics = [{ name: run, partitions: [committed] }];
  await capture(p.txnOffsetCommitApi, version, { ...transaction, groupId, ...outside, topics });
  await capture(p.endTxnApi, version, { ...transaction, committed: version % 2 === 0 });
}
socket.destroy();
