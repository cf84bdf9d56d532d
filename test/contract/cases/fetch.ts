import assert from 'node:assert/strict';
import { fetchApi, metadataApi, ZERO_UUID, type FetchRequest } from '@hearken/protocol';
import { uniqueName } from '../../support/kafka.js';
import { nameOf, type ContractBroker } from '../contract-broker.js';
import {
  aBatch,
  deleteRecords,
  batchesOf,
  fetch,
  fetchRequest,
  MAX_BYTES,
  only,
  produce,
  valuesOf,
} from '../partition-requests.js';

/** Longer than a case may take: what is answered did not wait for it. */
const FOREVER_MS = 600_000;

// One case per promise of Fetch, so longer than most files.
export function fetchCases(broker: ContractBroker): void {
  /** A topic with batches of these values in partition 0. */
  async function topicWith(...batches: readonly (readonly string[])[]): Promise<string> {
    const topic = await broker.topic();
    for (const values of batches) await produce(broker, topic, aBatch(values));
    return topic;
  }

  /** A fetch of several partitions of a topic, from 0, each as {@link fetchRequest} has it. */
  function ofPartitions(
    topic: string,
    partitions: readonly number[],
    options: Partial<FetchRequest> = {},
  ): FetchRequest {
    const request = fetchRequest(topic);
    const asked = request.topics[0]!.partitions[0]!;
    return {
      ...request,
      ...options,
      topics: [{ topic, topicId: ZERO_UUID, partitions: partitions.map((partition) => ({ ...asked, partition })) }],
    };
  }

  it('reads from an offset on, and tells how far the log reaches', async () => {
    const topic = await topicWith(['a'], ['b'], ['c']);
    const { records, ...fetched } = await fetch(broker, topic, { offset: 1 });
    assert.deepEqual(fetched, {
      ...{ partitionIndex: 0, errorCode: 0, highWatermark: 3, lastStableOffset: 3, logStartOffset: 0 },
      ...{ abortedTransactions: null, preferredReadReplica: -1 },
    });
    assert.deepEqual(valuesOf({ records, ...fetched }), ['b', 'c']);
  });

  it('is served in every version', async () => {
    const topic = await topicWith(['a', 'b']);
    const { topics } = await broker.ask(metadataApi, {
      ...{ topics: [{ topicId: ZERO_UUID, name: topic }], allowAutoTopicCreation: false },
      ...{ includeClusterAuthorizedOperations: false, includeTopicAuthorizedOperations: false },
    });
    const { topicId } = only(topics);
    for (const version of broker.versionsOf(fetchApi)) {
      const request = fetchRequest(topic);
      const byId = { ...request, topics: request.topics.map((asked) => ({ ...asked, topicId })) };
      const { responses, ...answer } = await broker.ask(fetchApi, byId, version);
      assert.deepEqual(answer, { throttleTimeMs: 0, errorCode: 0, sessionId: 0 });
      const { partitions, ...fetched } = only(responses);
      assert.deepEqual(fetched, version >= 13 ? { topic: '', topicId } : { topic, topicId: ZERO_UUID });
      assert.deepEqual(valuesOf(only(partitions)), ['a', 'b'], `v${version}`);
    }
  });

  it('gives whole batches, also from the middle of one', async () => {
    const topic = await topicWith(['a', 'b', 'c'], ['d']);
    assert.deepEqual(valuesOf(await fetch(broker, topic, { offset: 2 })), ['a', 'b', 'c', 'd']);
  });

  it('marks batches with the epoch of their leader', async () => {
    const topic = await topicWith(['a']);
    assert.equal(only(batchesOf(await fetch(broker, topic))).partitionLeaderEpoch, 0);
  });

  it('at the end is empty, not null', async () => {
    const topic = await topicWith(['a']);
    const { errorCode, highWatermark, records } = await fetch(broker, topic, { offset: 1 });
    assert.deepEqual(
      { errorCode, highWatermark, records },
      { errorCode: 0, highWatermark: 1, records: Buffer.alloc(0) },
    );
  });

  for (const offset of [2, -1, 1_000_000]) {
    it(`of offset ${offset} where there is one record is out of range, at once`, async () => {
      const topic = await topicWith(['a']);
      const answer = await fetch(broker, topic, { offset, maxWaitMs: FOREVER_MS });
      assert.equal(nameOf(answer), 'OFFSET_OUT_OF_RANGE');
      assert.equal(answer.records?.length ?? 0, 0);
    });
  }

  it('below the beginning of the log is out of range', async () => {
    const topic = await topicWith(['a'], ['b'], ['c']);
    await deleteRecords(broker, topic, 2);
    assert.equal(nameOf(await fetch(broker, topic, { offset: 1 })), 'OFFSET_OUT_OF_RANGE');
    const fetched = await fetch(broker, topic, { offset: 2 });
    assert.equal(fetched.logStartOffset, 2);
    assert.deepEqual(valuesOf(fetched), ['c']);
  });

  it('waits for records, and is answered when they come', async () => {
    const topic = await broker.topic();
    const waiting = fetch(broker, topic, { maxWaitMs: FOREVER_MS, on: await broker.connect() });
    const order: string[] = [];
    await Promise.all([
      waiting.then(() => order.push('fetch')),
      fetch(broker, topic, { maxWaitMs: 50 }) // by then the other waits
        .then(() => order.push('produce'))
        .then(() => produce(broker, topic, aBatch(['late']))),
    ]);
    assert.deepEqual(order, ['produce', 'fetch']);
    assert.deepEqual(valuesOf(await waiting), ['late']);
  });

  it('waits no longer than it says', async () => {
    const topic = await topicWith(['a']);
    const fetched = await fetch(broker, topic, { maxWaitMs: 100, minBytes: 100_000 });
    assert.deepEqual(valuesOf(fetched), ['a']);
  });

  it('waits until there are as many bytes as it wants', async () => {
    const topic = await broker.topic();
    const batch = aBatch(['x'.repeat(100)]);
    const minBytes = 3 * batch.length;
    const waiting = fetch(broker, topic, { maxWaitMs: FOREVER_MS, minBytes, on: await broker.connect() });
    for (let i = 0; i < 3; i++) await produce(broker, topic, batch);
    assert.equal(batchesOf(await waiting).length, 3);
  });

  it('counts bytes over all its partitions', async () => {
    const topic = await broker.topic(2);
    const batch = aBatch(['x'.repeat(100)]);
    const request = ofPartitions(topic, [0, 1], { maxWaitMs: FOREVER_MS, minBytes: 2 * batch.length });
    const waiting = (await broker.connect()).ask(fetchApi, 11, request);
    for (const partition of [0, 1]) await produce(broker, topic, batch, { partition });
    const { partitions } = only((await waiting).responses);
    assert.deepEqual(
      partitions.map(({ records }) => records?.length),
      [batch.length, batch.length],
    );
  });

  it('is answered at once where one of its partitions cannot be read', async () => {
    const topic = await broker.topic(2);
    const { topics, ...request } = ofPartitions(topic, [0, 1], { maxWaitMs: FOREVER_MS });
    const [first, second] = only(topics).partitions;
    const partitions = [first!, { ...second!, fetchOffset: 7 }];
    const answer = await broker.ask(fetchApi, { ...request, topics: [{ ...topics[0]!, partitions }] }, 11);
    assert.deepEqual(only(answer.responses).partitions.map(nameOf), ['NONE', 'OFFSET_OUT_OF_RANGE']);
  });

  it('waits for the partitions that it can read though another does not exist', async () => {
    const topic = await broker.topic();
    const request = ofPartitions(topic, [0, 9], { maxWaitMs: FOREVER_MS });
    const waiting = (await broker.connect()).ask(fetchApi, 11, request);
    await fetch(broker, topic, { maxWaitMs: 50 }); // by then the other waits
    await produce(broker, topic, aBatch(['late']));
    const { partitions } = only((await waiting).responses);
    const answers = Object.fromEntries(partitions.map((each) => [each.partitionIndex, each]));
    assert.deepEqual(valuesOf(answers[0]!), ['late']);
    assert.equal(nameOf(answers[9]!), 'UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('of a topic that does not exist is refused', async () => {
    const answer = await fetch(broker, uniqueName('none'), { maxWaitMs: FOREVER_MS });
    assert.equal(nameOf(answer), 'UNKNOWN_TOPIC_OR_PARTITION');
    assert.equal(answer.highWatermark, -1);
  });

  it('of an id that no topic has is refused', async () => {
    const request = fetchRequest('');
    const topics = request.topics.map((asked) => ({ ...asked, topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' }));
    const { responses } = await broker.ask(fetchApi, { ...request, topics, maxWaitMs: FOREVER_MS }, 13);
    assert.equal(nameOf(only(only(responses).partitions)), 'UNKNOWN_TOPIC_ID');
  });

  it('of nothing is answered with nothing', async () => {
    const { responses } = await broker.ask(fetchApi, { ...fetchRequest(''), topics: [] }, 11);
    assert.deepEqual(responses, []);
  });

  it('gives the first batch though it is larger than any limit', async () => {
    const topic = await topicWith(['x'.repeat(5_000)], ['y']);
    const limits = [{ partitionMaxBytes: 10 }, { maxBytes: 10 }, { partitionMaxBytes: 0 }];
    for (const limit of limits) assert.equal(batchesOf(await fetch(broker, topic, limit)).length, 1);
  });

  it('gives no more of a partition than its limit', async () => {
    const topic = await topicWith(['a'], ['b'], ['c']);
    const size = aBatch(['a']).length;
    const of = async (partitionMaxBytes: number): Promise<number> =>
      batchesOf(await fetch(broker, topic, { partitionMaxBytes })).length;
    assert.deepEqual([await of(2 * size), await of(3 * size - 1), await of(3 * size)], [2, 2, 3]);
  });

  it('gives no more of all partitions than its limit, and the large first batch to one of them only', async () => {
    const topic = await broker.topic(3);
    const batch = aBatch(['x'.repeat(1_000)]);
    for (const partition of [0, 1, 2]) await produce(broker, topic, batch, { partition });
    const counts = async (maxBytes: number): Promise<(number | undefined)[]> => {
      const { responses } = await broker.ask(fetchApi, ofPartitions(topic, [0, 1, 2], { maxBytes }), 11);
      return only(responses).partitions.map((partition) => batchesOf(partition).length);
    };
    assert.deepEqual(await counts(10), [1, 0, 0]);
    assert.deepEqual(await counts(2 * batch.length), [1, 1, 0]);
    assert.deepEqual(await counts(MAX_BYTES), [1, 1, 1]);
  });

  it('refuses an epoch that the leader has not reached', async () => {
    const topic = await topicWith(['a']);
    const answer = await fetch(broker, topic, { currentLeaderEpoch: 1, maxWaitMs: FOREVER_MS });
    assert.equal(nameOf(answer), 'UNKNOWN_LEADER_EPOCH');
    assert.equal(nameOf(await fetch(broker, topic, { currentLeaderEpoch: 0 })), 'NONE');
  });

  it('tells where the log differs from what was read before', async () => {
    const topic = await topicWith(['a'], ['b']);
    const same = await fetch(broker, topic, { offset: 2, lastFetchedEpoch: 0, version: 12 });
    assert.deepEqual([nameOf(same), same.divergingEpoch?.endOffset ?? -1], ['NONE', -1]);
    const longer = await fetch(broker, topic, { offset: 5, lastFetchedEpoch: 0, version: 12, maxWaitMs: FOREVER_MS });
    assert.deepEqual([nameOf(longer), longer.divergingEpoch], ['NONE', { epoch: 0, endOffset: 2 }]);
  });

  it('may ask for a session, and has every partition in the first answer', async () => {
    const topic = await topicWith(['a']);
    const request = { ...fetchRequest(topic), sessionId: 0, sessionEpoch: 0 };
    const answer = await broker.ask(fetchApi, request, 11);
    assert.equal(nameOf(answer), 'NONE');
    assert.deepEqual(valuesOf(only(only(answer.responses).partitions)), ['a']);
  });

  it('refuses a session that there is none of', async () => {
    const request = { ...fetchRequest(await topicWith(['a'])), sessionId: 123_456, sessionEpoch: 1 };
    const answer = await broker.ask(fetchApi, request, 11);
    assert.equal(nameOf(answer), 'FETCH_SESSION_ID_NOT_FOUND');
    assert.deepEqual(answer.responses, []);
  });
}
