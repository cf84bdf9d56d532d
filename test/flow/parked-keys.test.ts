import assert from 'node:assert/strict';
import { awaitCommitted, Recorder } from '@hearken/testing';
import {
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  FixedBackOff,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
  silentLogger,
  string,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { readTopic } from '../support/read-topic.js';
import { until } from '../support/until.js';

describeWithKafka('parked keys', () => {
  const kafka = () => ({ brokers: bootstrapServers(), clientId: 'parked-keys' });
  let template: KafkaTemplate<string, string>;
  let admin: KafkaAdmin;

  before(() => {
    template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka()), {
      keySerde: string(),
      valueSerde: string(),
    });
    admin = new KafkaAdmin(kafka());
  });
  after(async () => {
    await template.close();
    await admin.close();
  });

  it('let all others go on, also over a restart, and come back in order when their record passes', async () => {
    const [topic, groupId] = [uniqueName('parked'), uniqueName('group')];
    const parkedTopic = `${topic}-parked`;
    await admin.createTopics([
      { topic, partitions: 2 },
      { topic: parkedTopic, partitions: 2 },
    ]);
    const send = async (key: string, ...values: readonly string[]): Promise<void> => {
      for (const value of values) await template.send(topic, value, { partition: 1, key });
    };
    let isMended = false;
    const ended = new Recorder<string>();
    const ofKey = (key: string): string[] => ended.items.filter((value) => value.startsWith(key));
    const newContainer = (): MessageListenerContainer<string, string> =>
      new MessageListenerContainer(
        new DefaultKafkaConsumerFactory(kafka(), { groupId, autoOffsetReset: 'earliest' }),
        {
          topics: [topic],
          keySerde: string(),
          valueSerde: string(),
          ordering: 'key',
          concurrency: 4,
          errorHandler: new DefaultErrorHandler({
            backOff: new FixedBackOff({ intervalMs: 1, maxRetries: 1 }),
            onExhausted: 'parkKey',
          }),
          parking: { template, backOff: new FixedBackOff({ intervalMs: 20, maxRetries: 1_000_000 }) },
          listener: ({ value }) => {
            if (value === 'p0' && !isMended) throw new RangeError('not today');
            ended.record(value);
          },
        },
        { logger: silentLogger },
      );

    await send('p', 'p0', 'p1');
    await send('a', 'a0', 'a1');
    const first = newContainer();
    await first.start();
    await awaitCommitted({ admin, groupId }, [{ topic, partition: 1, offset: 4 }]);
    await first.stop({ timeoutMs: 100 });
    assert.deepEqual(ended.items, ['a0', 'a1']);
    assert.deepEqual([first.metrics().parked, first.metrics().parkedKeys], [2, 0], 'it has the key no more');

    await send('p', 'p2');
    await send('a', 'a2');
    const second = newContainer();
    await second.start();
    assert.equal(second.snapshot().parked[0]?.key, 'p');
    await awaitCommitted({ admin, groupId }, [{ topic, partition: 1, offset: 6 }]);
    assert.deepEqual(ended.items, ['a0', 'a1', 'a2']);
    isMended = true;
    await until('the key is handed back', () => second.metrics().handedBack === 1);
    assert.deepEqual(ofKey('p'), ['p0', 'p1', 'p2']);
    await send('p', 'p3');
    await until('it comes straight', () => second.metrics().processed === 2);
    assert.deepEqual(ofKey('p'), ['p0', 'p1', 'p2', 'p3']);
    await second.stop();
    assert.equal(second.metrics().parked, 1);

    const log = await readTopic(bootstrapServers(), parkedTopic, 8);
    assert.deepEqual(
      log.filter(({ partition }) => partition === 1).map(({ key, value }) => `${String(key)} ${String(value)}`),
      ['null null', 'p p0', 'p p1', 'null null', 'p p2', 'p null'], // owners begin, and the key ends
    );
  });
});
