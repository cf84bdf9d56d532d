import assert from 'node:assert/strict';
import { test } from 'node:test';
import { embeddedKafka } from '@hearken/embedded-broker/node-test';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaTemplate,
  MessageListenerContainer,
} from 'hearken';

const SESSION_MS = 500;

// docs:begin worker
const kafka = embeddedKafka({
  mode: 'worker',
  topics: ['orders'],
  config: { 'group.min.session.timeout.ms': SESSION_MS },
});
// docs:end worker

test('a listener that blocks the event loop loses its partitions, and the order comes again', async () => {
  const options = { brokers: kafka.brokers };
  let calls = 0;
  let again = (): void => undefined;
  const cameAgain = new Promise<void>((resolve) => (again = resolve));
  const factory = new DefaultKafkaConsumerFactory(options, {
    groupId: 'billing',
    sessionTimeoutMs: SESSION_MS,
    heartbeatIntervalMs: 100,
  });
  await using container = new MessageListenerContainer(factory, {
    topics: ['orders'],
    listener: () => {
      if (++calls === 2) again();
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4 * SESSION_MS); // nothing runs in this thread
    },
  });
  let lost = 0;
  container.on('partitions:lost', ({ partitions }) => (lost += partitions.length));
  await container.start();
  await using template = new KafkaTemplate(new DefaultKafkaProducerFactory(options));
  await template.send('orders', 'an order');
  await cameAgain;
  assert.equal(lost, 1);
});
