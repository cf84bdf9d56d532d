import assert from 'node:assert/strict';
import { codeOf } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import {
  decodeAssignment,
  errorCodes,
  heartbeatApi,
  joinGroupApi,
  leaveGroupApi,
  syncGroupApi,
  type JoinGroupResponse,
} from '@hearken/protocol';
import { eventLoopTurn, Signal } from '@hearken/testing';
import { brokerError } from '../../dist/errors.js';
import { rejection } from '../support/rejects.js';
import { disconnected, held } from './support/fake-cluster.js';
import { beat, joinedAs, joinRefused, memberOf, synced } from './support/fake-group.js';
import { aMember, aMembership, ending } from './support/membership.js';

describe('GroupMembership', () => {
  describe('joining', () => {
    it('asks for a member id, joins with it and takes what it is assigned', async () => {
      const { cluster, member, membership } = await aMember();
      const joins = cluster.requests(joinGroupApi);
      assert.deepEqual(
        joins.map(({ request }) => request.memberId),
        ['', 'm1'],
      );
      const [first] = joins;
      assert.deepEqual(
        [first?.request.sessionTimeoutMs, first?.request.rebalanceTimeoutMs, first?.timeoutMs],
        [45_000, 300_000, 305_000],
      );
      assert.deepEqual(
        first?.request.protocols.map(({ name }) => name),
        ['range', 'roundrobin'],
      );
      assert.deepEqual(member.assignments, [[0, 1].map((partition) => ({ topic: 'orders', partition }))]);
      assert.deepEqual(membership.generation, { generationId: 1, memberId: 'm1' });
      assert.deepEqual(cluster.requests(syncGroupApi)[0]?.request.assignments, []);
      await membership.close();
    });

    it('assigns for the whole group when it leads, also topics that only others want', async () => {
      const { cluster, membership, member } = aMembership();
      cluster.topic('bills', 2, 2, 2);
      cluster.answer(
        joinGroupApi,
        () => joinRefused('MEMBER_ID_REQUIRED', 'm1'),
        () =>
          joinedAs('m1', 1, {
            leader: 'm1',
            members: [memberOf('m1', 'orders'), memberOf('m2', 'orders', 'bills', 'no')],
          }),
      );
      membership.start();
      await member.calls.received(1);
      const { assignments } = (await cluster.request(syncGroupApi)).request;
      assert.deepEqual(
        assignments.map(({ memberId, assignment }) => [memberId, decodeAssignment(assignment).partitions]),
        [
          ['m1', [{ topic: 'orders', partitions: [0] }]],
          [
            'm2',
            [
              { topic: 'orders', partitions: [1] },
              { topic: 'bills', partitions: [0, 1, 2] },
            ],
          ],
        ],
      );
      await membership.close();
    });

    it('tries again with growing pauses while the coordinator moves or loads, and looks it up anew', async () => {
      const { cluster, clock, membership, member, retried } = aMembership();
      cluster.answer(
        joinGroupApi,
        () => joinRefused('NOT_COORDINATOR'),
        disconnected,
        () => joinRefused('COORDINATOR_LOAD_IN_PROGRESS'),
        () => joinRefused('MEMBER_ID_REQUIRED', 'm1'),
        () => joinedAs('m1', 1),
      );
      membership.start();
      for (let attempt = 1; attempt <= 3; attempt++) {
        await cluster.request(joinGroupApi, attempt);
        await clock.timersPending(3); // heartbeat, watch, and the pause
        if (attempt === 3) assert.equal(codeOf(retried.error), 'COORDINATOR_LOAD_IN_PROGRESS');
        clock.advance(1_500);
      }
      await member.calls.received(1);
      assert.equal(retried.error, undefined);
      assert.equal(cluster.forgotten.count, 2);
      await membership.close();
    });

    it('keeps its member id when the group rebalances between JoinGroup and SyncGroup', async () => {
      const { cluster, membership, member } = aMembership();
      cluster.answer(
        syncGroupApi,
        () => synced({}, 'REBALANCE_IN_PROGRESS'),
        () => synced({ orders: [0] }),
      );
      membership.start();
      await member.calls.received(1);
      assert.deepEqual(
        cluster.requests(joinGroupApi).map(({ request }) => request.memberId),
        ['', 'm1', 'm1'],
      );
      assert.equal(membership.generation?.generationId, 2);
      await membership.close();
    });

    for (const [code, hint] of [
      ['INCONSISTENT_GROUP_PROTOCOL', /partitionAssignors/],
      ['GROUP_MAX_SIZE_REACHED', /group\.max\.size/],
      ['GROUP_AUTHORIZATION_FAILED', /grant READ/],
      ['TOPIC_AUTHORIZATION_FAILED', /grant READ/],
      ['INVALID_SESSION_TIMEOUT', /group\.min\.session\.timeout\.ms/],
      ['INVALID_GROUP_ID', /groupId/],
    ] as const) {
      it(`ends with what no attempt would mend, and says what to do: ${code}`, async () => {
        const { cluster, membership, member } = aMembership();
        cluster.answer(joinGroupApi, () => joinRefused(code));
        membership.start();
        const error = await rejection(ending(member), code);
        assert.match(error.message, /group billing/);
        assert.match(error.message, hint);
        assert.equal(cluster.requests(joinGroupApi).length, 1);
        await membership.close();
      });
    }

    it('does not come back at once, round after round, while others come and go', async () => {
      const { cluster, clock, membership } = aMembership();
      cluster.answer(syncGroupApi, () => synced({}, 'REBALANCE_IN_PROGRESS'));
      membership.start();
      await cluster.request(joinGroupApi, 3); // the first time it is just somebody who came meanwhile
      for (let round = 4; round <= 12; round++) {
        await clock.timersPending(3);
        await eventLoopTurn();
        assert.equal(cluster.requests(joinGroupApi).length, round - 1);
        clock.advance(1_200);
        await cluster.request(joinGroupApi, round);
      }
      await membership.close();
    });
  });

  describe('heartbeats', () => {
    it('go out at every interval, and not while it joins', async () => {
      const { cluster, clock, membership, nextBeat } = await aMember();
      await nextBeat();
      await nextBeat();
      cluster.answer(joinGroupApi, held);
      membership.rejoin('test');
      await cluster.request(joinGroupApi, 3);
      clock.advance(10_000);
      await eventLoopTurn();
      assert.equal(cluster.requests(heartbeatApi).length, 2);
      assert.ok(membership.isRebalancing);
    });

    it('bring the partitions back with the same member id when the group rebalances', async () => {
      const { cluster, membership, member, nextBeat } = await aMember();
      cluster.answer(heartbeatApi, () => beat('REBALANCE_IN_PROGRESS'));
      await nextBeat();
      assert.deepEqual(await member.calls.received(4), ['assigned', 'revoking', 'revoked', 'assigned']);
      assert.equal((await cluster.request(joinGroupApi, 3)).request.memberId, 'm1');
      assert.equal(membership.generation?.generationId, 2);
    });

    it('go on in the old generation while partitions are given up, and JoinGroup waits for that', async () => {
      const { cluster, membership, member, nextBeat } = await aMember();
      const gate = new Signal();
      member.revoking = () => gate.wait();
      cluster.answer(heartbeatApi, () => beat('REBALANCE_IN_PROGRESS'));
      for (let i = 0; i < 5; i++) await nextBeat();
      assert.deepEqual(cluster.requests(heartbeatApi).map(({ request }) => request.generationId), [1, 1, 1, 1, 1]); // prettier-ignore
      assert.equal(cluster.requests(joinGroupApi).length, 2);
      assert.deepEqual(membership.generation, { generationId: 1, memberId: 'm1' });
      gate.fire();
      await member.calls.received(4);
      assert.equal(membership.generation.generationId, 2);
    });

    it('go on while partitions are being assigned; a rebalance meanwhile is answered after that', async () => {
      const bundle = aMembership();
      const { cluster, membership, member, nextBeat } = bundle;
      const gate = new Signal();
      member.assigning = () => gate.wait();
      cluster.answer(
        heartbeatApi,
        () => beat('REBALANCE_IN_PROGRESS'),
        () => beat(),
      );
      membership.start();
      await cluster.request(syncGroupApi);
      await eventLoopTurn();
      await nextBeat();
      await nextBeat();
      gate.fire();
      assert.deepEqual(await member.calls.received(4), ['assigned', 'revoking', 'revoked', 'assigned']);
    });

    for (const [error, nextIds] of [
      ['UNKNOWN_MEMBER_ID', ['', 'm2']],
      ['ILLEGAL_GENERATION', ['m1']],
    ] as const) {
      it(`find out that it was evicted: ${error} joins again with ${nextIds[0] === '' ? 'a new id' : 'its id'}`, async () => {
        const { cluster, member, nextBeat } = await aMember();
        cluster.answer(
          heartbeatApi,
          () => beat(error),
          () => beat(),
        );
        await nextBeat();
        assert.deepEqual(await member.calls.received(4), ['assigned', 'evicted', 'lost', 'assigned']);
        const ids = cluster.requests(joinGroupApi).map(({ request }) => request.memberId);
        assert.deepEqual(ids.slice(2), nextIds);
      });
    }

    it('that fail for a while change nothing', async () => {
      const { cluster, member, membership, nextBeat } = await aMember();
      cluster.answer(
        heartbeatApi,
        disconnected,
        () => beat('NOT_COORDINATOR'),
        () => beat(),
      );
      for (let i = 0; i < 3; i++) await nextBeat();
      assert.deepEqual(member.calls.items, ['assigned']);
      assert.equal(membership.generation?.generationId, 1);
      assert.equal(cluster.forgotten.count, 2);
    });

    it('end the membership when the group is forbidden', async () => {
      const { cluster, member, nextBeat } = await aMember();
      cluster.answer(heartbeatApi, () => beat('GROUP_AUTHORIZATION_FAILED'));
      await nextBeat();
      await rejection(ending(member), 'GROUP_AUTHORIZATION_FAILED');
      assert.deepEqual(member.calls.items, ['assigned', 'evicted', 'lost']);
    });

    it('stop when nobody polls: it leaves, and joins again at the next poll', async () => {
      const { cluster, clock, member, membership, logger } = await aMember();
      member.isPollingNow = false;
      clock.advance(3_000);
      await member.calls.received(3);
      assert.deepEqual(member.calls.items, ['assigned', 'evicted', 'lost']);
      assert.equal((await cluster.request(leaveGroupApi)).request.members[0]?.memberId, 'm1');
      assert.match(logger.at('warn')[0]?.message ?? '', /maxPollIntervalMs/);
      await eventLoopTurn();
      assert.equal(cluster.requests(joinGroupApi).length, 2);
      member.isPollingNow = true;
      membership.polled();
      await member.calls.received(4);
      assert.equal(membership.generation?.memberId, 'm2');
    });
  });

  it('leaves when a round ends and nobody polls: others would wait for it until its session is over', async () => {
    const { cluster, member, membership } = await aMember();
    member.isPollingNow = false;
    membership.rejoin('test');
    assert.equal((await cluster.request(leaveGroupApi)).request.members[0]?.memberId, 'm1');
    assert.deepEqual(member.calls.items, ['assigned', 'revoking', 'revoked']);
    await eventLoopTurn();
    assert.equal(cluster.requests(joinGroupApi).length, 2);
    member.isPollingNow = true;
    membership.polled();
    await member.calls.received(4);
    assert.equal(membership.generation?.memberId, 'm2');
  });

  for (const [options, timeoutMs] of [
    [{}, 15_000],
    [{ sessionTimeoutMs: 6_000, heartbeatIntervalMs: 500 }, 2_000],
    [{ sessionTimeoutMs: 300_000 }, 30_000],
  ] as const) {
    it(`gives a heartbeat ${timeoutMs} ms, so that others go over a new connection within the session`, async () => {
      const { cluster, nextBeat, membership } = await aMember(options);
      await nextBeat();
      assert.equal(cluster.requests(heartbeatApi)[0]?.timeoutMs, timeoutMs);
      await membership.close();
    });
  }

  it('ignores what a generation that is over was refused', async () => {
    const { member, membership, cluster } = await aMember();
    const old = { generationId: 1, memberId: 'm1' };
    membership.rejoin('test');
    await member.calls.received(4);
    membership.refused(brokerError(errorCodes.UNKNOWN_MEMBER_ID, 'group billing'), old);
    await eventLoopTurn();
    assert.equal(member.calls.count, 4);
    assert.equal(cluster.requests(joinGroupApi).length, 3);
  });

  it('ignores what another member was refused in a generation of the same number', async () => {
    const { member, membership, cluster } = await aMember();
    const { generationId } = membership.generation!;
    const joins = cluster.requests(joinGroupApi).length;
    const before = { generationId, memberId: 'of an earlier time' };
    membership.refused(brokerError(errorCodes.UNKNOWN_MEMBER_ID, 'group billing'), before);
    await eventLoopTurn();
    assert.deepEqual(
      [membership.generation?.generationId, cluster.requests(joinGroupApi).length],
      [generationId, joins],
    );
    assert.equal(member.calls.count, 1);
  });

  it('joins again, as leader, when partitions were added', async () => {
    const { cluster, clock, membership, member } = aMembership({ metadataMaxAgeMs: 1_000 });
    const lead = (memberId: string, generation: number): JoinGroupResponse =>
      joinedAs(memberId, generation, { leader: memberId, members: [memberOf(memberId, 'orders')] });
    cluster.answer(
      joinGroupApi,
      () => joinRefused('MEMBER_ID_REQUIRED', 'm1'),
      () => lead('m1', 1),
      () => lead('m1', 2),
    );
    membership.start();
    await member.calls.received(1);
    clock.advance(1_000);
    await eventLoopTurn();
    assert.equal(member.calls.count, 1);
    cluster.topicAfterRefresh('orders', 1, 1, 1);
    clock.advance(1_000);
    await member.calls.received(4);
    const { assignments } = (await cluster.request(syncGroupApi, 2)).request;
    assert.deepEqual(decodeAssignment(assignments[0]!.assignment).partitions, [
      { topic: 'orders', partitions: [0, 1, 2] },
    ]);
  });

  it('ends with the error of a revoke callback, and leaves, so that others need not wait for it', async () => {
    const { cluster, membership, member } = await aMember();
    const failure = new Error('the callback failed');
    member.revoking = () => Promise.reject(failure);
    membership.rejoin('test');
    assert.equal(await member.fatal.wait(), failure);
    assert.equal(cluster.requests(leaveGroupApi).length, 1);
  });

  it('ends with the error of a callback, and leaves', async () => {
    const { cluster, membership, member } = aMembership();
    const failure = new Error('the callback failed');
    member.assigning = () => Promise.reject(failure);
    membership.start();
    assert.equal(await member.fatal.wait(), failure);
    assert.equal(cluster.requests(leaveGroupApi).length, 1);
  });

  describe('closing', () => {
    it('gives up what it owns, in the generation, then leaves', async () => {
      const { cluster, membership, member } = await aMember();
      member.revoking = () => {
        assert.equal(membership.generation?.generationId, 1);
        assert.equal(cluster.requests(leaveGroupApi).length, 0);
        return Promise.resolve();
      };
      await membership.close();
      assert.deepEqual(member.calls.items, ['assigned', 'revoking', 'revoked']);
      const [leave] = cluster.requests(leaveGroupApi);
      assert.deepEqual([leave?.role, leave?.request.members[0]?.memberId], ['group', 'm1']);
    });

    it('leaves over another connection while its JoinGroup is held', async () => {
      const { cluster, membership, member } = aMembership();
      const join = deferred<JoinGroupResponse>();
      cluster.answer(
        joinGroupApi,
        () => joinRefused('MEMBER_ID_REQUIRED', 'm1'),
        () => join.promise,
      );
      cluster.answer(leaveGroupApi, () => {
        join.resolve(joinRefused('UNKNOWN_MEMBER_ID'));
        return { throttleTimeMs: 0, errorCode: 0, members: [] };
      });
      membership.start();
      await cluster.request(joinGroupApi, 2);
      await membership.close();
      const leaves = cluster.requests(leaveGroupApi);
      assert.deepEqual(
        leaves.map(({ role, request }) => [role, request.members[0]?.memberId]),
        [['spare', 'm1']],
      );
      assert.equal(cluster.requests(joinGroupApi).length, 2);
      assert.deepEqual(member.calls.items, []);
    });

    it('leaves with the member id that it is given while it closes', async () => {
      const { cluster, membership } = aMembership();
      const first = deferred<JoinGroupResponse>();
      cluster.answer(joinGroupApi, () => first.promise);
      membership.start();
      await cluster.request(joinGroupApi);
      const closed = membership.close();
      first.resolve(joinRefused('MEMBER_ID_REQUIRED', 'm1'));
      await closed;
      assert.equal(cluster.requests(joinGroupApi).length, 1);
      assert.equal(cluster.requests(leaveGroupApi)[0]?.request.members[0]?.memberId, 'm1');
    });

    it('ends although the coordinator does not answer the LeaveGroup', async () => {
      const { cluster, clock, membership } = await aMember();
      cluster.answer(leaveGroupApi, held);
      const closed = membership.close();
      await cluster.request(leaveGroupApi);
      await clock.timersPending(1);
      clock.advance(5_000);
      await closed;
    });

    it('does not look for a coordinator that it lost, to leave', async () => {
      const { cluster, membership, member, nextBeat } = await aMember();
      cluster.answer(heartbeatApi, disconnected);
      await nextBeat();
      cluster.coordinator = held;
      await membership.close();
      assert.deepEqual(member.calls.items, ['assigned', 'revoking', 'revoked']);
      assert.equal(cluster.requests(leaveGroupApi).length, 0);
    });

    it('ends at once while it looks for the coordinator, and asks nobody for an id after that', async () => {
      const { cluster, membership } = aMembership();
      const found = deferred<number>();
      const looking = new Signal();
      cluster.coordinator = () => {
        looking.fire();
        return found.promise;
      };
      membership.start();
      await looking.wait();
      await membership.close();
      assert.equal(cluster.sent.count, 0);
    });

    it('waits for an id that is on its way, but not for ever', async () => {
      const { cluster, clock, membership } = aMembership();
      cluster.answer(joinGroupApi, held);
      membership.start();
      await cluster.request(joinGroupApi);
      const closed = membership.close();
      await clock.timersPending(1);
      clock.advance(5_000);
      await closed;
      assert.equal(cluster.requests(leaveGroupApi).length, 0);
    });

    it('leaves over another connection while its SyncGroup is held: the leader may take its time', async () => {
      const { cluster, membership, member } = aMembership();
      cluster.answer(syncGroupApi, held);
      membership.start();
      await cluster.request(syncGroupApi);
      await membership.close();
      assert.deepEqual(cluster.requests(leaveGroupApi).map(({ role }) => role), ['spare']); // prettier-ignore
      assert.deepEqual(member.calls.items, []);
    });

    it('ends at once while it pauses between attempts to join', async () => {
      const { cluster, clock, membership } = aMembership();
      cluster.answer(joinGroupApi, disconnected);
      membership.start();
      await cluster.request(joinGroupApi);
      await clock.timersPending(3);
      await membership.close();
      assert.equal(clock.pendingTimers, 0);
    });
  });
});
