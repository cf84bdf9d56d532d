import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { deferred } from '@hearken/core/internal';
import { Signal } from '@hearken/testing';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { until } from '../support/until.js';

const MIB = 1_024 * 1_024;
const LARGE = 200_000;
const RECORDS = 600;
/** Of the large ones that come in a row. */
const IN_A_ROW = 4;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** What slices are of, when nothing is kept that nobody needs. */
function arrayBuffers(): number {
  gc();
  return process.memoryUsage().arrayBuffers;
}

describeWithKafka('the memory of fetched records', () => {
  it('is let go of while small ones out of every answer wait behind a slow one of their key', async () => {
    const kafka = { brokers: bootstrapServers(), clientId: 'pinned-memory' };
    const [topic, groupId] = [uniqueName('pinned'), uniqueName('group')];
    const admin = new KafkaAdmin(kafka);
    await admin.createTopics([{ topic, partitions: 1 }]);
    const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka));
    const value = Buffer.alloc(LARGE, 'x');
    for (let i = 0; i < RECORDS; i += IN_A_ROW) {
      const sent = [template.send(topic, `${i}`, { key: 'slow' })];
      for (let k = i; k < i + IN_A_ROW; k++) sent.push(template.send(topic, value, { key: `quick ${k}` }));
      await Promise.all(sent);
    }
    await template.close();

    const [slow, allQuick, all] = [deferred(), new Signal(), new Signal()];
    const heard = { quick: 0, slow: [] as string[] };
    const factory = new DefaultKafkaConsumerFactory(kafka, {
      groupId,
      autoOffsetReset: 'earliest',
      fetchMaxBytes: MIB,
    });
    const container = new MessageListenerContainer(factory, {
      topics: [topic],
      ordering: 'key',
      concurrency: 10,
      bufferBytes: 2 * MIB,
      listener: async ({ key, value }) => {
        if (String(key) !== 'slow') {
          if (++heard.quick === RECORDS) allQuick.fire();
          return;
        }
        await slow.promise;
        heard.slow.push(String(value));
        if (heard.slow.length === RECORDS / IN_A_ROW) all.fire();
      },
    });
    const before = arrayBuffers();
    try {
      await container.start();
      await allQuick.wait();
      assert.equal(container.metrics().queued, RECORDS / IN_A_ROW - 1);
      // Of 115 MiB: two and a half times bufferBytes, three times fetchMaxBytes, and an answer or two on their way.
      await until('only what is needed is kept', () => arrayBuffers() - before < 10 * MIB);
      slow.resolve();
      await all.wait();
    } finally {
      slow.resolve();
      await container.stop();
      await admin.close();
    }
    const sent = Array.from({ length: RECORDS / IN_A_ROW }, (_, i) => `${i * IN_A_ROW}`);
    assert.deepEqual(heard.slow, sent);
    assert.ok(container.metrics().copiedOut > RECORDS / IN_A_ROW / 2);
  });
});
