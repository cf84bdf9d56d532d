import assert from 'node:assert/strict';
import type { FaultMatch, FaultRule, FaultRuleBuilder } from '@hearken/embedded-broker';
import { systemClock, type Clock } from '@hearken/core';
import { EmbeddedOrders, GROUP, TOPIC } from '../support/embedded-orders.js';

type ApiName = FaultMatch['api'];
type Effect = (rule: FaultRuleBuilder<ApiName>) => Promise<FaultRule>;

const refused =
  (code: string): Effect =>
  (rule) =>
    rule.error(code);
const cutOff: Effect = (rule) => rule.truncate(7);
const closed: Effect = (rule) => rule.close();
const lost: Effect = (rule) => rule.dropResponse();
const late: Effect = (rule) => rule.delay(30);

const TROUBLE: readonly (readonly [api: ApiName, what: string, effect: Effect])[] = [
  ['FindCoordinator', 'is refused with COORDINATOR_NOT_AVAILABLE', refused('COORDINATOR_NOT_AVAILABLE')],
  ['FindCoordinator', 'is refused with COORDINATOR_LOAD_IN_PROGRESS', refused('COORDINATOR_LOAD_IN_PROGRESS')],
  ['FindCoordinator', 'has its answer cut off', cutOff],
  ['FindCoordinator', 'has its answer lost', lost],
  ['JoinGroup', 'is refused with COORDINATOR_LOAD_IN_PROGRESS', refused('COORDINATOR_LOAD_IN_PROGRESS')],
  ['JoinGroup', 'is refused with NOT_COORDINATOR', refused('NOT_COORDINATOR')],
  ['JoinGroup', 'is refused with UNKNOWN_MEMBER_ID', refused('UNKNOWN_MEMBER_ID')],
  ['JoinGroup', 'has its answer cut off', cutOff],
  ['JoinGroup', 'finds its connection closed', closed],
  ['JoinGroup', 'has its answer lost', lost],
  ['JoinGroup', 'is late', late],
  ['SyncGroup', 'is refused with REBALANCE_IN_PROGRESS', refused('REBALANCE_IN_PROGRESS')],
  ['SyncGroup', 'is refused with NOT_COORDINATOR', refused('NOT_COORDINATOR')],
  ['SyncGroup', 'is refused with ILLEGAL_GENERATION', refused('ILLEGAL_GENERATION')],
  ['SyncGroup', 'has its answer cut off', cutOff],
  ['SyncGroup', 'has its answer lost', lost],
  ['SyncGroup', 'is late', late],
  ['OffsetFetch', 'is refused with UNSTABLE_OFFSET_COMMIT', refused('UNSTABLE_OFFSET_COMMIT')],
  ['OffsetFetch', 'is refused with COORDINATOR_LOAD_IN_PROGRESS', refused('COORDINATOR_LOAD_IN_PROGRESS')],
  ['OffsetFetch', 'is refused with NOT_COORDINATOR', refused('NOT_COORDINATOR')],
  ['OffsetFetch', 'has its answer cut off', cutOff],
  ['OffsetFetch', 'has its answer lost', lost],
  ['ListOffsets', 'is refused with NOT_LEADER_OR_FOLLOWER', refused('NOT_LEADER_OR_FOLLOWER')],
  ['ListOffsets', 'has its answer cut off', cutOff],
];

/** Brings forward what is waited for: an answer to JoinGroup is given up no earlier than after five seconds. */
const HASTE = 20;
const hasty: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * HASTE,
  setTimer: (callback, delayMs, options) => systemClock.setTimer(callback, delayMs / HASTE, options),
};

describe('a container that joins a group, on an embedded Kafka, loses nothing when', () => {
  for (const [api, what, effect] of TROUBLE) {
    it(`${api} ${what}, twice`, async () => {
      await using orders = await EmbeddedOrders.start({ partitions: 2, brokers: 2 });
      await orders.send(5);
      await orders.admin.setCommittedOffsets(GROUP, [{ topic: TOPIC, partition: 0, offset: 3 }]);
      const rule = await effect(orders.faults.on({ api, client: 'joining', times: 2 }));
      const joining = orders.member('joining', {
        kafka: { clock: hasty },
        // A member that was given an id and never heard it keeps the group waiting for its session.
        consumer: {
          sessionTimeoutMs: 1_500,
          heartbeatIntervalMs: 200,
          maxPollIntervalMs: 20_000,
          requestTimeoutMs: 10_000,
        },
        // By that clock: a machine that is slow has a minute to start all the same.
        container: { startTimeoutMs: 60_000 * HASTE, shutdownTimeoutMs: 19_000, revokeDrainTimeoutMs: 19_000 },
      });
      await joining.start();
      assert.ok(rule.hits === 2 || (effect === late && rule.hits === 1), `${rule.hits} hits`);
      await orders.send(5);
      await orders.heardAll();
      assert.deepEqual(
        [orders.numbers(0), orders.numbers(1)],
        [
          [3, 4, 5, 6, 7, 8, 9],
          [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        ],
      );
      assert.equal((await joining.stop()).abandoned, 0);
      assert.deepEqual(await orders.committed(), [10, 10]);
    });
  }
});
