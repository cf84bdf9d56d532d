import assert from 'node:assert/strict';
import { awaitCommitted } from '@hearken/testing';
import {
  AsyncTaskExecutor,
  CircuitBreakerTaskExecutor,
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  FixedBackOff,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
  silentLogger,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';

const RECORDS = 200;

describeWithKafka('resilience', () => {
  it('an open circuit breaker spares the sink and fails no record, and all that waited is processed once the sink is back', async () => {
    const kafka = { brokers: bootstrapServers(), clientId: 'resilience' };
    const [topic, groupId] = [uniqueName('resilience'), uniqueName('group')];
    const admin = new KafkaAdmin(kafka);
    const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka));
    await admin.createTopics([{ topic, partitions: 2 }]);
    const numbers = Array.from({ length: RECORDS }, (_, i) => i);
    await Promise.all(numbers.map((i) => template.send(topic, `${i}`, { partition: i % 2, key: `${i % 10}` })));

    let isDown = true;
    let calls = 0;
    const processed: number[] = [];
    const breaker = new CircuitBreakerTaskExecutor(new AsyncTaskExecutor({ concurrency: 4 }), {
      slidingWindowSize: 10,
      waitDurationInOpenStateMs: 50,
    });
    const container = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(kafka, { groupId, autoOffsetReset: 'earliest' }),
      {
        topics: [topic],
        ordering: 'key',
        taskExecutor: breaker,
        errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 1, maxRetries: 10_000 }) }),
        listener: async ({ value }) => {
          calls++;
          await new Promise(setImmediate);
          if (isDown) throw new Error('down');
          processed.push(Number(value?.toString()));
        },
      },
      { logger: silentLogger },
    );
    let trials = 0;
    breaker.on('state:changed', ({ next }) => {
      if (next !== 'half-open') return;
      trials++;
      isDown = trials < 4;
    });

    await container.start();
    const half = RECORDS / 2;
    await awaitCommitted({ admin, groupId }, [
      { topic, partition: 0, offset: half },
      { topic, partition: 1, offset: half },
    ]);
    assert.equal(breaker.state, 'closed');
    assert.ok(calls < RECORDS + 20 + 2 * trials, `${calls} calls, ${trials} trials: the sink was not spared`);
    for (let key = 0; key < 10; key++) {
      const ofKey = processed.filter((number) => number % 10 === key);
      assert.deepEqual(ofKey, numbers.filter((number) => number % 10 === key), 'in order, each once'); // prettier-ignore
    }
    const { failed, polled, processed: done } = container.metrics();
    assert.deepEqual([failed, polled, done], [0, RECORDS, RECORDS]);
    await container.stop();
    await template.close();
    await admin.close();
  });
});
