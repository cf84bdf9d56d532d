import assert from 'node:assert/strict';
import { apiVersionsApi, crc32c, encodeRecordBatch, errorCodes, produceApi } from '@hearken/protocol';
import { aBatch, produce, setup, stopAll } from './setup.js';

describe('Produce', () => {
  afterEach(stopAll);

  for (let version = produceApi.minVersion; version <= 11; version++) {
    it(`is answered in version ${version}`, async () => {
      const { client, kafka } = await setup({ topics: ['orders'] });
      await produce(client, aBatch('a', 'b'), { version });
      const answer = await produce(client, aBatch('c'), { version, acks: 1 });
      assert.deepEqual(answer, {
        index: 0,
        errorCode: 0,
        baseOffset: 2,
        logAppendTimeMs: -1,
        logStartOffset: version >= 5 ? 0 : -1,
        recordErrors: [],
        errorMessage: null,
      });
      const records = await kafka.records('orders');
      assert.deepEqual(
        records.map(({ offset, value }) => `${offset} ${String(value)}`),
        ['0 a', '1 b', '2 c'],
      );
    });
  }

  it('refuses each partition for its own reason and takes the others', async () => {
    const { client, kafka } = await setup({ topics: ['orders:2'] });
    const corrupt = aBatch('x');
    corrupt.writeUInt32BE(0, 17);
    const response = await client.send(produceApi, 9, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1_000,
      topicData: [
        {
          name: 'orders',
          partitionData: [
            { index: 0, records: corrupt },
            { index: 1, records: aBatch('good') },
            { index: 2, records: aBatch('nowhere') },
          ],
        },
        { name: 'none', partitionData: [{ index: 0, records: aBatch('nowhere') }] },
      ],
    });
    assert.deepEqual(
      response.responses.map(({ name, partitionResponses }) => [
        name,
        ...partitionResponses.map(({ errorCode, baseOffset }) => [errorCode, baseOffset]),
      ]),
      [
        ['orders', [errorCodes.CORRUPT_MESSAGE, -1], [0, 0], [errorCodes.UNKNOWN_TOPIC_OR_PARTITION, -1]],
        ['none', [errorCodes.UNKNOWN_TOPIC_OR_PARTITION, -1]],
      ],
    );
    assert.equal(kafka.requests.at(-1)?.api, 'Produce');
    assert.deepEqual(
      (await kafka.records('orders')).map(({ value }) => String(value)),
      ['good'],
    );
  });

  it('is refused by a broker that does not lead', async () => {
    const { clients } = await setup({ brokers: 2, topics: ['orders:2'] });
    const [one, two] = clients as [(typeof clients)[0], (typeof clients)[0]];
    assert.equal((await produce(one, aBatch('a'), { partition: 1 })).errorCode, errorCodes.NOT_LEADER_OR_FOLLOWER);
    assert.equal((await produce(two, aBatch('a'), { partition: 1 })).errorCode, 0);
  });

  for (const acks of [2, -2, 127]) {
    it(`is refused with acks ${acks}`, async () => {
      const { client, kafka } = await setup({ topics: ['orders'] });
      assert.equal((await produce(client, aBatch('a'), { acks })).errorCode, errorCodes.INVALID_REQUIRED_ACKS);
      assert.deepEqual(await kafka.records('orders'), []);
    });
  }

  it('is not answered with acks 0, and the next request is', async () => {
    const { client, kafka } = await setup({ topics: ['orders'] });
    void produce(client, aBatch('a'), { acks: 0 });
    await client.send(apiVersionsApi, 0, { clientSoftwareName: '', clientSoftwareVersion: '' });
    assert.equal((await kafka.records('orders')).length, 1);
  });

  it('closes the connection when it fails with acks 0, as nothing else can tell', async () => {
    const { client, logger } = await setup({ topics: ['orders'] });
    void produce(client, aBatch('a'), { acks: 0, topic: 'none' });
    await client.closed;
    assert.deepEqual(logger.at('error'), []);
  });

  it('with acks all needs as many live replicas as the topic says', async () => {
    const topic = { topic: 'orders', configs: { 'min.insync.replicas': '2' } };
    const { client, kafka } = await setup({ brokers: 2, topics: [topic] });
    assert.equal((await produce(client, aBatch('a'))).errorCode, 0);
    await kafka.faults.broker(2).down();
    assert.equal((await produce(client, aBatch('b'))).errorCode, errorCodes.NOT_ENOUGH_REPLICAS);
    assert.equal((await produce(client, aBatch('c'), { acks: 1 })).errorCode, 0);
  });

  it('with acks all needs no more replicas than the topic has', async () => {
    const topic = { topic: 'orders', configs: { 'min.insync.replicas': '2' } };
    const { client } = await setup({ topics: [topic] });
    assert.equal((await produce(client, aBatch('a'))).errorCode, 0);
  });

  it('names the records at fault', async () => {
    const { client } = await setup({ topics: [{ topic: 'orders', configs: { 'cleanup.policy': 'compact' } }] });
    const { errorCode, recordErrors, errorMessage } = await produce(client, aBatch('without a key'));
    assert.equal(errorCode, errorCodes.INVALID_RECORD);
    assert.deepEqual(
      recordErrors.map(({ batchIndex }) => batchIndex),
      [0],
    );
    assert.ok(errorMessage);
  });

  it('without the id of its transaction is refused as a whole, whatever else is wrong', async () => {
    const { client, kafka } = await setup({ topics: ['orders:2'] });
    const records = [{ key: null, value: Buffer.from('a'), timestamp: 0 }];
    const options = { producerId: 1, producerEpoch: 0, baseSequence: 0, compression: 'none' } as const;
    const response = await client.send(produceApi, 9, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1_000,
      topicData: [
        {
          name: 'orders',
          partitionData: [
            { index: 0, records: aBatch('plain') },
            { index: 1, records: encodeRecordBatch(records, { ...options, transactional: true }) },
          ],
        },
      ],
    });
    assert.deepEqual(
      response.responses[0]!.partitionResponses.map(({ errorCode }) => errorCode),
      [errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED],
    );
    assert.deepEqual(await kafka.records('orders'), []);
  });

  it('without records closes the connection, as Kafka does', async () => {
    const { client, logger } = await setup({ topics: ['orders'] });
    void produce(client, null);
    await client.closed;
    assert.deepEqual(logger.at('error'), []);
  });

  it('is refused if compressed by zstd in a version that does not know it', async () => {
    const { client } = await setup({ topics: ['orders'] });
    const zstd = aBatch('not really');
    zstd.writeInt16BE(4, 21); // attributes; nobody looks into the records
    zstd.writeUInt32BE(crc32c(zstd, 21), 17);
    assert.equal((await produce(client, zstd, { version: 6 })).errorCode, errorCodes.UNSUPPORTED_COMPRESSION_TYPE);
    assert.equal((await produce(client, zstd, { version: 7 })).errorCode, 0);
  });
});
