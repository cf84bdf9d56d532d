import assert from 'node:assert/strict';
import { Headers, type PartitionInfo } from '@hearken/core';
import { murmur2, partitionForKey } from '@hearken/core/internal';
import fc from 'fast-check';
import { topicPartitioner, type PartitionerChoice } from '../../dist/producer/partitioner.js';
import { MURMUR2_VECTORS } from './murmur2-vectors.js';

const record = (key: string | null = null) => ({
  topic: 't',
  key: key === null ? null : Buffer.from(key),
  value: null,
  headers: undefined,
});

function viewOf(leaders: readonly (number | undefined)[]) {
  const partitions = leaders.map((leader, partition): PartitionInfo => ({
    topic: 't',
    partition,
    leader,
    replicas: [],
    inSyncReplicas: [],
  }));
  const led = partitions.filter(({ leader }) => leader !== undefined);
  return { partitions, available: (led.length > 0 ? led : partitions).map(({ partition }) => partition) };
}

function setup(choice: PartitionerChoice, leaders: readonly (number | undefined)[] = [1, 1, 1, 1]) {
  const partitioner = topicPartitioner(choice, Math.random);
  const view = viewOf(leaders);
  return { partitioner, view, choose: (key?: string) => partitioner.choose(record(key), view) };
}

describe('murmur2', () => {
  it(`hashes ${MURMUR2_VECTORS.length} keys as Java does`, () => {
    for (const [key, hash] of MURMUR2_VECTORS) assert.equal(murmur2(Buffer.from(key, 'hex')), hash, key);
  });

  it('gives the partitions Java gives', () => {
    for (const [key, , of12, of1000] of MURMUR2_VECTORS) {
      assert.equal(partitionForKey(Buffer.from(key, 'hex'), 12), of12);
      assert.equal(partitionForKey(Buffer.from(key, 'hex'), 1000), of1000);
    }
  });
});

describe('the murmur2 partitioner', () => {
  it('gives a key its partition, with a leader or without', () => {
    const withAll = setup('murmur2');
    const withOne = setup('murmur2', [undefined, undefined, 7, undefined]);
    for (const key of ['a', 'b', 'c', 'd', 'customer-7']) assert.equal(withAll.choose(key), withOne.choose(key));
  });

  it('an empty key is a key', () => {
    const { choose } = setup('murmur2');
    assert.equal(choose(''), partitionForKey(Buffer.alloc(0), 4));
  });

  it('keeps records without a key together until their batch is closed, then takes another partition', () => {
    const { partitioner, choose } = setup('murmur2');
    for (let batch = 0; batch < 50; batch++) {
      const first = choose();
      assert.deepEqual([choose(), choose(), choose()], [first, first, first]);
      partitioner.onBatchClosed(first);
      assert.notEqual(choose(), first);
    }
  });

  it("is not moved by other partitions' batches", () => {
    const { partitioner, choose } = setup('murmur2');
    const first = choose();
    for (const other of [0, 1, 2, 3].filter((partition) => partition !== first)) partitioner.onBatchClosed(other);
    assert.equal(choose(), first);
  });

  it('reaches every partition that has a leader and no other', () => {
    const { partitioner, choose } = setup('murmur2', [1, undefined, 1, 1, undefined]);
    const seen = new Set<number>();
    for (let batch = 0; batch < 200; batch++) {
      seen.add(choose());
      partitioner.onBatchClosed(choose());
    }
    assert.deepEqual([...seen].sort(), [0, 2, 3]);
  });

  it('stays on the only partition there is', () => {
    const { partitioner, choose } = setup('murmur2', [1]);
    assert.equal(choose(), 0);
    partitioner.onBatchClosed(0);
    assert.equal(choose(), 0);
  });
});

describe('the other partitioners', () => {
  it('round-robin takes available partitions in turn, whatever the key', () => {
    const { choose } = setup('round-robin', [1, undefined, 1, 1]);
    assert.deepEqual([choose('a'), choose('a'), choose(), choose('a'), choose('b')], [0, 2, 3, 0, 2]);
  });

  it('random takes available partitions', () => {
    const { choose } = setup('random', [1, undefined, 1]);
    const seen = new Set(Array.from({ length: 200 }, () => choose('a')));
    assert.deepEqual([...seen].sort(), [0, 2]);
  });

  it('a function sees the record and every partition', () => {
    const calls: unknown[] = [];
    const view = viewOf([1, undefined]);
    const partitioner = topicPartitioner((...args) => calls.push(args), Math.random);
    partitioner.choose(record('k'), view);
    const seen = { topic: 't', key: Buffer.from('k'), value: null, headers: new Headers() };
    assert.deepEqual(calls, [[seen, view.partitions]]);
  });

  it('every built-in one chooses a partition of the topic', () => {
    const choices = fc.constantFrom<PartitionerChoice>('murmur2', 'round-robin', 'random');
    const leaders = fc.array(fc.option(fc.nat(5), { nil: undefined }), { minLength: 1, maxLength: 9 });
    const keys = fc.array(fc.option(fc.string()), { maxLength: 30 });
    fc.assert(
      fc.property(choices, leaders, keys, (choice, led, given) => {
        const { partitioner, view } = setup(choice, led);
        for (const key of given) {
          const partition = partitioner.choose(record(key), view);
          assert.ok(view.partitions[partition] !== undefined);
          if (key === null) partitioner.onBatchClosed(partition);
        }
      }),
    );
  });
});
