import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { deferred } from '@hearken/core/internal';
import { Recorder } from '@hearken/testing';
import {
  codeOf,
  DefaultKafkaConsumerFactory,
  FixedBackOff,
  MessageListenerContainer,
  silentLogger,
  string,
  type ConsumerOptions,
  type KafkaAdmin,
  type KafkaTemplate,
  type RecordContainerProperties,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { openClients } from '../support/suite-clients.js';

const kafka = () => ({ brokers: bootstrapServers(), clientId: 'flow', logger: silentLogger });

describeWithKafka('a listener container that restarts', function () {
  this.timeout(300_000);
  let admin: KafkaAdmin;
  let template: KafkaTemplate;
  openClients((clients) => ({ admin, template } = clients), kafka);

  const restarting = (
    properties: Omit<RecordContainerProperties<string, string>, 'valueSerde' | 'keySerde'>,
    options: ConsumerOptions = {},
  ): MessageListenerContainer<string, string> =>
    new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(kafka(), {
        groupId: uniqueName('group'),
        autoOffsetReset: 'earliest',
        ...options,
      }),
      {
        keySerde: string(),
        valueSerde: string(),
        onFatal: 'restart',
        restartBackOff: new FixedBackOff({ intervalMs: 100, maxRetries: 100 }),
        ...properties,
      },
      { logger: silentLogger },
    );

  it('starts once its topic exists', async () => {
    const topic = uniqueName('restart');
    const heard = new Recorder<string>();
    const container = restarting({ topics: [topic], listener: ({ value }) => heard.record(value) });
    const scheduled = new Recorder<unknown>();
    container.on('restart:scheduled', ({ error }) => scheduled.record(codeOf(error)));
    const starting = container.start();
    assert.equal((await scheduled.received(1))[0], 'UNKNOWN_TOPIC_OR_PARTITION');
    await admin.createTopics([{ topic, partitions: 2 }]);
    await starting;
    await template.send(topic, 'v', { key: 'k' });
    await heard.received(1);
    assert.equal((await container.stop()).drained, true);
  });

  it('goes on at the record that failed, in the order of its key, while a listener of before still runs', async () => {
    const topic = uniqueName('restart');
    await admin.createTopics([{ topic, partitions: 1 }]);
    for (const [key, value] of [
      ['deaf', '1'],
      ['deaf', '2'],
      ['sick', '1'],
      ['sick', '2'],
    ] as const)
      // prettier-ignore
      await template.send(topic, value, { key });
    const order = new Recorder<string>();
    const deaf = deferred();
    let isSick = true;
    const container = restarting({
      topics: [topic],
      ordering: 'key',
      concurrency: 10,
      shutdownTimeoutMs: 200,
      errorHandler: { decide: () => ({ action: 'stop' }) },
      listener: async ({ key, value }) => {
        order.record(`${key}${value}`);
        if (key === 'sick' && isSick) {
          isSick = false;
          throw new Error('fails once');
        }
        if (order.items.filter((one) => one === 'deaf1').length === 1 && key === 'deaf') await deaf.promise;
      },
    });
    const restarted = new Recorder<unknown>();
    container.on('container:restarted', restarted.record);
    await container.start();
    await restarted.received(1);
    await order.first((one) => one === 'sick2');
    await turn();
    assert.deepEqual(order.items, ['deaf1', 'sick1', 'sick1', 'sick2'], 'deaf waits for its own listener of before');
    deaf.resolve();
    await order.received(6);
    assert.deepEqual(order.items.slice(4), ['deaf1', 'deaf2']);
    assert.deepEqual((await container.stop()).committed, [{ topic, partition: 0, offset: 4 }]);
    assert.equal(container.metrics().lateResults, 1);
  });

  it('does not where another member has its instance id', async () => {
    const topic = uniqueName('restart');
    await admin.createTopics([{ topic, partitions: 1 }]);
    const options = { groupId: uniqueName('group'), groupInstanceId: 'the-one', heartbeatIntervalMs: 200 };
    const listener = (): undefined => undefined;
    const fenced = restarting({ topics: [topic], listener }, options);
    await fenced.start();
    const successor = restarting({ topics: [topic], listener }, options);
    const starting = successor.start();
    await assert.rejects(fenced.finished, { code: 'FENCED_INSTANCE_ID' });
    assert.equal(fenced.metrics().restarts, 0);
    await starting;
    assert.equal((await successor.stop()).drained, true);
  });

  it('runs as many listeners as it is told to, under load, from one moment to the next', async () => {
    const topic = uniqueName('concurrency');
    await admin.createTopics([{ topic, partitions: 3 }]);
    await Promise.all(Array.from({ length: 2_000 }, (_, i) => template.send(topic, String(i), { key: String(i) })));
    let running = 0;
    let most = 0;
    const ended = new Recorder<number>();
    const container = restarting({
      topics: [topic],
      ordering: 'key',
      concurrency: 2,
      listener: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 2));
        running--;
        ended.record(1);
      },
    });
    await container.start();
    for (const [concurrency, next] of [
      [50, 600],
      [3, 200],
      [20, 600],
    ] as const) {
      // prettier-ignore
      container.concurrency = concurrency;
      while (running > concurrency) await ended.next(); // those above the limit end first
      most = 0;
      await ended.received(ended.count + next);
      assert.equal(most, concurrency);
    }
    await ended.received(2_000);
    assert.equal((await container.stop()).drained, true);
    assert.equal(container.metrics().processed, 2_000);
  });
});
