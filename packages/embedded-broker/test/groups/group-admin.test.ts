import assert from 'node:assert/strict';
import { deleteGroupsHandler } from '../../dist/handlers/delete-groups.js';
import { describeGroupsHandler } from '../../dist/handlers/describe-groups.js';
import { listGroupsHandler } from '../../dist/handlers/list-groups.js';
import { offsetDeleteHandler } from '../../dist/handlers/offset-delete.js';
import { codeName, COMMIT, GROUP, protocol, setup, subscriptionTo } from './setup.js';

const NOT_ASKED = -2147483648;

describe('DescribeGroups', () => {
  it('tells members, what they offered and what they have, of a stable group', async () => {
    const { stableGroup, ask } = setup();
    const [leader] = await stableGroup({ groupInstanceId: 'a' });
    const { groups } = await ask(describeGroupsHandler, { groups: [GROUP], includeAuthorizedOperations: true });
    assert.deepEqual(groups, [
      {
        errorCode: 0,
        errorMessage: null,
        groupId: GROUP,
        groupState: 'Stable',
        protocolType: 'consumer',
        protocolData: 'range',
        members: [
          {
            memberId: leader!.memberId,
            groupInstanceId: 'a',
            clientId: 'app',
            clientHost: '/127.0.0.1',
            memberMetadata: subscriptionTo('orders'),
            memberAssignment: Buffer.from(leader!.memberId),
          },
        ],
        authorizedOperations: 3400,
      },
    ]);
  });

  it('tells neither protocol nor metadata in the other states', async () => {
    const { joinedTogether, ask } = setup();
    await joinedTogether({});
    const { groups } = await ask(describeGroupsHandler, { groups: [GROUP], includeAuthorizedOperations: false });
    assert.equal(groups[0]?.groupState, 'CompletingRebalance');
    assert.equal(groups[0].protocolData, '');
    assert.equal(groups[0].members[0]?.memberMetadata.length, 0);
    assert.equal(groups[0].authorizedOperations, NOT_ASKED);
  });

  it('calls a group that is not known dead, and since version 6 says that it is not known', async () => {
    const { ask } = setup();
    const describe = async (version: number) =>
      (await ask(describeGroupsHandler, { groups: ['unheard'], includeAuthorizedOperations: true }, version))
        .groups[0]!;
    assert.equal(codeName(await describe(5)), 'NONE');
    assert.equal((await describe(5)).groupState, 'Dead');
    assert.equal(codeName(await describe(6)), 'GROUP_ID_NOT_FOUND');
    assert.equal((await describe(6)).errorMessage, 'Group unheard not found.');
    assert.equal((await describe(6)).authorizedOperations, NOT_ASKED);
  });

  it('is refused by another broker than the coordinator', async () => {
    const bench = setup();
    await bench.commit();
    bench.coordinatorId = 2;
    const request = { groups: [GROUP], includeAuthorizedOperations: false };
    assert.equal(codeName((await bench.ask(describeGroupsHandler, request)).groups[0]!), 'NOT_COORDINATOR');
  });
});

describe('ListGroups', () => {
  it('tells groups by state and type, whatever the case, and only to the coordinator', async () => {
    const bench = setup();
    await bench.stableGroup({});
    await bench.commit({ ...COMMIT, groupId: 'simple' });
    const list = async (statesFilter: string[] = [], typesFilter: string[] = []) =>
      (await bench.ask(listGroupsHandler, { statesFilter, typesFilter })).groups;
    assert.deepEqual(await list(), [
      { groupId: GROUP, protocolType: 'consumer', groupState: 'Stable', groupType: 'classic' },
      { groupId: 'simple', protocolType: '', groupState: 'Empty', groupType: 'classic' },
    ]);
    assert.deepEqual(
      (await list(['stable'])).map(({ groupId }) => groupId),
      [GROUP],
    );
    assert.deepEqual((await list([], ['Classic'])).length, 2);
    assert.deepEqual(await list([], ['consumer']), []);
    assert.deepEqual(await list(['Dead']), []);
    bench.coordinatorId = 2;
    assert.deepEqual(await list(), []);
  });
});

describe('DeleteGroups', () => {
  it('deletes empty groups with their offsets, and no others', async () => {
    const { stableGroup, commit, fetchOffsets, ask, coordinator, clock, leave, join } = setup();
    const [member] = await stableGroup({});
    await commit({ ...COMMIT, groupId: 'simple' });
    const remove = async (...groupsNames: string[]) =>
      (await ask(deleteGroupsHandler, { groupsNames })).results.map(codeName);
    assert.deepEqual(await remove(GROUP, 'simple', 'unheard', 'simple'), [
      'NON_EMPTY_GROUP',
      'NONE',
      'GROUP_ID_NOT_FOUND',
    ]);
    assert.equal(coordinator.describe('simple'), undefined);

    await leave(member!);
    await commit();
    await join({}, 4);
    assert.equal(clock.pendingTimers, 1);
    assert.deepEqual(await remove(GROUP), ['NONE']);
    assert.equal(clock.pendingTimers, 0);
    assert.deepEqual((await fetchOffsets(null)).topics, []);
  });
});

describe('the administration of groups', () => {
  it('is refused by another broker than the coordinator, whose group stays', async () => {
    const bench = setup();
    await bench.commit();
    bench.coordinatorId = 2;
    const { results } = await bench.ask(deleteGroupsHandler, { groupsNames: [GROUP] });
    assert.equal(codeName(results[0]!), 'NOT_COORDINATOR');
    const deleted = await bench.ask(offsetDeleteHandler, { groupId: GROUP, topics: [] });
    assert.equal(codeName(deleted), 'NOT_COORDINATOR');
    assert.equal(bench.state(), 'Empty');
  });
});

describe('OffsetDelete', () => {
  const request = (name: string, partitionIndex = 0) => ({
    groupId: GROUP,
    topics: [{ name, partitions: [{ partitionIndex }] }],
  });

  it('forgets what was committed, but not of topics that members read', async () => {
    const { stableGroup, commit, ask, fetchOffsets, leave } = setup();
    const remove = async (name: string, partition?: number) =>
      codeName((await ask(offsetDeleteHandler, request(name, partition))).topics[0]!.partitions[0]!);
    await commit();
    const [leader] = await stableGroup({});
    assert.equal(await remove('orders'), 'GROUP_SUBSCRIBED_TO_TOPIC');
    assert.equal(await remove('refunds'), 'NONE');
    assert.equal(await remove('unheard'), 'UNKNOWN_TOPIC_OR_PARTITION');
    assert.equal(await remove('orders', 9), 'UNKNOWN_TOPIC_OR_PARTITION');
    await leave(leader!);
    assert.equal(await remove('orders'), 'NONE');
    assert.deepEqual((await fetchOffsets(null)).topics, []);
  });

  it('takes consumers whose subscription cannot be read for readers of everything', async () => {
    const { stableGroup, ask } = setup();
    await stableGroup({ protocols: [protocol('range', Buffer.from('gibberish'))] });
    const { topics } = await ask(offsetDeleteHandler, request('refunds'));
    assert.equal(codeName(topics[0]!.partitions[0]!), 'GROUP_SUBSCRIBED_TO_TOPIC');
  });

  it('is refused where members are no consumers, or nobody is known', async () => {
    const { stableGroup, ask } = setup();
    assert.equal(codeName(await ask(offsetDeleteHandler, request('orders'))), 'GROUP_ID_NOT_FOUND');
    await stableGroup({ protocolType: 'connect' });
    assert.equal(codeName(await ask(offsetDeleteHandler, request('orders'))), 'NON_EMPTY_GROUP');
  });
});
