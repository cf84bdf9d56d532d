import assert from 'node:assert/strict';
import { partitionForKey } from '@hearken/core/internal';
import { partitionBuckets, PlacedNaming, PriorityRegistry, SuffixNaming, type PriorityNaming } from '@hearken/priority';
import fc from 'fast-check';
import { setup } from './setup.js';

const BUCKETS = new PlacedNaming({ jobs: partitionBuckets('jobs', [2, 4]) });

describe('a naming and the template', () => {
  it('send existing topics what is of their level', async () => {
    const { template, factory } = setup({ levels: 2, naming: new PlacedNaming({ mail: ['newsletters', 'receipts'] }) });
    await template.send('mail', 1, 'a');
    await template.send('mail', 0, 'b');
    await template.send('orders', 1, 'c');
    assert.deepEqual(
      factory.producer.sent.items.map(({ topic }) => topic),
      ['receipts', 'newsletters', 'orders-1'],
    );
  });

  it('keep a level in its partitions: by key as Java would among so many', async () => {
    const { template } = setup({ levels: 2, naming: BUCKETS });
    for (const key of ['customer-1', 'customer-2', 'customer-3', '']) {
      const { metadata } = await template.send('jobs', 1, 'value', { key });
      assert.equal(metadata.topic, 'jobs');
      assert.equal(metadata.partition, 2 + partitionForKey(Buffer.from(key), 4));
    }
  });

  it('fill the partitions of a level in turn without keys', async () => {
    const { template } = setup({ levels: 2, naming: BUCKETS });
    const sent = [1, 1, 1, 0, 1, 1, 0, 0].map((level) => template.send('jobs', level, 'value'));
    const partitions = (await Promise.all(sent)).map(({ metadata }) => metadata.partition);
    assert.deepEqual(partitions, [2, 3, 4, 0, 5, 2, 1, 0]);
  });

  it('take a partition that is said, if it is one of the level', async () => {
    const { template } = setup({ levels: 2, naming: BUCKETS });
    const { metadata } = await template.send('jobs', 1, 'value', { partition: 5, key: 'k' });
    assert.equal(metadata.partition, 5);
    await assert.rejects(template.send('jobs', 1, 'value', { partition: 1 }), {
      code: 'INVALID_RECORD',
      message: "cannot send to jobs-1: partition 1 is not one of the level's: jobs partitions 2, 3, 4, 5",
    });
  });

  it('refuse levels without a place', async () => {
    const few = setup({ levels: 3, naming: BUCKETS });
    await assert.rejects(few.template.send('jobs', 2, 'value'), { code: 'PRIORITY_OUT_OF_RANGE' });
    const empty = setup({ levels: 1, naming: { topic: () => '', group: () => '' } });
    await assert.rejects(empty.template.send('jobs', 0, 'value'), {
      code: 'INVALID_RECORD',
      message: /the naming has no place for level 0 of jobs: the topic must be a non-empty string/,
    });
  });

  it('ask once a level where it is', async () => {
    const asked: string[] = [];
    const naming: PriorityNaming = {
      topic: (topic, priority) => {
        asked.push(`${topic} ${priority}`);
        return `${topic}.${priority}`;
      },
      group: (groupId) => groupId,
    };
    const { template } = setup({ levels: 2, naming });
    for (const level of [0, 1, 0, 1, 1]) await template.send('jobs', level, 'value');
    assert.deepEqual(asked, ['jobs 0', 'jobs 1']);
  });

  it('write what the registry reads, in any placement', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 });
    const keys = fc.option(fc.string(), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.array(fc.tuple(fc.nat({ max: 2 }), keys), { maxLength: 12 }),
        async (levels, sends) => {
          fc.pre(levels.reduce((sum, size) => sum + size, 0) <= 6);
          const naming = new PlacedNaming({ jobs: partitionBuckets('all-jobs', levels) }, new SuffixNaming('.'));
          const registry = new PriorityRegistry({ topics: ['jobs', 'orders'], levels: levels.length, naming });
          const { template } = setup({ levels: levels.length, naming, outOfRange: 'clamp' });
          for (const [level, key] of sends) {
            for (const topic of ['jobs', 'orders']) {
              const { metadata } = await template.send(topic, level, 'value', key === undefined ? {} : { key });
              const priority = Math.min(level, levels.length - 1);
              assert.deepEqual(registry.resolve(metadata), { topic, priority });
            }
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
