import assert from 'node:assert/strict';
import kafkajs from 'kafkajs';
import { crc32c, encodeRecordBatch, produceApi } from '@hearken/protocol';
import { uniqueName } from '../../support/kafka.js';
import { readTopic } from '../../support/read-topic.js';
import { nameOf, type ContractBroker } from '../contract-broker.js';
import {
  aBatch,
  deleteRecords,
  aRecord,
  batchesOf,
  EARLIEST,
  fetch,
  LATEST,
  listOffset,
  only,
  produce,
  valuesOf,
} from '../partition-requests.js';

// Where a batch's header has what the cases lie about.
const AT_BASE_OFFSET = 0;
const AT_MAGIC = 16;
const AT_CRC = 17;
const AT_ATTRIBUTES = 21;
const AT_LAST_OFFSET_DELTA = 23;
const AT_PRODUCER_ID = 43;
const AT_RECORD_COUNT = 57;

// One case per promise of Produce, so longer than most files.
export function produceCases(broker: ContractBroker): void {
  it('offsets count up from 0, batch after batch', async () => {
    const topic = await broker.topic();
    assert.equal((await produce(broker, topic, aBatch(['a', 'b', 'c']))).baseOffset, 0);
    assert.deepEqual(await produce(broker, topic, aBatch(['d'])), {
      ...{ index: 0, errorCode: 0, baseOffset: 3, logAppendTimeMs: -1, logStartOffset: 0 },
      ...{ recordErrors: [], errorMessage: null },
    });
    assert.deepEqual(valuesOf(await fetch(broker, topic)), ['a', 'b', 'c', 'd']);
  });

  it('a batch is kept as it came, but for its base offset and leader epoch', async () => {
    const topic = await broker.topic();
    const sent = aBatch(['a', 'b']);
    await produce(broker, topic, sent);
    await produce(broker, topic, sent);
    const { records } = await fetch(broker, topic);
    assert.ok(records);
    const kept = records.subarray(sent.length);
    assert.equal(kept.readBigInt64BE(0), 2n);
    assert.equal(kept.readInt32BE(12), 0);
    assert.deepEqual(kept.subarray(8, 12), sent.subarray(8, 12));
    assert.deepEqual(kept.subarray(16), sent.subarray(16));
  });

  it('is served in every version', async () => {
    const topic = await broker.topic();
    const versions = broker.versionsOf(produceApi);
    assert.ok(versions.length >= 6, `only ${versions.join()}`);
    for (const [i, version] of versions.entries()) {
      const { baseOffset } = await produce(broker, topic, aBatch([`v${version}`]), { version });
      assert.equal(baseOffset, i);
    }
    assert.deepEqual(
      valuesOf(await fetch(broker, topic)),
      versions.map((version) => `v${version}`),
    );
  });

  for (const acks of [1, -1]) {
    it(`is answered with acks ${acks}`, async () => {
      const topic = await broker.topic();
      assert.equal((await produce(broker, topic, aBatch(['a']), { acks })).baseOffset, 0);
    });
  }

  it('is not answered with acks 0, and what follows on the connection is', async () => {
    const topic = await broker.topic();
    const connection = await broker.connect();
    const topicData = [{ name: topic, partitionData: [{ index: 0, records: aBatch(['unanswered']) }] }];
    connection.tell(produceApi, 7, { transactionalId: null, acks: 0, timeoutMs: 1_000, topicData });
    const fetched = await fetch(broker, topic, { on: connection, maxWaitMs: 10_000 });
    assert.deepEqual(valuesOf(fetched), ['unanswered']);
  });

  it('closes the connection that sent what it refuses with acks 0', async () => {
    const connection = await broker.connect();
    const topicData = [{ name: uniqueName('none'), partitionData: [{ index: 0, records: aBatch(['x']) }] }];
    connection.tell(produceApi, 7, { transactionalId: null, acks: 0, timeoutMs: 1_000, topicData });
    await connection.closed;
  });

  it('refuses other acks', async () => {
    const topic = await broker.topic();
    const answer = await produce(broker, topic, aBatch(['a']), { acks: 2 });
    assert.equal(nameOf(answer), 'INVALID_REQUIRED_ACKS');
    assert.equal(answer.baseOffset, -1);
    assert.equal((await listOffset(broker, topic, LATEST)).offset, 0);
  });

  it('refuses a topic that does not exist', async () => {
    const answer = await produce(broker, uniqueName('none'), aBatch(['a']));
    assert.equal(nameOf(answer), 'UNKNOWN_TOPIC_OR_PARTITION');
    assert.equal(answer.baseOffset, -1);
  });

  for (const partition of [1, -1]) {
    it(`refuses partition ${partition} of a topic with one`, async () => {
      const answer = await produce(broker, await broker.topic(), aBatch(['a']), { partition });
      assert.equal(nameOf(answer), 'UNKNOWN_TOPIC_OR_PARTITION');
    });
  }

  it('answers for each partition alone', async () => {
    const topic = await broker.topic(2);
    await produce(broker, topic, aBatch(['before']), { partition: 1 });
    const partitionData = [0, 7, 1].map((index) => ({ index, records: aBatch([`to ${index}`]) }));
    const request = { transactionalId: null, acks: -1, timeoutMs: 1_000, topicData: [{ name: topic, partitionData }] };
    const { partitionResponses } = only((await broker.ask(produceApi, request)).responses);
    const byIndex = [...partitionResponses].sort((a, b) => a.index - b.index);
    assert.deepEqual(
      byIndex.map((answer) => [answer.index, nameOf(answer), answer.baseOffset]),
      [
        [0, 'NONE', 0],
        [1, 'NONE', 1],
        [7, 'UNKNOWN_TOPIC_OR_PARTITION', -1],
      ],
    );
  });

  it('of nothing is answered with nothing', async () => {
    const request = { transactionalId: null, acks: -1, timeoutMs: 1_000, topicData: [] };
    assert.deepEqual((await broker.ask(produceApi, request)).responses, []);
  });

  it('refuses a batch whose checksum is wrong', async () => {
    const topic = await broker.topic();
    const batch = aBatch(['broken']);
    batch[batch.length - 2]! ^= 1;
    assert.equal(nameOf(await produce(broker, topic, batch)), 'CORRUPT_MESSAGE');
    assert.equal((await listOffset(broker, topic, LATEST)).offset, 0);
  });

  it('refuses a batch that is cut off', async () => {
    const [topic, batch] = [await broker.topic(), aBatch(['whole'])];
    for (const length of [batch.length - 1, 61, 30, 12, 0]) {
      assert.equal(nameOf(await produce(broker, topic, batch.subarray(0, length))), 'INVALID_RECORD', `${length}`);
    }
    assert.equal((await listOffset(broker, topic, LATEST)).offset, 0);
  });

  it('refuses a batch of an older format', async () => {
    const batch = aBatch(['old']);
    batch.writeInt8(1, AT_MAGIC);
    assert.equal(nameOf(await produce(broker, await broker.topic(), batch)), 'INVALID_RECORD');
  });

  it('refuses two batches for one partition', async () => {
    const topic = await broker.topic();
    const answer = await produce(broker, topic, Buffer.concat([aBatch(['a']), aBatch(['b'])]));
    assert.equal(nameOf(answer), 'INVALID_RECORD');
    assert.equal((await listOffset(broker, topic, LATEST)).offset, 0);
  });

  it('refuses a control batch, which only brokers write', async () => {
    const topic = await broker.topic();
    const batch = encodeRecordBatch([aRecord(Buffer.alloc(6), { key: Buffer.from([0, 0, 0, 1]) })], { control: true });
    assert.equal(nameOf(await produce(broker, topic, batch)), 'INVALID_RECORD');
  });

  it('refuses a batch whose header contradicts itself', async () => {
    const topic = await broker.topic();
    const lies: readonly ((batch: Buffer) => unknown)[] = [
      (batch) => batch.writeInt32BE(5, AT_LAST_OFFSET_DELTA),
      (batch) => batch.writeInt32BE(1, AT_RECORD_COUNT),
      (batch) => batch.writeBigInt64BE(77n, AT_BASE_OFFSET),
      (batch) => batch.writeBigInt64BE(5n, AT_PRODUCER_ID), // without a sequence
    ];
    for (const lie of lies) {
      const batch = aBatch(['a', 'b']);
      lie(batch);
      batch.writeUInt32BE(crc32c(batch, AT_ATTRIBUTES), AT_CRC);
      assert.equal(nameOf(await produce(broker, topic, batch)), 'INVALID_RECORD', String(lie));
    }
    assert.equal((await listOffset(broker, topic, LATEST)).offset, 0);
  });

  it('refuses a batch beyond max.message.bytes, which counts the whole batch', async () => {
    const batch = aBatch(['x'.repeat(200)]);
    const topic = await broker.topic(1, { 'max.message.bytes': batch.length });
    const larger = await produce(broker, topic, aBatch(['x'.repeat(201)]));
    assert.equal(nameOf(larger), 'MESSAGE_TOO_LARGE');
    assert.equal(nameOf(await produce(broker, topic, batch)), 'NONE');
  });

  it('refuses a record without key in a compacted topic, and says which', async () => {
    const topic = await broker.topic(1, { 'cleanup.policy': 'compact' });
    const records = [aRecord('a', { key: Buffer.from('k') }), aRecord('b'), aRecord('c')];
    const answer = await produce(broker, topic, encodeRecordBatch(records, {}));
    assert.equal(nameOf(answer), 'INVALID_RECORD');
    assert.deepEqual(
      answer.recordErrors.map(({ batchIndex }) => batchIndex),
      [1, 2],
    );
    assert.ok(answer.errorMessage);
    assert.equal((await listOffset(broker, topic, LATEST)).offset, 0);
  });

  it('refuses a record of the far future, where the topic says how far', async () => {
    const topic = await broker.topic(1, { 'message.timestamp.after.max.ms': 3_600_000 });
    const inHours = (hours: number): Buffer =>
      encodeRecordBatch([aRecord('when', { timestamp: Date.now() + hours * 3_600_000 })], {});
    const answer = await produce(broker, topic, inHours(2));
    assert.equal(nameOf(answer), 'INVALID_TIMESTAMP');
    assert.deepEqual(
      answer.recordErrors.map(({ batchIndex }) => batchIndex),
      [0],
    );
    assert.equal(nameOf(await produce(broker, topic, inHours(0.5))), 'NONE');
  });

  it('sets the time of append where the topic says so', async () => {
    const topic = await broker.topic(1, { 'message.timestamp.type': 'LogAppendTime' });
    const before = Date.now();
    const { logAppendTimeMs } = await produce(broker, topic, aBatch(['a', 'b']));
    assert.ok(logAppendTimeMs >= before && logAppendTimeMs <= Date.now(), `${logAppendTimeMs}`);
    const batch = only(batchesOf(await fetch(broker, topic)));
    assert.equal(batch.timestampType, 'log-append-time');
    assert.equal(batch.maxTimestamp, logAppendTimeMs);
  });

  it('tells where the log begins', async () => {
    const topic = await broker.topic();
    await produce(broker, topic, aBatch(['a', 'b', 'c']));
    await deleteRecords(broker, topic, 2);
    const { baseOffset, logStartOffset } = await produce(broker, topic, aBatch(['d']));
    assert.deepEqual({ baseOffset, logStartOffset }, { baseOffset: 3, logStartOffset: 2 });
    assert.equal((await listOffset(broker, topic, EARLIEST)).offset, 2);
  });

  it('keeps what a record consists of: key, value, headers, time; null is not empty', async () => {
    const topic = await broker.topic();
    const producer = await broker.kafkajsProducer();
    const headers = { one: 'a', list: ['b', 'c'] };
    await producer.send({
      topic,
      messages: [
        { key: 'k', value: Buffer.from([0, 255]), headers, timestamp: '1700000000123' },
        { key: null, value: null, timestamp: '1' },
        { key: '', value: '', timestamp: '2' },
      ],
    });
    const [first, second, third] = await readTopic(broker.brokers, topic, 3);
    assert.deepEqual([first?.key, first?.value], [Buffer.from('k'), Buffer.from([0, 255])]);
    assert.equal(first?.timestamp, 1_700_000_000_123);
    assert.deepEqual(first.headers, { one: Buffer.from('a'), list: [Buffer.from('b'), Buffer.from('c')] });
    assert.deepEqual([second?.key, second?.value], [null, null]);
    assert.deepEqual([third?.key, third?.value], [Buffer.alloc(0), Buffer.alloc(0)]);
  });

  it('takes compressed batches as they are', async () => {
    const topic = await broker.topic();
    const producer = await broker.kafkajsProducer();
    const messages = Array.from({ length: 50 }, (_, i) => ({ value: `value ${i}` }));
    const [sent] = await producer.send({ topic, messages, compression: kafkajs.CompressionTypes.GZIP });
    assert.equal(sent?.baseOffset, '0');
    const batch = only(batchesOf(await fetch(broker, topic)));
    assert.deepEqual([batch.compression, batch.recordCount], ['gzip', 50]);
    assert.equal((await readTopic(broker.brokers, topic, 50)).at(-1)?.value?.toString(), 'value 49');
  });

  it('keeps the order of a connection that does not wait', async () => {
    const topic = await broker.topic();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => produce(broker, topic, aBatch([`${i}`]))));
    assert.deepEqual(
      answers.map(({ baseOffset }) => baseOffset),
      Array.from({ length: 20 }, (_, i) => i),
    );
    const values = valuesOf(await fetch(broker, topic));
    assert.deepEqual(
      values,
      Array.from({ length: 20 }, (_, i) => `${i}`),
    );
  });
}
