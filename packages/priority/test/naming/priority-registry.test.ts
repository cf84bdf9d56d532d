import assert from 'node:assert/strict';
import {
  LargestRemainderQuotaDistributor,
  partitionBuckets,
  PlacedNaming,
  placesByResolver,
  PriorityRegistry,
  SuffixNaming,
  type PriorityNaming,
} from '@hearken/priority';
import fc from 'fast-check';

const at = (topic: string, partition = 0) => ({ topic, partition });

const problemsWith = (naming: PriorityNaming, topics: readonly string[] = ['jobs']): string => {
  try {
    new PriorityRegistry({ topics, levels: 2, naming });
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'INVALID_CONFIG');
    return (error as Error).message;
  }
  return '';
};

describe('PriorityRegistry', () => {
  it("finds levels under Flipkart's names", () => {
    const registry = new PriorityRegistry({ topics: ['orders', 'mail'], levels: 3 });
    assert.deepEqual(registry.places(2), [{ topic: 'orders-2' }, { topic: 'mail-2' }]);
    assert.deepEqual(registry.resolve(at('orders-2', 7)), { topic: 'orders', priority: 2 });
    assert.deepEqual(registry.resolve(at('mail-0')), { topic: 'mail', priority: 0 });
  });

  it('takes no topic for a level because of its name', () => {
    const registry = new PriorityRegistry({ topics: ['orders', 'orders-1'], levels: 2 });
    assert.equal(registry.resolve(at('orders-2')), undefined);
    assert.equal(registry.resolve(at('orders')), undefined);
    assert.equal(registry.resolve(at('audit-1')), undefined);
    assert.deepEqual(registry.resolve(at('orders-1')), { topic: 'orders', priority: 1 });
    assert.deepEqual(registry.resolve(at('orders-1-1')), { topic: 'orders-1', priority: 1 });
  });

  it('finds levels in topics that have names of their own', () => {
    const naming = new PlacedNaming({ mail: ['newsletters', 'receipts'] });
    const registry = new PriorityRegistry({ topics: ['mail', 'orders'], levels: 2, naming });
    assert.deepEqual(registry.places(1), [{ topic: 'receipts' }, { topic: 'orders-1' }]);
    assert.deepEqual(registry.resolve(at('newsletters')), { topic: 'mail', priority: 0 });
    assert.equal(naming.group('billing', 1), 'billing-1');
  });

  it('finds levels in partitions of one topic', () => {
    const naming = new PlacedNaming({ jobs: partitionBuckets('jobs', [2, 4]) });
    const registry = new PriorityRegistry({ topics: ['jobs'], levels: 2, naming });
    assert.deepEqual(registry.places(0), [{ topic: 'jobs', partitions: [0, 1] }]);
    assert.deepEqual(registry.places(1), [{ topic: 'jobs', partitions: [2, 3, 4, 5] }]);
    assert.deepEqual(registry.resolve(at('jobs', 2)), { topic: 'jobs', priority: 1 });
    assert.equal(registry.resolve(at('jobs', 6)), undefined);
  });

  it('refuses two levels in one place', () => {
    const shared = new PlacedNaming({ jobs: ['jobs', 'jobs'] });
    assert.match(problemsWith(shared), /jobs\.1: shares jobs with level 0 of jobs/);
    const whole = new PlacedNaming({ jobs: ['jobs', { topic: 'jobs', partitions: [3] }] });
    assert.match(problemsWith(whole), /jobs\.1: shares jobs partition 3 with level 0 of jobs/);
    const part = new PlacedNaming({
      a: [{ topic: 'j', partitions: [0, 1] }, 'k'],
      b: ['l', { topic: 'j', partitions: [1] }],
    });
    assert.match(problemsWith(part, ['a', 'b']), /b\.1: shares j partition 1 with level 0 of a/);
    assert.match(problemsWith(new SuffixNaming(), ['jobs', 'jobs']), /jobs\.0: shares jobs-0 with level 0 of jobs/);
  });

  it('refuses places that are none, all at once', () => {
    const wrong = new PlacedNaming({
      a: ['', { topic: 'a', partitions: [] }],
      b: [
        { topic: 'b', partitions: [-1] },
        { topic: 'b', partitions: [1, 1] },
      ],
      c: ['c'],
    });
    assert.equal(
      problemsWith(wrong, ['a', 'b', 'c']),
      [
        'PriorityRegistry cannot be used:',
        "  a.0: the topic must be a non-empty string, got ''",
        '  a.1: there must be a partition of a, got none',
        '  b.0: partitions must be whole numbers from 0, got -1',
        '  b.1: partitions of b are named twice',
        '  c.1: c has places for levels 0 to 0, none for 1',
      ].join('\n'),
    );
  });

  it('passes on what a naming throws', () => {
    const broken: PriorityNaming = {
      topic: () => {
        throw new RangeError('broken');
      },
      group: (groupId) => groupId,
    };
    assert.throws(() => new PriorityRegistry({ topics: ['a'], levels: 1, naming: broken }), RangeError);
  });

  it('resolves every partition to the level that places it, and to no other', () => {
    const ruled = fc.record({ levels: fc.integer({ min: 1, max: 5 }), partitions: fc.integer({ min: 5, max: 40 }) });
    fc.assert(
      fc.property(ruled, ({ levels, partitions }) => {
        const levelOf = ({ partition }: { partition: number }) => (partition % (levels + 1)) - 1;
        const resolver = (tp: { topic: string; partition: number }) => (levelOf(tp) < 0 ? undefined : levelOf(tp));
        fc.pre(partitions > levels);
        const naming = new PlacedNaming({ jobs: placesByResolver('jobs', partitions, levels, resolver) });
        const registry = new PriorityRegistry({ topics: ['jobs'], levels, naming });
        for (let partition = 0; partition < partitions; partition++) {
          assert.equal(registry.resolve(at('jobs', partition))?.priority, resolver(at('jobs', partition)));
        }
        assert.equal(registry.resolve(at('jobs', partitions)), undefined);
      }),
    );
  });
});

describe('partition buckets', () => {
  it('may be sized by weight, and stay where they are when partitions are added', () => {
    const sizes = [...new LargestRemainderQuotaDistributor([30, 70]).distribution(2, 6).values()];
    assert.deepEqual(partitionBuckets('jobs', sizes), [
      { topic: 'jobs', partitions: [0, 1] },
      { topic: 'jobs', partitions: [2, 3, 4, 5] },
    ]);
  });
});
