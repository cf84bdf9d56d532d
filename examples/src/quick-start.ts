import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  json,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
} from 'hearken';

interface Order {
  id: string;
  total: number;
}
const kafka = { brokers: [process.env.HEARKEN_BROKERS ?? '127.0.0.1:9092'], clientId: 'billing' };

const admin = new KafkaAdmin(kafka);
await admin.createTopics([{ topic: 'orders', partitions: 12 }]); // one that exists is left alone
await admin.close();

const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka), { valueSerde: json<Order>() });
const container = new MessageListenerContainer(
  new DefaultKafkaConsumerFactory(kafka, { groupId: 'billing', autoOffsetReset: 'earliest' }),
  {
    topics: ['orders'],
    valueSerde: json<Order>(),
    ordering: 'key',
    concurrency: 100,
    listener: async (record, context) =>
      console.log(record.partition, record.offset, record.value.total, context.attempt),
  },
);
await container.start(); // assigned, positions known: what is sent from here on is delivered
const interrupted = new Promise((resolve) => process.once('SIGINT', resolve));
const { metadata } = await template.send('orders', { id: 'o-1', total: 12 }, { key: 'customer-7' });
console.log('sent to partition', metadata.partition);
await interrupted; // listens until Ctrl-C
await container.stop();
await template.close();
