import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
  silentLogger,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';

const PARTITIONS = 2;
const RECORDS = 40;
const SIZE = 200_000;
/** What a poll brings at most: what the consumer keeps, and a batch that did not fit, which is a record here. */
const FETCH_MAX_BYTES = 400_000;
const ONE_FETCH = FETCH_MAX_BYTES + SIZE;

describeWithKafka('a buffer in bytes', function () {
  this.timeout(300_000);
  const kafka = () => ({ brokers: bootstrapServers(), clientId: 'buffer-bytes' });
  let admin: KafkaAdmin;
  let topic: string;

  before(async () => {
    admin = new KafkaAdmin(kafka());
    topic = uniqueName('large');
    await admin.createTopics([{ topic, partitions: PARTITIONS }]);
    const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka()));
    const send = (_: unknown, i: number) => template.send(topic, Buffer.alloc(SIZE), { partition: i % PARTITIONS });
    await Promise.all(Array.from({ length: RECORDS }, send));
    await template.close();
  });
  after(() => admin.close());

  for (const bufferBytes of [1, 400_000]) {
    it(`of ${bufferBytes} never holds more than that and one fetch, and all arrives`, async () => {
      const groupId = uniqueName('group');
      const queued: number[] = [];
      const all = deferred();
      const container = new MessageListenerContainer(
        new DefaultKafkaConsumerFactory(kafka(), {
          groupId,
          autoOffsetReset: 'earliest',
          fetchMaxBytes: FETCH_MAX_BYTES,
          maxPartitionFetchBytes: FETCH_MAX_BYTES / PARTITIONS,
        }),
        {
          topics: [topic],
          bufferBytes,
          listener: async () => {
            queued.push(container.metrics().queuedBytes);
            await admin.committedOffsets(groupId); // slower than records come from the same broker
            if (queued.length === RECORDS) all.resolve();
          },
        },
        { logger: silentLogger },
      );
      await container.start();
      await all.promise;
      await container.stop();
      const most = Math.max(...queued);
      assert.ok(most <= bufferBytes + ONE_FETCH, `${most} bytes waited`);
      assert.equal(container.metrics().queuedBytes, 0);
      assert.equal(container.metrics().processed, RECORDS);
    });
  }
});
