import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assertRecord,
  FakeConsumerFactory,
  FakeProducerFactory,
  ManualClock,
  matchRecord,
  received,
} from '@hearken/testing';
import { DefaultErrorHandler, FixedBackOff, json, KafkaTemplate, MessageListenerContainer } from 'hearken';

test('an order is tried again after a minute', async () => {
  // docs:begin fake-consumer
  const clock = new ManualClock();
  const orders = { topic: 'orders', partition: 0 };
  const factory = new FakeConsumerFactory({ groupId: 'billing', clock, assignOnSubscribe: [orders] });
  const container = new MessageListenerContainer(
    factory,
    {
      topics: ['orders'],
      errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 60_000 }) }),
      listener: (_, { attempt }) => {
        if (attempt === 1) throw new Error('the bank does not answer');
      },
    },
    { clock },
  );
  const failed = new Promise((resolve) => container.on('record:retried', resolve));
  const billed = received(container, 1);
  await container.start();
  factory.log.append('orders', 0, { key: 'customer-7', value: '{"total":12}' });
  await failed;
  clock.advance(60_000); // nobody waits for a minute
  assertRecord((await billed)[0], { key: 'customer-7', value: { total: 12 } });
  // docs:end fake-consumer
  await container.stop();
});

test('an order is sent with its customer as the key', async () => {
  // docs:begin fake-producer
  const factory = new FakeProducerFactory();
  const template = new KafkaTemplate(factory, { valueSerde: json() });
  await template.send('orders', { total: 12 }, { key: 'customer-7', headers: { source: 'web' } });
  assert.ok(factory.log.records('orders', 0).some(matchRecord({ key: 'customer-7', headers: { source: 'web' } })));
  factory.producer.failSends(new Error('the broker is away'));
  await assert.rejects(template.send('orders', { total: 13 }));
  // docs:end fake-producer
  await template.close();
});
