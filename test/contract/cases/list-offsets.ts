import assert from 'node:assert/strict';
import kafkajs from 'kafkajs';
import { encodeRecordBatch, listOffsetsApi } from '@hearken/protocol';
import { uniqueName } from '../../support/kafka.js';
import { nameOf, type ContractBroker } from '../contract-broker.js';
import {
  aBatch,
  deleteRecords,
  aRecord,
  EARLIEST,
  fetch,
  batchesOf,
  GREATEST_TIMESTAMP,
  LATEST,
  listOffset,
  only,
  produce,
} from '../partition-requests.js';

export function listOffsetsCases(broker: ContractBroker): void {
  /** A topic with a batch per list, of one record for each timestamp. */
  async function topicAt(...batches: readonly (readonly number[])[]): Promise<string> {
    const topic = await broker.topic();
    for (const timestamps of batches) {
      const records = timestamps.map((timestamp) => aRecord('x', { timestamp }));
      assert.equal(nameOf(await produce(broker, topic, encodeRecordBatch(records, {}))), 'NONE');
    }
    return topic;
  }

  it('tells both ends, in every version', async () => {
    const topic = await topicAt([1, 2], [3]);
    for (const version of broker.versionsOf(listOffsetsApi)) {
      const leaderEpoch = version >= 4 ? 0 : -1;
      const common = { partitionIndex: 0, errorCode: 0, timestamp: -1, leaderEpoch };
      assert.deepEqual(await listOffset(broker, topic, EARLIEST, { version }), { ...common, offset: 0 });
      assert.deepEqual(await listOffset(broker, topic, LATEST, { version }), { ...common, offset: 3 });
    }
  });

  it('of an empty partition are both 0', async () => {
    const topic = await broker.topic();
    assert.equal((await listOffset(broker, topic, EARLIEST)).offset, 0);
    assert.equal((await listOffset(broker, topic, LATEST)).offset, 0);
  });

  it('by time are those of the first record at or after it', async () => {
    const topic = await topicAt([100, 200], [300, 400]);
    const at = async (time: number): Promise<readonly [number, number]> => {
      const { offset, timestamp } = await listOffset(broker, topic, time);
      return [offset, timestamp];
    };
    assert.deepEqual(await at(0), [0, 100]);
    assert.deepEqual(await at(100), [0, 100]);
    assert.deepEqual(await at(101), [1, 200]);
    assert.deepEqual(await at(201), [2, 300]);
    assert.deepEqual(await at(400), [3, 400]);
  });

  it('beyond the last time, or where there is nothing, are -1 and no error', async () => {
    for (const topic of [await topicAt([100]), await broker.topic()]) {
      const { offset, timestamp, errorCode } = await listOffset(broker, topic, 101);
      assert.deepEqual({ offset, timestamp, errorCode }, { offset: -1, timestamp: -1, errorCode: 0 });
    }
  });

  it('by time go by the log where times go back and forth', async () => {
    const topic = await topicAt([500], [100], [300], [600]);
    assert.equal((await listOffset(broker, topic, 200)).offset, 0);
    assert.equal((await listOffset(broker, topic, 550)).offset, 3);
  });

  it('by time look into compressed batches', async () => {
    const topic = await broker.topic();
    const producer = await broker.kafkajsProducer();
    const messages = [1_000, 2_000, 3_000].map((time) => ({ value: 'x', timestamp: `${time}` }));
    await producer.send({ topic, messages, compression: kafkajs.CompressionTypes.GZIP });
    const { offset, timestamp } = await listOffset(broker, topic, 1_500);
    assert.deepEqual({ offset, timestamp }, { offset: 1, timestamp: 2_000 });
  });

  it("by time go by the broker's time where the topic says so", async () => {
    const topic = await broker.topic(1, { 'message.timestamp.type': 'LogAppendTime' });
    const { logAppendTimeMs } = await produce(broker, topic, aBatch(['a']));
    assert.equal((await listOffset(broker, topic, logAppendTimeMs)).offset, 0);
    assert.equal((await listOffset(broker, topic, logAppendTimeMs + 1)).offset, -1);
    assert.equal(only(batchesOf(await fetch(broker, topic))).maxTimestamp, logAppendTimeMs);
  });

  it('of the greatest time are those of the record that has it', async () => {
    const topic = await topicAt([100], [900, 400], [300]);
    const { offset, timestamp } = await listOffset(broker, topic, GREATEST_TIMESTAMP);
    assert.deepEqual({ offset, timestamp }, { offset: 1, timestamp: 900 });
    assert.equal((await listOffset(broker, await broker.topic(), GREATEST_TIMESTAMP)).offset, -1);
  });

  it('begin where records were deleted up to', async () => {
    const topic = await topicAt([100], [200], [300]);
    await deleteRecords(broker, topic, 2);
    assert.equal((await listOffset(broker, topic, EARLIEST)).offset, 2);
    assert.equal((await listOffset(broker, topic, 0)).offset, 2);
  });

  it('refuse a partition that does not exist, and answer for the others', async () => {
    const [topic, none] = [await topicAt([1]), uniqueName('none')];
    const asked = [0, 5].map((partitionIndex) => ({ partitionIndex, currentLeaderEpoch: -1, timestamp: LATEST }));
    const topics = [topic, none].map((name) => ({ name, partitions: asked }));
    const answer = await broker.ask(listOffsetsApi, { replicaId: -1, isolationLevel: 0, topics });
    const errors = answer.topics.map(({ name, partitions }) => [
      name,
      [...partitions].sort((a, b) => a.partitionIndex - b.partitionIndex).map(nameOf),
    ]);
    assert.deepEqual(Object.fromEntries(errors), {
      [topic]: ['NONE', 'UNKNOWN_TOPIC_OR_PARTITION'],
      [none]: ['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_OR_PARTITION'],
    });
  });

  it('refuse an epoch that the leader has not reached', async () => {
    const topic = await topicAt([1]);
    const answer = await listOffset(broker, topic, LATEST, { currentLeaderEpoch: 3 });
    assert.equal(nameOf(answer), 'UNKNOWN_LEADER_EPOCH');
    assert.equal(answer.offset, -1);
  });
}
