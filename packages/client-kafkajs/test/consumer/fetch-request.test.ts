import assert from 'node:assert/strict';
import type { FetchRequest } from '@hearken/protocol';
import type { Fetch, FetchEntry } from '../../dist/consumer/fetch-plan.js';
import { fetchRequest, MAX_FETCH_BYTES, type FetchRequestOptions } from '../../dist/consumer/fetch-request.js';
import { SubscriptionState } from '../../dist/consumer/subscription-state.js';
import { FrameReader } from '../../dist/net/frame-reader.js';

const OLD = 'A'.repeat(21) + 'Q';
const NEW = 'A'.repeat(21) + 'g';

function entry(topic: string, partition: number, topicId?: string): FetchEntry {
  const [assigned] = new SubscriptionState(() => undefined).assign([{ topic, partition }]);
  assigned!.startAt(10);
  const { buffer } = assigned!;
  const position = { fetchOffset: 10, leaderEpoch: 2, lastFetchedEpoch: 1 };
  return { topic, topicId, partition, ...position, assigned: assigned!, buffer: buffer! };
}

const written = (fetch: Partial<Fetch>, more: Partial<FetchRequestOptions> = {}): FetchRequest =>
  fetchRequest(
    {
      role: 'fetch',
      maxWaitMs: 500,
      sessionId: 7,
      sessionEpoch: 3,
      usesTopicIds: true,
      entries: [],
      forgotten: [],
      replaced: [],
      asked: () => undefined,
      all: () => [],
      ...fetch,
    },
    {
      fetchMinBytes: 1,
      isolationLevel: 'read_committed',
      maxPartitionFetchBytes: 1_000,
      maxBytes: 9_000,
      turn: 0,
      version: 13,
      ...more,
    },
  );

const named = (topics: FetchRequest['topics']): unknown[] =>
  topics.map(({ topic, topicId, partitions }) => [topic, topicId, partitions.map(({ partition }) => partition)]);

describe('fetchRequest', () => {
  it('groups partitions by topic and id', () => {
    const entries = [entry('a', 0, OLD), entry('b', 0), entry('a', 4, OLD), entry('a', 5, NEW)];
    const { topics, sessionId, sessionEpoch, maxBytes } = written({ entries });
    assert.deepEqual(named(topics), [
      ['a', OLD, [0, 4]],
      ['b', 'A'.repeat(22), [0]],
      ['a', NEW, [5]],
    ]);
    assert.deepEqual([sessionId, sessionEpoch, maxBytes], [7, 3, 9_000]);
    assert.deepEqual(topics[0]?.partitions[0], {
      partition: 0,
      currentLeaderEpoch: 2,
      fetchOffset: 10,
      lastFetchedEpoch: 1,
      logStartOffset: -1,
      partitionMaxBytes: 1_000,
    });
  });

  it('asks for no more than an answer may bring, whatever may be kept', () => {
    const size = Buffer.alloc(4);
    const announce = (bytes: number): void => {
      size.writeInt32BE(bytes);
      new FrameReader(() => undefined).push(size);
    };
    const most = 2 ** 31 - 1;
    const { maxBytes, topics } = written(
      { entries: [entry('a', 0)] },
      { maxBytes: most, maxPartitionFetchBytes: most },
    );
    assert.deepEqual([maxBytes, topics[0]?.partitions[0]?.partitionMaxBytes], [MAX_FETCH_BYTES, MAX_FETCH_BYTES]);
    assert.throws(() => announce(most));
    announce(maxBytes + 2 ** 20); // and what stands around the records
  });

  it('begins with each partition in turn', () => {
    const entries = [entry('a', 0), entry('a', 1), entry('a', 2)];
    const first = (turn: number): number | undefined =>
      written({ entries }, { turn }).topics[0]?.partitions[0]?.partition;
    assert.deepEqual([0, 1, 2, 3].map(first), [0, 1, 2, 0]);
  });

  it('forgets the old id of a topic made anew, but not its name: the broker reads what to forget last', () => {
    const fetch = { entries: [entry('a', 0, NEW)], replaced: [entry('a', 0, OLD)], forgotten: [entry('b', 1, OLD)] };
    const forgotten = (version: number): unknown[] =>
      written(fetch, { version }).forgottenTopicsData.map(({ topic, partitions }) => [topic, ...partitions]);
    assert.deepEqual(forgotten(13), [['b', 1], ['a', 0]]); // prettier-ignore
    assert.deepEqual(forgotten(12), [['b', 1]]);
  });
});
