import assert from 'node:assert/strict';
import {
  createAclsApi,
  deleteAclsApi,
  describeAclsApi,
  describeClusterApi,
  describeGroupsApi,
  findCoordinatorApi,
  listGroupsApi,
  metadataApi,
  offsetForLeaderEpochApi,
  type OffsetForLeaderEpochResponse,
} from '@hearken/protocol';
import { uniqueName } from '../../support/kafka.js';
import { until } from '../../support/until.js';
import { nameOf, type ContractBroker } from '../contract-broker.js';
import { aProtocol, GroupMember, shareOf, stableGroup } from '../group-member.js';
import { commit, stateOf } from '../group-requests.js';
import { aBatch, only, produce } from '../partition-requests.js';

export function clusterCases(broker: ContractBroker): void {
  it('is described as Metadata has it', async () => {
    const flags = { includeClusterAuthorizedOperations: false, includeTopicAuthorizedOperations: false };
    const metadata = await broker.ask(metadataApi, { topics: [], allowAutoTopicCreation: false, ...flags });
    for (const version of broker.versionsOf(describeClusterApi)) {
      const request = { includeClusterAuthorizedOperations: false, endpointType: 1, includeFencedBrokers: false };
      const cluster = await broker.ask(describeClusterApi, request, version);
      assert.equal(cluster.clusterId, metadata.clusterId);
      assert.deepEqual(
        cluster.brokers.map(({ brokerId, host, port }) => ({ nodeId: brokerId, host, port })),
        metadata.brokers.map(({ nodeId, host, port }) => ({ nodeId, host, port })),
      );
    }
  });

  it('has a coordinator for every group and transaction, in every version', async () => {
    for (const version of broker.versionsOf(findCoordinatorApi)) {
      for (const keyType of version >= 1 ? [0, 1] : [0]) {
        const { host, port, ...answer } = await broker.ask(
          findCoordinatorApi,
          { key: uniqueName('key'), keyType },
          version,
        );
        assert.equal(nameOf(answer), 'NONE');
        assert.ok(answer.nodeId >= 0 && broker.brokers.includes(`${host}:${port}`));
      }
    }
  });

  it('has none for keys of another kind', async () => {
    assert.equal(nameOf(await broker.ask(findCoordinatorApi, { key: 'any', keyType: 9 }, 3)), 'INVALID_REQUEST');
  });

  it('has no access control unless told to', async () => {
    const filter = {
      ...{ resourceTypeFilter: 1, resourceNameFilter: null, patternTypeFilter: 1 },
      ...{ principalFilter: null, hostFilter: null, operation: 1, permissionType: 1 },
    };
    assert.equal(nameOf(await broker.ask(describeAclsApi, filter)), 'SECURITY_DISABLED');
    const rule = { principal: 'User:me', host: '*', operation: 3, permissionType: 3 };
    const creation = { resourceType: 2, resourceName: 'topic', resourcePatternType: 3, ...rule };
    assert.equal(
      nameOf(only((await broker.ask(createAclsApi, { creations: [creation] })).results)),
      'SECURITY_DISABLED',
    );
    const { filterResults } = await broker.ask(deleteAclsApi, { filters: [filter] });
    assert.equal(nameOf(only(filterResults)), 'SECURITY_DISABLED');
  });

  type Epoch = OffsetForLeaderEpochResponse['topics'][number]['partitions'][number];
  async function endOfEpoch(
    topic: string,
    leaderEpoch: number,
    currentLeaderEpoch = -1,
    version?: number,
  ): Promise<Epoch> {
    const topics = [{ topic, partitions: [{ partition: 0, currentLeaderEpoch, leaderEpoch }] }];
    const answer = await broker.ask(offsetForLeaderEpochApi, { replicaId: -1, topics }, version);
    return only(only(answer.topics).partitions);
  }

  it('knows where the epoch of a leader ends, in every version', async () => {
    const topic = await broker.topic();
    await produce(broker, topic, aBatch(['a', 'b']));
    for (const version of broker.versionsOf(offsetForLeaderEpochApi)) {
      const { errorCode, leaderEpoch, endOffset } = await endOfEpoch(topic, 0, 0, version);
      assert.deepEqual({ errorCode, leaderEpoch, endOffset }, { errorCode: 0, leaderEpoch: 0, endOffset: 2 });
    }
    const later = await endOfEpoch(topic, 7);
    assert.deepEqual([nameOf(later), later.leaderEpoch, later.endOffset], ['NONE', -1, -1]);
  });

  it('refuses to tell it to who knows a newer leader, or of no partition', async () => {
    assert.equal(nameOf(await endOfEpoch(await broker.topic(), 0, 5)), 'UNKNOWN_LEADER_EPOCH');
    assert.equal(nameOf(await endOfEpoch(uniqueName('none'), 0)), 'UNKNOWN_TOPIC_OR_PARTITION');
  });

  /** Kafka describes what is written down of a group, a little behind what it answers to members. */
  const isIn = (groupId: string, state: string): Promise<true> =>
    until(`it is ${state}`, async () => (await stateOf(broker, groupId)) === state);
  const isStable = (groupId: string): Promise<true> => isIn(groupId, 'Stable');

  it('describes a group and its members, in every version', async () => {
    const metadata = aProtocol('range', ['a']).metadata;
    const [member] = await stableGroup(broker, uniqueName('group'), [{ clientId: 'described', topics: ['a'] }]);
    const { groupId, memberId } = member!;
    await isStable(groupId);
    for (const version of broker.versionsOf(describeGroupsApi)) {
      const request = { groups: [groupId], includeAuthorizedOperations: false };
      const { members, ...group } = only((await broker.ask(describeGroupsApi, request, version)).groups);
      const { errorCode, groupState, protocolType, protocolData } = group;
      assert.deepEqual(
        { errorCode, groupState, protocolType, protocolData },
        { errorCode: 0, groupState: 'Stable', protocolType: 'consumer', protocolData: 'range' },
      );
      const { clientHost, ...described } = only(members);
      assert.match(clientHost, /^\/127\.0\.0\.1$/);
      assert.deepEqual(described, {
        ...{ memberId, groupInstanceId: null, clientId: 'described', memberMetadata: metadata },
        memberAssignment: Buffer.from(shareOf(memberId)),
      });
    }
  });

  it('tells the state of a group', async () => {
    const groupId = uniqueName('group');
    const becomes = (state: string): Promise<true> => isIn(groupId, state);
    await becomes('Dead');
    const first = await GroupMember.open(broker, groupId);
    await first.join();
    await becomes('CompletingRebalance');
    await first.sync({ [first.memberId]: 'all' });
    await becomes('Stable');
    const second = await GroupMember.open(broker, groupId);
    const joining = second.join();
    await becomes('PreparingRebalance');
    await first.leave();
    assert.equal(nameOf(await joining), 'NONE');
    await second.leave();
    await becomes('Empty');
  });

  it('lists its groups, those of a state where asked', async () => {
    const [member] = await stableGroup(broker, uniqueName('group'));
    const empty = uniqueName('group');
    await commit(broker, empty, await broker.topic(), [{ offset: 1 }]);
    const list = async (statesFilter: readonly string[], version?: number): Promise<Map<string, string>> => {
      const { groups } = await broker.ask(listGroupsApi, { statesFilter, typesFilter: [] }, version);
      return new Map(
        groups.map(({ groupId, protocolType, groupState }) => [groupId, `${protocolType} ${groupState}`.trim()]),
      );
    };
    const { groupId } = member!;
    await isStable(groupId);
    for (const version of broker.versionsOf(listGroupsApi)) {
      const all = await list([], version);
      assert.equal(all.get(groupId), version >= 4 ? 'consumer Stable' : 'consumer');
      assert.equal(all.get(empty), version >= 4 ? 'Empty' : '');
    }
    const stable = await list(['Stable']);
    assert.deepEqual([stable.has(groupId), stable.has(empty)], [true, false]);
  });
}
