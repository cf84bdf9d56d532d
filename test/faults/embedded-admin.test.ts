import assert from 'node:assert/strict';
import type { FaultMatch, FaultRule, FaultRuleBuilder } from '@hearken/embedded-broker';
import { EmbeddedOrders, GROUP, TOPIC } from '../support/embedded-orders.js';

type ApiName = FaultMatch['api'];

const TROUBLE: Readonly<Record<string, (rule: FaultRuleBuilder<ApiName>) => Promise<FaultRule>>> = {
  'is carried out and its answer cut off': (rule) => rule.truncate(6),
  'finds its connection closed': (rule) => rule.close(),
};

const AT = { topic: TOPIC, partition: 0 };

/** Calls of the admin, and what can be seen after them. */
const CALLS: readonly (readonly [
  call: string,
  api: ApiName,
  run: (orders: EmbeddedOrders) => Promise<unknown>,
  seen: (orders: EmbeddedOrders) => Promise<unknown>,
  expected: unknown,
])[] = [
  [
    'createTopics',
    'CreateTopics',
    ({ admin }) => admin.createTopics([{ topic: 'invoices', partitions: 3 }]),
    async ({ admin }) => (await admin.describeTopics(['invoices']))[0]?.partitions.length,
    3,
  ],
  [
    'createPartitions',
    'CreatePartitions',
    ({ admin }) => admin.createPartitions([{ topic: TOPIC, partitions: 4 }]),
    async ({ admin }) => (await admin.describeTopics([TOPIC]))[0]?.partitions.length,
    4,
  ],
  ['deleteTopics', 'DeleteTopics', ({ admin }) => admin.deleteTopics([TOPIC]), ({ admin }) => admin.listTopics(), []],
  [
    'setCommittedOffsets',
    'OffsetCommit',
    ({ admin }) => admin.setCommittedOffsets(GROUP, [{ ...AT, offset: 7 }]),
    (orders) => orders.committed(),
    [7],
  ],
  ['deleteGroups', 'DeleteGroups', ({ admin }) => admin.deleteGroups([GROUP]), (orders) => orders.committed(), []],
  [
    'offsets',
    'ListOffsets',
    ({ admin }) => admin.offsets(TOPIC),
    ({ admin }) => admin.offsets(TOPIC),
    [{ ...AT, beginning: 0, end: 5 }],
  ],
];

describe('an admin, on an embedded Kafka', () => {
  for (const [call, api, run, seen, expected] of CALLS) {
    for (const [what, set] of Object.entries(TROUBLE)) {
      it(`${call} does what it says when its ${api} ${what}`, async () => {
        await using orders = await EmbeddedOrders.start();
        await orders.send(5);
        await orders.admin.setCommittedOffsets(GROUP, [{ ...AT, offset: 1 }]);
        const rule = await set(orders.faults.on({ api, client: 'admin', nth: 1 }));
        await run(orders);
        assert.equal(rule.hits, 1);
        assert.deepEqual(await seen(orders), expected);
      });
    }
  }

  it('asks the new coordinator when the old one goes', async () => {
    await using orders = await EmbeddedOrders.start({ brokers: 2 });
    await orders.admin.setCommittedOffsets(GROUP, [{ ...AT, offset: 1 }]);
    const from = orders.kafka.requests.filter(({ api }) => api === 'OffsetCommit').at(-1)!.nodeId;
    await orders.faults.group(GROUP).moveCoordinator(3 - from);
    await orders.admin.setCommittedOffsets(GROUP, [{ ...AT, offset: 2 }]);
    assert.deepEqual(await orders.committed(), [2]);
    assert.equal(orders.kafka.requests.filter(({ api }) => api === 'OffsetCommit').at(-1)?.nodeId, 3 - from);
  });
});
