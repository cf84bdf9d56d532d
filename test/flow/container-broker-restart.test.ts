import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { deferred } from '@hearken/core/internal';
import { Recorder } from '@hearken/testing';
import { startKafka, type KafkaCluster } from '@hearken/tools-kafka';
import { DefaultKafkaConsumerFactory, json, KafkaAdmin, MessageListenerContainer, silentLogger } from 'hearken';
import { describeWithKafka, uniqueName } from '../support/kafka.js';
import { NumberedOrders, type NumberedOrder } from '../support/numbered-orders.js';
import { until } from '../support/until.js';

describeWithKafka('a listener container whose broker restarts', function () {
  this.timeout(300_000);
  let kafka: KafkaCluster;
  before(async () => {
    kafka = await startKafka({ quickStart: true });
  });
  after(() => kafka.stop());

  it('goes on where it was, idle or under load, with nothing lost and in order', async () => {
    const [topic, groupId, brokers] = [uniqueName('container'), uniqueName('group'), [...kafka.brokers]];
    await using admin = new KafkaAdmin({ brokers, clientId: 'flow' });
    await admin.createTopics([{ topic, partitions: 4 }]);
    await using orders = new NumberedOrders(topic, 100, brokers);
    const container = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(
        { brokers, clientId: 'flow', logger: silentLogger },
        { groupId, autoOffsetReset: 'earliest' },
      ),
      {
        topics: [topic],
        valueSerde: json<NumberedOrder>(),
        ordering: 'key',
        concurrency: 20,
        listener: async (record) => {
          orders.saw(record);
          await turn();
        },
      },
      { logger: silentLogger },
    );
    await container.start();
    await orders.send(1_000);
    await until('the first are heard', () => orders.allSeen);

    await kafka.restart();
    await orders.send(1_000);
    await until('those after the first restart are heard', () => orders.allSeen);

    const sending = orders.send(40_000);
    await until('it is at work', () => container.metrics().processed > 4_000);
    await kafka.restart();
    await sending;
    await until('all are heard', () => orders.allSeen);
    const report = await container.stop();
    assert.deepEqual(orders.violations, []);
    assert.deepEqual([report.drained, report.abandoned], [true, 0]);
    const sum = (offsets: readonly number[]): number => offsets.reduce((total, offset) => total + offset, 0);
    const committed = await admin.committedOffsets(groupId, [topic]);
    const ends = await admin.offsets(topic);
    assert.equal(sum(committed.map(({ offset }) => offset)), sum(ends.map(({ end }) => end)));
    assert.equal(container.state, 'stopped');
  });

  it('stops while no broker is there; what it could not commit comes again', async () => {
    const [topic, groupId, brokers] = [uniqueName('container'), uniqueName('group'), [...kafka.brokers]];
    await using admin = new KafkaAdmin({ brokers, clientId: 'flow' });
    await admin.createTopics([{ topic, partitions: 2 }]);
    await using orders = new NumberedOrders(topic, 10, brokers);
    const heard = new Recorder<() => void>();
    const member = (): MessageListenerContainer<Buffer | null, NumberedOrder> =>
      new MessageListenerContainer(
        new DefaultKafkaConsumerFactory(
          { brokers, clientId: 'flow', logger: silentLogger, bootstrapTimeoutMs: 1_000 },
          {
            groupId,
            autoOffsetReset: 'earliest',
            sessionTimeoutMs: 6_000,
            heartbeatIntervalMs: 100,
            requestTimeoutMs: 1_000,
          },
        ),
        {
          topics: [topic],
          valueSerde: json<NumberedOrder>(),
          ordering: 'none',
          concurrency: 20,
          listener: (record) => {
            orders.saw(record);
            const { promise, resolve } = deferred();
            heard.record(resolve);
            return promise;
          },
        },
        { logger: silentLogger },
      );
    const first = member();
    await first.start();
    await orders.send(20);
    await heard.received(20);
    await kafka.kill();
    for (const end of heard.items) end();
    const report = await first.stop();
    assert.deepEqual([report.drained, report.abandoned, first.state], [false, 0, 'stopped']);
    assert.ok(first.metrics().commitFailures > 0);

    await kafka.restart();
    const second = member();
    await second.start();
    await heard.received(40);
    for (const end of heard.items) end();
    await second.stop();
    const committed = await admin.committedOffsets(groupId, [topic]);
    assert.equal(
      committed.reduce((total, { offset }) => total + offset, 0),
      20,
    );
    assert.equal(orders.duplicates, 20);
  });
});
