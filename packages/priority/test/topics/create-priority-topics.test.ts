import assert from 'node:assert/strict';
import { createPriorityTopics, partitionBuckets, PlacedNaming, type TopicAdmin } from '@hearken/priority';

type ToCreate = Parameters<TopicAdmin['createTopics']>[0][number];

/** Topics by name with their partitions; the broker's own idea is 3. */
function adminWith(topics: Record<string, number> = {}) {
  const asked: ToCreate[] = [];
  const admin: TopicAdmin = {
    listTopics: () => Promise.resolve(Object.keys(topics)),
    describeTopics: (names) =>
      Promise.resolve(
        names.map((topic) => ({ topic, partitions: Array.from({ length: topics[topic] ?? assert.fail() }) })),
      ),
    createTopics: (given) => {
      asked.push(...given);
      const created = given.filter(({ topic }) => !(topic in topics));
      for (const { topic, partitions = 3 } of created) topics[topic] = partitions;
      return Promise.resolve(created.map(({ topic }) => topic));
    },
  };
  return { admin, topics, asked };
}

describe('createPriorityTopics', () => {
  it('creates a topic for each level', async () => {
    const { admin, asked } = adminWith();
    const config = { 'retention.ms': 1000 };
    const report = await createPriorityTopics(admin, 'orders', ['bulk', 'urgent'], {
      partitions: 12,
      replicationFactor: 1,
      config,
    });
    assert.deepEqual(report, [
      { priority: 0, topic: 'orders-0', partitions: 12, created: true },
      { priority: 1, topic: 'orders-1', partitions: 12, created: true },
    ]);
    assert.deepEqual(asked[1], { topic: 'orders-1', partitions: 12, replicationFactor: 1, config });
  });

  it('leaves what exists, and gives a new level as many partitions', async () => {
    const { admin, asked } = adminWith({ 'orders-0': 7, 'orders-1': 7 });
    const report = await createPriorityTopics(admin, 'orders', 3);
    assert.deepEqual(
      report.map(({ partitions, created }) => [partitions, created]),
      [
        [7, false],
        [7, false],
        [7, true],
      ],
    );
    assert.deepEqual(
      asked.map(({ topic }) => topic),
      ['orders-2'],
    );
    assert.ok((await createPriorityTopics(admin, 'orders', 3, { partitions: 99 })).every(({ created }) => !created));
    assert.equal(asked.length, 1);
  });

  it('leaves the number of partitions to the broker', async () => {
    const { admin, asked } = adminWith();
    const report = await createPriorityTopics(admin, 'orders', 2);
    assert.deepEqual(
      report.map(({ partitions }) => partitions),
      [3, 3],
    );
    assert.equal(asked[0]?.partitions, undefined);
  });

  it('creates nothing when levels would differ in partitions', async () => {
    const { admin, topics } = adminWith({ 'orders-0': 7 });
    await assert.rejects(createPriorityTopics(admin, 'orders', 2, { partitions: 12 }), {
      code: 'UNEQUAL_PARTITIONS',
      message: /orders-0 has 7, orders-1 has 12/,
      partitions: { 'orders-0': 7, 'orders-1': 12 },
    });
    assert.deepEqual(topics, { 'orders-0': 7 });
    const options = { partitions: 12, unequalPartitions: 'ignore' } as const;
    assert.equal((await createPriorityTopics(admin, 'orders', 2, options))[1]?.partitions, 12);
  });

  it('sees levels that differ already, or that somebody else created meanwhile', async () => {
    const differing = adminWith({ 'orders-0': 7, 'orders-1': 3 });
    await assert.rejects(createPriorityTopics(differing.admin, 'orders', 3), { code: 'UNEQUAL_PARTITIONS' });
    const { admin, topics } = adminWith({ 'orders-0': 7 });
    const createTopics = admin.createTopics.bind(admin);
    admin.createTopics = (given) => {
      topics['orders-1'] = 3;
      return createTopics(given);
    };
    await assert.rejects(createPriorityTopics(admin, 'orders', 2), { code: 'UNEQUAL_PARTITIONS' });
  });

  it('creates one topic for levels that are partitions, with as many as they need', async () => {
    const naming = new PlacedNaming({ jobs: partitionBuckets('all-jobs', [2, 4]) });
    const { admin, asked, topics } = adminWith();
    const report = await createPriorityTopics(admin, 'jobs', 2, { naming });
    assert.deepEqual(report, [
      { priority: 0, topic: 'all-jobs', partitions: 2, created: true },
      { priority: 1, topic: 'all-jobs', partitions: 4, created: true },
    ]);
    assert.deepEqual(
      asked.map(({ partitions }) => partitions),
      [6],
    );
    topics['all-jobs'] = 5;
    await assert.rejects(createPriorityTopics(admin, 'jobs', 2, { naming }), {
      code: 'INVALID_CONFIG',
      message: /jobs\.1: needs partition 5 of all-jobs, which has 5/,
    });
    const roomy = adminWith();
    await createPriorityTopics(roomy.admin, 'jobs', 2, { naming, partitions: 20 });
    assert.deepEqual(roomy.topics, { 'all-jobs': 20 });
  });

  it('refuses what are no levels, partitions or places', async () => {
    const { admin } = adminWith();
    await assert.rejects(createPriorityTopics(admin, 'orders', 0, { partitions: 0, partition: 1 } as object), {
      code: 'INVALID_CONFIG',
      message: /levels: [^]*partition: is not an option; did you mean 'partitions'[^]*partitions: /,
    });
    const naming = new PlacedNaming({ jobs: ['jobs', 'jobs'] });
    await assert.rejects(createPriorityTopics(admin, 'jobs', 2, { naming }), { code: 'INVALID_CONFIG' });
  });
});
