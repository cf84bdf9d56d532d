import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import { awaitCommitted, Recorder } from '@hearken/testing';
import {
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  FixedBackOff,
  KafkaAdmin,
  KafkaError,
  KafkaTemplate,
  MessageListenerContainer,
  silentLogger,
  string,
  type ParkingProperties,
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

  async function newTopics(config: Readonly<Record<string, string>> = {}): Promise<{
    readonly topic: string;
    readonly groupId: string;
    readonly parkedTopic: string;
  }> {
    const [topic, groupId] = [uniqueName('parked'), uniqueName('group')];
    const parkedTopic = `${topic}-parked`;
    await admin.createTopics([
      { topic, partitions: 2 },
      { topic: parkedTopic, partitions: 2, config },
    ]);
    return { topic, groupId, parkedTopic };
  }

  interface Where {
    readonly topic: string;
    readonly groupId: string;
    readonly template: ParkingProperties['template'];
  }

  function parking(
    { topic, groupId, template }: Where,
    listen: (value: string) => void | Promise<void>,
  ): MessageListenerContainer<string, string> {
    return new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(kafka(), { groupId, autoOffsetReset: 'earliest' }),
      {
        topics: [topic],
        keySerde: string(),
        valueSerde: string(),
        ordering: 'key',
        concurrency: 4,
        errorHandler: new DefaultErrorHandler({
          backOff: new FixedBackOff({ intervalMs: 1, maxRetries: 1 }),
          recoveryBackOff: new FixedBackOff({ intervalMs: 1, maxRetries: 9 }),
          onExhausted: 'parkKey',
        }),
        parking: { template, backOff: new FixedBackOff({ intervalMs: 20, maxRetries: 1_000_000 }) },
        listener: ({ value }) => listen(value),
      },
      { logger: silentLogger },
    );
  }

  it('let all others go on, also over a restart, and come back in order when their record passes', async () => {
    const { topic, groupId, parkedTopic } = await newTopics();
    const send = async (key: string, ...values: readonly string[]): Promise<void> => {
      for (const value of values) await template.send(topic, value, { partition: 1, key });
    };
    let isMended = false;
    const ended = new Recorder<string>();
    const ofKey = (key: string): string[] => ended.items.filter((value) => value.startsWith(key));
    const newContainer = (): MessageListenerContainer<string, string> =>
      parking({ topic, groupId, template }, (value) => {
        if (value === 'p0' && !isMended) throw new RangeError('not today');
        ended.record(value);
      });

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

  it('are not parked where they would be compacted away, or a leader alone would have them', async () => {
    const { topic, groupId } = await newTopics({ 'cleanup.policy': 'compact' });
    const compacted = parking({ topic, groupId, template }, () => undefined);
    await assert.rejects(compacted.start(), { code: 'PARKED_TOPIC_COMPACTED', message: /cleanup\.policy=compact,/ });
    await using careless = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka(), { acks: 1 }));
    const lax = parking({ ...(await newTopics()), template: careless }, () => undefined);
    await assert.rejects(lax.start(), { code: 'ACKS_NOT_ALL' });
    assert.deepEqual(
      (await admin.offsets(`${topic}-parked`)).map(({ end }) => end),
      [0, 0],
    );
  });

  it('do not come back after newer records when they reach the parked topic too late', async () => {
    const { topic, groupId } = await newTopics();
    const send = (value: string): Promise<unknown> => template.send(topic, value, { partition: 0, key: 'k' });
    const gate = deferred();
    let isShut = false;
    const slow: Where['template'] = {
      partitionsFor: (name) => template.partitionsFor(name),
      execute: async (callback) => {
        if (isShut) await gate.promise;
        return await template.execute(callback);
      },
    };
    const asked = deferred();
    const former = parking({ topic, groupId, template: slow }, () => {
      throw new RangeError('not today');
    });
    former.on('record:failed', () => asked.resolve());
    await former.start();
    isShut = true;
    await send('k0');
    await asked.promise;
    await former.stop({ immediate: true });

    const ended = new Recorder<string>();
    const owner = parking({ topic, groupId, template }, ended.record);
    await owner.start();
    await send('k1');
    await awaitCommitted({ admin, groupId }, [{ topic, partition: 0, offset: 2 }]);
    gate.resolve();
    await until('the late one is there', async () => (await admin.offsets(`${topic}-parked`))[0]?.end === 3);
    await owner.stop();

    const next = parking({ topic, groupId, template }, ended.record);
    await next.start();
    await send('k2');
    await awaitCommitted({ admin, groupId }, [{ topic, partition: 0, offset: 3 }]);
    await next.stop();
    assert.deepEqual(ended.items, ['k0', 'k1', 'k2']);
    assert.deepEqual([next.metrics().parkedLate, next.metrics().workedOff], [1, 0]);
  });

  it('keep their order when one of many that follow together is refused', async () => {
    const { topic, groupId, parkedTopic } = await newTopics();
    const values = Array.from({ length: 100 }, (_, i) => `k${i}`);
    await Promise.all(values.map((value) => template.send(topic, value, { partition: 0, key: 'k' })));
    let isRefused = false;
    const refusing: Where['template'] = {
      partitionsFor: (name) => template.partitionsFor(name),
      execute: (callback) =>
        template.execute((producer) =>
          callback({
            ...producer,
            send: (record) => {
              if (isRefused || record.value?.toString() !== 'k50') return producer.send(record);
              isRefused = true;
              return Promise.reject(new KafkaError('not this one', { code: 'INVALID_RECORD' }));
            },
          }),
        ),
    };
    let isMended = false;
    const ended = new Recorder<string>();
    const container = parking({ topic, groupId, template: refusing }, (value) => {
      if (!isMended) throw new RangeError('not today');
      ended.record(value);
    });
    await container.start();
    await until('all are parked', () => container.metrics().parked === values.length);
    isMended = true;
    await until('the key is handed back', () => container.metrics().handedBack === 1);
    await container.stop();
    assert.deepEqual(ended.items, values);
    const log = await readTopic(bootstrapServers(), parkedTopic, values.length);
    assert.ok(log.filter(({ value }) => value?.toString() === 'k99').length > 1, 'those behind it were parked twice');
  });
});
