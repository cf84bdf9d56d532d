import assert from 'node:assert/strict';
import { ConsumerRecords, Headers, type ConsumerRecord, type PartitionRecords } from '@hearken/core';
import { describePartition, describePartitions, topicPartitionKey } from '@hearken/core/internal';

const record = (partition: number, offset: number): ConsumerRecord => ({
  topic: 'orders',
  partition,
  offset,
  timestamp: 0,
  timestampType: 'create-time',
  key: null,
  value: null,
  headers: new Headers(),
});

describe('ConsumerRecords', () => {
  const entries: readonly PartitionRecords[] = [
    { topic: 'orders', partition: 0, records: [record(0, 5), record(0, 6)], nextOffset: 8, leaderEpoch: 3 },
    { topic: 'orders', partition: 1, records: [], nextOffset: 4 },
    { topic: 'orders', partition: 2, records: [record(2, 0)], nextOffset: 1 },
  ];

  it('counts and iterates the records of all partitions, in order', () => {
    const records = new ConsumerRecords(entries);
    assert.equal(records.count, 3);
    assert.equal(records.isEmpty, false);
    assert.deepEqual([...records].map(({ partition, offset }) => [partition, offset]), [[0, 5], [0, 6], [2, 0]]); // prettier-ignore
  });

  it('tells positions, also of partitions that moved without a record', () => {
    assert.deepEqual(new ConsumerRecords(entries).nextOffsets, [
      { topic: 'orders', partition: 0, offset: 8, leaderEpoch: 3 },
      { topic: 'orders', partition: 1, offset: 4 },
      { topic: 'orders', partition: 2, offset: 1 },
    ]);
  });

  it('is empty without records, even if a position moved', () => {
    assert.ok(ConsumerRecords.EMPTY.isEmpty);
    assert.deepEqual([...ConsumerRecords.EMPTY], []);
    const moved = new ConsumerRecords([{ topic: 'orders', partition: 1, records: [], nextOffset: 4 }]);
    assert.ok(moved.isEmpty);
    assert.equal(moved.nextOffsets.length, 1);
  });
});

describe('partitions', () => {
  it('have a key that no two share, and a name for messages', () => {
    const [a, b] = [{ topic: 'a-1', partition: 2 }, { topic: 'a', partition: 12 }]; // prettier-ignore
    assert.notEqual(topicPartitionKey(a), topicPartitionKey(b));
    assert.equal(topicPartitionKey(a), topicPartitionKey({ ...a }));
    assert.equal(describePartition(a), 'a-1-2');
    assert.equal(describePartitions([a, b]), 'a-1-2, a-12');
    assert.equal(describePartitions([]), 'none');
  });
});
