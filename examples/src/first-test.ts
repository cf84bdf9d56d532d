// docs:begin first-test
import { test } from 'node:test';
import { embeddedKafka } from '@hearken/embedded-broker/node-test';
import { assertRecord, received } from '@hearken/testing';
import { DefaultKafkaProducerFactory, json, KafkaTemplate } from 'hearken';
import { billing } from './testing/billing.js'; // yours: it makes a MessageListenerContainer

const kafka = embeddedKafka({ topics: ['orders:3'] });

test('an order is billed', async () => {
  const options = { brokers: kafka.brokers };
  await using container = billing(options);
  await container.start();
  const billed = received(container, 1);
  await using template = new KafkaTemplate(new DefaultKafkaProducerFactory(options), { valueSerde: json() });
  await template.send('orders', { total: 12 }, { key: 'customer-7' });
  assertRecord((await billed)[0], { key: 'customer-7', value: { total: 12 } });
});
// docs:end first-test
