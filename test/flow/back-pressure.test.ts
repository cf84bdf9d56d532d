import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import { awaitCommitted, Signal } from '@hearken/testing';
import {
  AsyncTaskExecutor,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
  RateLimitedTaskExecutor,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { readTopic } from '../support/read-topic.js';

const PARTITIONS = 4;
const PER_PARTITION = 750;
const VALUE_BYTES = 2_048;
/** A hundredth of what is sent. */
const BUFFER_BYTES = 64 * 1_024;

describeWithKafka('back-pressure', () => {
  it('reaches from a slow sink to what is sent, fetched and held, with a partition that stands still; nothing is lost', async () => {
    const kafka = { brokers: bootstrapServers(), clientId: 'back-pressure' };
    const [topic, out, groupId] = [uniqueName('fast'), uniqueName('slow'), uniqueName('group')];
    const admin = new KafkaAdmin(kafka);
    await admin.createTopics([topic, out].map((name) => ({ topic: name, partitions: PARTITIONS })));

    // The producer: as fast as its template takes records.
    const small = { bufferMemoryBytes: BUFFER_BYTES };
    const source = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka, small));
    const value = Buffer.alloc(VALUE_BYTES, 'x');
    const most = { sent: 0, forwarded: 0, held: 0 };
    const sends = Array.from({ length: PARTITIONS * PER_PARTITION }, (_, i) =>
      source
        .send(topic, value, { partition: i % PARTITIONS, key: `${Math.floor(i / PARTITIONS)}` })
        .then(() => (most.sent = Math.max(most.sent, source.metrics().bufferedBytes))),
    );

    // The sink: takes 2 000 records a second, through a template with as little memory; partition 0 does not move at all.
    const sink = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka, small));
    const [held, othersDone] = [deferred(), new Signal()];
    let ofOthers = 0;
    const container = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(kafka, {
        groupId,
        autoOffsetReset: 'earliest',
        maxPollRecords: 20,
        fetchMaxBytes: BUFFER_BYTES,
        maxPartitionFetchBytes: BUFFER_BYTES,
      }),
      {
        topics: [topic],
        bufferBytes: BUFFER_BYTES,
        taskExecutor: new RateLimitedTaskExecutor(new AsyncTaskExecutor({ concurrency: PARTITIONS }), {
          limitForPeriod: 2_000,
          burst: 20,
        }),
        listener: async (record) => {
          most.held = Math.max(most.held, container.metrics().queuedBytes);
          if (record.partition === 0) await held.promise;
          await sink.send(out, record.value, { partition: record.partition, key: record.key });
          most.forwarded = Math.max(most.forwarded, sink.metrics().bufferedBytes);
          if (record.partition !== 0 && ++ofOthers === (PARTITIONS - 1) * PER_PARTITION) othersDone.fire();
        },
      },
    );
    const paused = new Set<number>();
    container.on('partition:paused', ({ owner, partition }) => {
      if (owner === 'back-pressure') paused.add(partition);
    });

    await container.start();
    await othersDone.wait(); // though partition 0 would fill the buffer by itself
    assert.ok(paused.has(0), 'what cannot run is not polled any further');
    held.resolve();
    await Promise.all(sends);
    const ends = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition, offset: PER_PARTITION }));
    await awaitCommitted({ admin, groupId }, ends);
    await container.stop();
    await Promise.all([source.close(), sink.close()]);

    for (const [where, bytes] of Object.entries(most))
      assert.ok(bytes > 0 && bytes <= 3 * BUFFER_BYTES, `${where}: ${bytes} bytes were held`);
    const arrived = await readTopic(kafka.brokers, out, PARTITIONS * PER_PARTITION);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const keys = arrived.filter((record) => record.partition === partition).map(({ key }) => Number(key));
      assert.deepEqual(keys, [...keys].sort((a, b) => a - b)); // prettier-ignore
      assert.equal(new Set(keys).size, PER_PARTITION);
    }
    await admin.close();
  });
});
