import assert from 'node:assert/strict';
import { newTopic } from '../../dist/index.js';
import { planTopics, type ExistingTopic } from '../../dist/topics/topic-plan.js';

const orders = newTopic('orders', {
  partitions: 6,
  replicas: 1,
  compact: true,
  retentionMs: 1_000,
  config: { 'min.insync.replicas': 1 },
});
const exists = (topic: Partial<ExistingTopic> = {}): ReadonlyMap<string, ExistingTopic> =>
  new Map([
    [
      'orders',
      {
        partitions: 6,
        replicas: 1,
        config: { 'cleanup.policy': 'compact', 'retention.ms': '1000', 'min.insync.replicas': '1' },
        ...topic,
      },
    ],
  ]);

describe('planTopics', () => {
  it('creates what does not exist, as it is defined', () => {
    const { create, grow, differences } = planTopics([orders, newTopic('plain')], new Map(), {});
    assert.deepEqual([grow, differences], [[], []]);
    assert.deepEqual(create, [
      {
        topic: 'orders',
        partitions: 6,
        replicationFactor: 1,
        config: { 'cleanup.policy': 'compact', 'retention.ms': '1000', 'min.insync.replicas': '1' },
      },
      { topic: 'plain', partitions: undefined, replicationFactor: undefined, config: {} },
    ]);
  });

  it('creates nothing where that is not wanted', () => {
    const plan = planTopics([orders], new Map(), { autoCreate: false });
    assert.deepEqual(plan, { create: [], grow: [], differences: [`topic 'orders' does not exist`] });
  });

  it('leaves alone what is as it should be', () => {
    assert.deepEqual(planTopics([orders], exists(), {}), { create: [], grow: [], differences: [] });
    assert.deepEqual(planTopics([newTopic('orders')], exists({ partitions: 2 }), {}).differences, []);
  });

  it('tells every difference', () => {
    const { differences } = planTopics(
      [orders],
      exists({ partitions: 2, replicas: 3, config: { 'cleanup.policy': 'delete' } }),
      {},
    );
    assert.deepEqual(differences, [
      `topic 'orders' should have partitions 6 and has 2`,
      `topic 'orders' should have replicas 1 and has 3`,
      `topic 'orders' should have cleanup.policy compact and has delete`,
      `topic 'orders' should have retention.ms 1000 and has undefined`,
      `topic 'orders' should have min.insync.replicas 1 and has undefined`,
    ]);
  });

  it('adds partitions where that is asked for, and takes none away', () => {
    const grown = planTopics([orders], exists({ partitions: 2 }), { onDifference: 'grow' });
    assert.deepEqual(grown, { create: [], grow: [{ topic: 'orders', partitions: 6 }], differences: [] });
    const { grow, differences } = planTopics([orders], exists({ partitions: 9 }), { onDifference: 'grow' });
    assert.deepEqual([grow, differences], [[], [`topic 'orders' should have partitions 6 and has 9`]]);
  });
});
