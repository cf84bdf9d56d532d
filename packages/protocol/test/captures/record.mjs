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
  const members = [{ memberId, groupInstanceId: null, reason: 'captures' }];
  await capture(p.leaveGroupApi, version, { groupId, memberId, members });
}
socket.destroy();
