import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
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
import { until } from '../support/until.js';

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
    const send = async (from: number, to: number): Promise<void> => {
      const sends = Array.from({ length: PARTITIONS * (to - from) }, (_, i) =>
        source
          .send(topic, value, { partition: i % PARTITIONS, key: `${from + Math.floor(i / PARTITIONS)}` })
          .then(() => (most.sent = Math.max(most.sent, source.metrics().bufferedBytes))),
      );
      await Promise.all(sends);
    };

    // The sink: nothing moves at first; then it takes 2 000 records a second, through a template with as little memory, and
    // partition 0 still does not move at all.
    const sink = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka, small));
    const [opened, held, othersDone] = [deferred(), deferred(), new Signal()];
    const sockets: Socket[] = [];
    let ofOthers = 0;
    const container = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(
        {
          ...kafka,
          socketFactory: ({ host, port, onConnect }) => {
            const socket = connect(port, host, onConnect);
            sockets.push(socket);
            return socket;
          },
        },
        {
          groupId,
          autoOffsetReset: 'earliest',
          maxPollRecords: 20,
          fetchMaxBytes: BUFFER_BYTES,
          maxPartitionFetchBytes: BUFFER_BYTES,
        },
      ),
      {
        topics: [topic],
        bufferBytes: BUFFER_BYTES,
        taskExecutor: new RateLimitedTaskExecutor(new AsyncTaskExecutor({ concurrency: PARTITIONS }), {
          limitForPeriod: 2_000,
          burst: 20,
        }),
        listener: async (record) => {
          most.held = Math.max(most.held, container.metrics().queuedBytes);
          await (record.partition === 0 ? held : opened).promise;
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
    const fetched = (): number => sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0);

    await container.start();
    await send(0, PER_PARTITION / 2);
    await until('the buffer is half full', () => container.metrics().queuedBytes > BUFFER_BYTES / 2);
    const before = fetched();
    await send(PER_PARTITION / 2, PER_PARTITION); // there is a hundred times that to fetch, for as long as this takes
    const [atFirst, later] = [before, fetched() - before].map((bytes) => bytes / BUFFER_BYTES) as [number, number];
    assert.ok(atFirst < 6 && later < 3, `${atFirst} buffers were fetched, and ${later} while nothing moved`);
    opened.resolve();
    await othersDone.wait(); // though partition 0 would fill the buffer by itself
    assert.ok(paused.has(0), 'what cannot run is not polled any further');
    held.resolve();
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
