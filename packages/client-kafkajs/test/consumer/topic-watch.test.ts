import assert from 'node:assert/strict';
import type { RecordingLogger } from '@hearken/testing';
import { TopicWatch } from '../../dist/consumer/topic-watch.js';
import { aContext } from './support/context.js';
import type { FakeCluster } from './support/fake-cluster.js';

function setup(subscribed: readonly string[] | RegExp): {
  readonly watch: TopicWatch;
  readonly cluster: FakeCluster;
  readonly logger: RecordingLogger;
} {
  const context = aContext();
  context.cluster.topic('orders', 1, 1).topic('bills', 1).topic('other', 1);
  const watch = new TopicWatch(context);
  watch.subscribe(subscribed);
  return { watch, cluster: context.cluster, logger: context.logger };
}

describe('TopicWatch', () => {
  it('matches a pattern against all topics, every time, whatever its flags', async () => {
    const { watch, cluster } = setup(/^(orders|bills)/g);
    for (let i = 0; i < 3; i++) assert.deepEqual(await watch.topics(), ['bills', 'orders']);
    assert.equal(await watch.hasChanged(), false);
    cluster.topic('orders-eu', 1);
    assert.equal(await watch.hasChanged(), true);
  });

  it('joins with names as they are, each once, whether they exist or not', async () => {
    const { watch } = setup(['orders', 'missing', 'orders']);
    assert.deepEqual(await watch.topics(), ['orders', 'missing']);
    await watch.requireAny();
    assert.equal(await watch.hasChanged(), false);
  });

  it('names topics that do not exist, once, where others do', async () => {
    const { watch, logger } = setup(['orders', 'missing', 'absent']);
    await watch.requireAny();
    assert.deepEqual(
      logger.at('warn').map(({ details }) => details),
      [{ topics: ['missing', 'absent'] }],
    );
    const all = setup(['orders', 'bills']);
    await all.watch.requireAny();
    assert.equal(all.logger.at('warn').length, 0);
  });

  it('names partitions of the group that do not exist, and none of a topic that does not', async () => {
    const groupPartitions = new Map([
      ['orders', [1, 2, 5]],
      ['missing', [0]],
    ]);
    const context = aContext({ groupPartitions });
    context.cluster.topic('orders', 1, 1);
    const watch = new TopicWatch(context);
    watch.subscribe(['orders']);
    await watch.requireAny();
    const partitions = [2, 5].map((partition) => ({ topic: 'orders', partition }));
    assert.deepEqual(
      context.logger.at('warn').map(({ details }) => details),
      [{ partitions }],
    );
  });

  it('says so when no topic of several exists', async () => {
    const { watch } = setup(['missing', 'absent']);
    await assert.rejects(watch.requireAny(), { code: 'UNKNOWN_TOPIC_OR_PARTITION' });
  });

  it('watches the partition counts that a leader assigned over, until the next round', async () => {
    const { watch, cluster } = setup(['orders']);
    await watch.topics();
    assert.deepEqual([...(await watch.partitionCounts(['orders', 'bills', 'missing']))], [['orders', 2], ['bills', 1]]); // prettier-ignore
    assert.equal(await watch.hasChanged(), false);
    cluster.topic('missing', 1);
    assert.equal(await watch.hasChanged(), true);
    await watch.topics();
    assert.equal(await watch.hasChanged(), false);
  });

  it('watches only those partitions that the group shares out', async () => {
    const context = aContext({ groupPartitions: new Map([['orders', [0, 3]]]) });
    context.cluster.topic('orders', 1, 1).topic('bills', 1);
    const watch = new TopicWatch(context);
    watch.subscribe(['orders', 'bills']);
    await watch.topics();
    await watch.partitionCounts(['orders', 'bills']);
    context.cluster.topic('orders', 1, 1, 1);
    assert.equal(await watch.hasChanged(), false);
    context.cluster.topic('orders', 1, 1, 1, 1);
    assert.equal(await watch.hasChanged(), true);
    context.cluster.topic('orders').topic('bills', 1, 1);
    assert.equal(await watch.hasChanged(), true);
  });

  it('is told of other topics', async () => {
    const { watch } = setup(['orders']);
    await watch.topics();
    watch.subscribe(['bills']);
    assert.equal(await watch.hasChanged(), true);
  });
});
