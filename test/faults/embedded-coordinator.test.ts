import assert from 'node:assert/strict';
import type { FaultMatch, FaultRule, Faults } from '@hearken/embedded-broker';
import { awaitCommitted } from '@hearken/testing';
import { EmbeddedOrders, GROUP, TOPIC } from '../support/embedded-orders.js';

const BROKERS = 3;
const STORMS = 8;
const COMMIT = { api: 'OffsetCommit', client: 'member', nth: 1 } as const satisfies FaultMatch;

describe('a group of containers, on an embedded Kafka', () => {
  const midCommit: Readonly<Record<string, (faults: Faults) => Promise<FaultRule>>> = {
    'is held': (faults) => faults.on(COMMIT).hang(),
    'is lost': (faults) => faults.on(COMMIT).dropRequest(),
    'is written and its answer lost': (faults) => faults.on(COMMIT).dropResponse(),
    'is written and its answer cut off': (faults) => faults.on(COMMIT).truncate(9),
  };
  const moves: Readonly<Record<string, (orders: EmbeddedOrders, from: number, to: number) => Promise<void>>> = {
    moves: (orders, _from, to) => orders.faults.group(GROUP).moveCoordinator(to),
    'goes down': (orders, from) => orders.faults.broker(from).down(),
  };

  for (const [what, setFault] of Object.entries(midCommit)) {
    for (const [how, move] of Object.entries(moves)) {
      it(`commits at the new coordinator when a commit ${what} and the old one ${how}`, async () => {
        await using orders = await EmbeddedOrders.start({ brokers: BROKERS });
        const member = orders.member('member', { consumer: { requestTimeoutMs: 500 } });
        await member.start();
        const from = orders.coordinator;
        await using rule = await setFault(orders.faults);
        const hit = rule.nextHit();
        await orders.send(5);
        assert.equal((await hit).nodeId, from);
        await move(orders, from, (from % BROKERS) + 1);
        await rule.remove();
        await orders.send(5);
        await orders.heardAll();
        await awaitCommitted({ admin: orders.admin, groupId: GROUP }, [{ topic: TOPIC, partition: 0, offset: 10 }]);
        const commits = orders.kafka.requests.filter(({ api }) => api === 'OffsetCommit');
        assert.notEqual(commits.at(-1)?.nodeId, from);
        await orders.verify();
      });
    }
  }

  it('writes its last commit at the new coordinator when it stops as the old one goes', async () => {
    await using orders = await EmbeddedOrders.start({ brokers: BROKERS });
    const member = orders.member('member', { container: { commitIntervalMs: 60_000 } });
    await member.start();
    const from = orders.coordinator;
    await orders.send(5);
    await orders.heardAll();
    await using rule = await orders.faults.on({ api: 'OffsetCommit' }).hang();
    const hit = rule.nextHit();
    const stopping = member.stop();
    await hit;
    await orders.faults.group(GROUP).moveCoordinator((from % BROKERS) + 1);
    await rule.remove();
    const { drained, abandoned, committed } = await stopping;
    assert.deepEqual([drained, abandoned, committed.map(({ offset }) => offset)], [true, 0, [5]]);
    assert.deepEqual(await orders.committed(), [5]);
  });

  for (const code of ['COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE', 'REQUEST_TIMED_OUT']) {
    it(`commits in the end when commits are refused with ${code}`, async () => {
      await using orders = await EmbeddedOrders.start();
      const member = orders.member('member');
      await member.start();
      const rule = await orders.faults.on({ api: 'OffsetCommit', client: 'member', times: 3 }).error(code);
      await orders.send(5);
      await awaitCommitted(member, [{ topic: TOPIC, partition: 0, offset: 5 }]);
      assert.equal(rule.hits, 3);
      await orders.verify();
    });
  }

  it('that is made to join anew again and again, under load, hears each record in order and loses none', async () => {
    await using orders = await EmbeddedOrders.start({ partitions: 4, brokers: BROKERS });
    const members = ['one', 'two'].map((name) => orders.member(name));
    await Promise.all(members.map((member) => member.start()));
    for (let i = 0; i < STORMS; i++) {
      const joined = orders.kafka.awaitRequest({ api: 'SyncGroup', group: GROUP });
      const sending = orders.send(20);
      assert.equal(await orders.faults.group(GROUP).forceRebalance(), true);
      await Promise.all([joined, sending]);
    }
    await orders.verify();
  });

  it('whose coordinator moves again and again, under load, hears each record in order and loses none', async () => {
    await using orders = await EmbeddedOrders.start({ partitions: 4, brokers: BROKERS });
    const members = ['one', 'two'].map((name) => orders.member(name));
    await Promise.all(members.map((member) => member.start()));
    for (let i = 0; i < STORMS; i++) {
      const to = (orders.coordinator % BROKERS) + 1;
      const found = orders.kafka.awaitRequest({ api: 'Heartbeat', broker: to });
      const sending = orders.send(20);
      await orders.faults.group(GROUP).moveCoordinator(to);
      await Promise.all([found, sending]);
    }
    await orders.verify();
  });
});
