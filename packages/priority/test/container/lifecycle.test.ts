import assert from 'node:assert/strict';
import { KafkaConfigError, type ConsumerFactory, type TopicPartition } from '@hearken/core';
import { partitionBuckets, PlacedNaming, PriorityListenerContainer } from '../../dist/index.js';
import { setup, started, stopped, until, type Own } from './setup.js';

const problems = (own: Own): string[] => {
  try {
    setup(own);
  } catch (error) {
    if (error instanceof KafkaConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
};

describe('PriorityListenerContainer: life', () => {
  it('reads each level in a group of its own, and says which client is whose', async () => {
    const bundle = await started();
    assert.deepEqual(
      bundle.factory.overrides.map(({ groupId, clientIdSuffix }) => [groupId, clientIdSuffix]),
      [
        ['g-0', '-p0'],
        ['g-1', '-p1'],
        ['g-2', '-p2'],
      ],
    );
    assert.deepEqual(
      [0, 1, 2].map((level) => bundle.consumer(level).subscription),
      [['t-0'], ['t-1'], ['t-2']],
    );
    await stopped(bundle);
  });

  it('reads where a naming puts the levels', async () => {
    const { container, factory, log } = setup({
      levels: 2,
      naming: {
        topic: (topic) => topic,
        group: (group, level) => `${group}.${level}`,
        partitions: (_, level) => [level],
      },
      listener: () => undefined,
    });
    log.append('t', 1, {});
    await container.start();
    await until(() => container.metrics().levels[1]?.processed === 1);
    assert.deepEqual(
      factory.overrides.map(({ groupId }) => groupId),
      ['g.0', 'g.1'],
    );
    await container.stop();
    assert.equal(log.committed('g.1', { topic: 't', partition: 1 })?.offset, 1);
  });

  it('moves from state to state, tells so, and starts once', async () => {
    const { container, events } = setup();
    const changes = events('state:changed');
    const stops = events('container:stopped');
    await Promise.all([container.start(), container.start()]);
    assert.equal(container.health().status, 'up');
    const report = await container.stop();
    assert.deepEqual(report, { drained: true, abandoned: 0, committed: report.committed });
    assert.deepEqual(
      changes.items.map(({ next }) => next),
      ['starting', 'running', 'stopping', 'stopped'],
    );
    assert.equal(stops.items.length, 1);
    assert.equal(await container.stop(), report);
    await container.finished;
  });

  it('stops what never started', async () => {
    const { container, factory } = setup();
    await container.stop();
    assert.equal(container.state, 'stopped');
    assert.equal(factory.overrides.length, 0);
    await assert.rejects(container.start(), { code: 'ILLEGAL_STATE' });
  });

  it('stops the others when one level does not start', async () => {
    const { container, factory } = setup();
    const createConsumer = factory.createConsumer.bind(factory);
    factory.createConsumer = (overrides) => {
      if (overrides?.groupId === 'g-1') throw new Error('no such group');
      return createConsumer(overrides);
    };
    await assert.rejects(container.start(), { code: 'LEVEL_FAILED' });
    assert.equal(container.state, 'failed');
    for (const consumer of factory.consumers.items) assert.ok(consumer.closed.fired);
  });

  it('has a group share out the partitions of a level, and no others of their topic', async () => {
    const naming = new PlacedNaming({
      t: [{ topic: 'all', partitions: [0] }, 't-1', { topic: 'all', partitions: [2, 1] }],
      u: [{ topic: 'all', partitions: [3, 4] }, { topic: 'more', partitions: [0] }, 'u-2'],
    });
    const { container, factory, logger } = setup({ topics: ['t', 'u'], naming, partitions: 6 });
    await container.start();
    assert.deepEqual(
      factory.consumers.items.map(({ subscription }) => subscription),
      [['all'], ['t-1', 'more'], ['all', 'u-2']],
    );
    assert.deepEqual(
      factory.overrides.map(({ groupId, groupPartitions = [] }) => [groupId, [...groupPartitions]]),
      [
        ['g-0', [['all', [0, 3, 4]]]],
        ['g-1', [['more', [0]]]],
        ['g-2', [['all', [1, 2]]]],
      ],
    );
    assert.deepEqual(logger.at('warn'), []);
    await container.stop();
  });

  it('takes over partitions of a level that its group gives it, and lets others go', async () => {
    const naming = new PlacedNaming({ t: partitionBuckets('all', [2, 4]) });
    const heard: string[] = [];
    const { container, factory, log } = setup({
      levels: 2,
      naming,
      partitions: 0,
      listener: ({ partition }, _context, { name }) => heard.push(`${name}: ${partition}`),
    });
    const starting = container.start();
    await factory.consumers.received(2);
    const urgent = factory.consumers.items.find((_, i) => factory.overrides[i]?.groupId === 'g-1');
    const [bulk] = factory.consumers.items.filter((consumer) => consumer !== urgent);
    const at = (...partitions: number[]): TopicPartition[] =>
      partitions.map((partition) => ({ topic: 'all', partition }));
    await Promise.all([bulk?.rebalance({ assign: [] }), urgent?.rebalance({ assign: at(2, 3) })]);
    await starting;
    assert.deepEqual(container.level(1).container.assignment(), at(2, 3));
    assert.deepEqual(container.explain(0).waitsFor.map(({ code }) => code), ['no-partitions']); // prettier-ignore
    for (const { partition } of at(0, 1, 2, 3, 4, 5)) log.append('all', partition, {});
    await until(() => heard.length === 2);
    await urgent?.rebalance({ assign: at(4) });
    await until(() => heard.length === 3);
    await urgent?.rebalance({ revoke: at(2, 3) });
    assert.deepEqual(container.snapshot().levels[1]?.container.partitions.map(({ partition }) => partition), [4]); // prettier-ignore
    await container.stop();
    assert.deepEqual(heard.toSorted(), ['1: 2', '1: 3', '1: 4']);
    assert.equal(log.committed('g-1', { topic: 'all', partition: 4 })?.offset, 1);
  });

  it('has no levels in partitions without consumers that can share them out, nor in one group', () => {
    const { factory } = setup();
    const naming = new PlacedNaming({ t: partitionBuckets('all', [2, 4]) });
    const own = { topics: ['t'], levels: 2, listener: () => undefined };
    const other: ConsumerFactory = {
      groupId: 'g',
      maxPollIntervalMs: factory.maxPollIntervalMs,
      createConsumer: (overrides) => factory.createConsumer(overrides),
    };
    new PriorityListenerContainer(other, own);
    assert.throws(() => new PriorityListenerContainer(other, { ...own, naming }), {
      code: 'INVALID_CONFIG',
      message: /consumerFactory: must heed groupPartitions, and say so by takesGroupPartitions/,
    });
    const oneGroup = {
      topic: () => 'all',
      group: (group: string) => group,
      partitions: (_: string, level: number) => [level],
    };
    assert.match(problems({ naming: oneGroup }).join(), /naming: gives a level in partitions the group of another/);
  });

  it('tells events of its levels, and of itself', async () => {
    const { container, give } = setup({ listener: () => undefined });
    const returned: string[] = [];
    const off = container.on('listener:returned', ({ record }) => void returned.push(record.topic));
    give(0, 1);
    give(2, 1);
    await container.start();
    await until(() => returned.length === 2);
    off();
    give(1, 1);
    await until(() => container.metrics().levels[1]?.processed === 1);
    assert.deepEqual(returned.toSorted(), ['t-0', 't-2']);
    assert.throws(() => container.on('no:event' as 'listener:returned', () => undefined), KafkaConfigError);
    await container.stop();
  });

  it('says what is wrong, all of it at once', () => {
    assert.deepEqual(
      problems({ topics: [], capacity: 0, concurrency: 3, ackMode: 'never' } as unknown as Own).length,
      4,
    );
    assert.match(
      problems({ policy: 'strict' }).join(),
      /policy: 'strict' needs a minShare for at least one level below the highest, or starvation: 'allow'/,
    );
    assert.match(problems({ policy: 'fifo' as 'strict' }).join(), /policy: must be/);
    assert.match(problems({ starvation: 'allow' }).join(), /starvation: needs policy: 'strict'/);
    assert.match(problems({ levels: [{ minShare: 0.5 }, {}] }).join(), /minShare with policy 'weighted'/);
    assert.match(problems({ levels: [{ minShare: 0.5 }, { minShare: 0.5 }], policy: 'strict' }).join(), /promise 1/);
    assert.match(problems({ capacity: 2, levels: [{ minSlots: 3 }, {}] }).join(), /keep 3 slots/);
    assert.match(problems({ capacity: 2, levels: [{ minSlots: 2 }, {}] }).join(), /leave level 1 no slot/);
    assert.deepEqual(problems({ capasity: 2, quotaDistribtor: 2 } as unknown as Own), [
      "capasity: is not an option; did you mean 'capacity'?",
      "quotaDistribtor: is not an option; did you mean 'quotaDistributor'?",
    ]);
    assert.match(problems({ policy: (() => ({})) as never }).join(), /policy: must make .* next, started/);
    assert.match(problems({ ackMod: 'batch' } as unknown as Own).join(), /ackMod: .*did you mean 'ackMode'/);
    assert.match(problems({ bufferRecords: 2 } as unknown as Own).join(), /bufferRecords: is not for a Priority/);
  });

  it('tells of a level that starves, once until it moves', async () => {
    const bundle = await started({ capacity: 1, policy: 'strict', starvation: 'allow', starvedAfterMs: 1_000 });
    const { clock, give, listener, events } = bundle;
    const starved = events('level:starved');
    give(2, 3);
    await until(() => listener.order === '2');
    give(0, 2);
    await until(() => bundle.container.level(0).isReady);
    for (let i = 0; i < 20; i++) clock.advance(250);
    assert.deepEqual(
      starved.items.map(({ name, queued }) => [name, queued]),
      [['0', 2]], // and not level 2, which has records, too, and all the slots there are
    );
    assert.ok((bundle.container.metrics().levels[0]?.waitedMs ?? 0) >= 1_000);
    await stopped(bundle);
  });

  it('does not tell of a level that runs all it has', async () => {
    const bundle = await started({ capacity: 1, starvedAfterMs: 1_000, stalledAfterMs: 60_000 });
    const { clock, give, listener, events, container } = bundle;
    const starved = events('level:starved');
    give(0, 1);
    await until(() => listener.order === '0');
    for (let i = 0; i < 20; i++) clock.advance(250);
    assert.deepEqual(starved.items, []);
    assert.deepEqual([container.metrics().levels[0]?.waitedMs, container.snapshot().levels[0]?.isReady], [0, false]);
    await stopped(bundle);
  });

  it('tells of a level whose listeners hang, and of no other', async () => {
    const bundle = await started({ capacity: 2, stalledAfterMs: 1_000 });
    const { clock, give, listener, events } = bundle;
    const stalled = events('level:stalled');
    give(1, 1);
    await until(() => listener.order === '1');
    for (let i = 0; i < 20; i++) clock.advance(250);
    assert.deepEqual(
      stalled.items.map(({ priority, running }) => [priority, running]),
      [[1, 1]],
    );
    await stopped(bundle);
  });

  it('tells counts, shares and latency of each level', async () => {
    const { container, give, clock } = setup({ capacity: 7, listener: () => undefined });
    for (const level of [0, 1, 2]) give(level, 40, { timestamp: clock.now() - 500 });
    await container.start();
    await until(() => container.metrics().levels.every(({ processed }) => processed === 40));
    const { levels, slots, capacity } = container.metrics();
    assert.deepEqual([slots, capacity], [0, 7]);
    assert.deepEqual(
      levels.map(({ started: starts, share }) => [starts, share]),
      [
        [40, 1 / 3],
        [40, 1 / 3],
        [40, 1 / 3],
      ],
    );
    assert.deepEqual(
      levels.map(({ targetShare }) => targetShare),
      [1 / 7, 2 / 7, 4 / 7],
    );
    assert.deepEqual(
      levels.map(({ latencyMs }) => latencyMs),
      [500, 500, 500],
    );
    for (const { latencyHistogram } of levels) {
      const { boundsMs, counts } = latencyHistogram;
      assert.deepEqual([counts[boundsMs.indexOf(512)], counts.filter((count) => count > 0)], [2, [2]]);
    }
    await container.stop();
  });
});

describe('PriorityListenerContainer: a stop that drains', () => {
  it('closes the gaps of each level, so that nothing that ended comes twice', async () => {
    const bundle = await started({ ordering: 'key', capacity: 2, partitions: 1 });
    const { container, listener, log, committed } = bundle;
    for (const key of ['a', 'b', 'a', 'b', 'b', 'a']) log.append('t-1', 0, { key });
    const first = await listener.call('1:0/0');
    (await listener.call('1:0/1')).end();
    const newest = await listener.call('1:0/3');
    const stopping = container.stop();
    newest.end();
    first.end();
    (await listener.call('1:0/2')).end();
    const { drained, abandoned } = await stopping;
    assert.deepEqual([drained, abandoned, committed(1, 0), listener.calls.items.length], [true, 2, 4, 4]);
  });
});
