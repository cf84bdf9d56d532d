import { randomUUID } from 'node:crypto';
import {
  codeOf,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  failureReplyTo,
  json,
  KafkaAdmin,
  KafkaError,
  KafkaTemplate,
  LoggingProducerListener,
  MessageListenerContainer,
  nullable,
  ReplyingKafkaTemplate,
  replyTo,
  RoutingKafkaTemplate,
  string,
} from 'hearken';
import { kafka, orders, withOrders, type Order } from './setting.js';

const replies = `example-replies-${randomUUID()}`;
const audit = `example-audit-${randomUUID()}`;

await withOrders(async () => {
  await using admin = new KafkaAdmin(kafka);
  await admin.createTopics([{ topic: replies }, { topic: audit }]);
  await using producerFactory = new DefaultKafkaProducerFactory(kafka);
  const consumerFactory = new DefaultKafkaConsumerFactory(kafka, { groupId: orders, autoOffsetReset: 'earliest' });
  await using template = new KafkaTemplate<Buffer | null, number | null>(producerFactory, {
    valueSerde: nullable(json<number>()),
  });

  // docs:begin respond
  await using responder = new MessageListenerContainer(consumerFactory, {
    topics: [orders],
    valueSerde: json<Order>(),
    listener: async (request) => {
      const { total } = request.value;
      // Where the request says, with its correlation id.
      if (total > 0) await template.send(replyTo(request, total * 2));
      else await template.send(failureReplyTo(request, new KafkaError('empty', { code: 'EMPTY' })));
    },
  });
  await responder.start();
  // docs:end respond

  // docs:begin ask
  await using asking = new ReplyingKafkaTemplate(producerFactory, consumerFactory, {
    valueSerde: json<Order>(),
    replies: { topic: replies, valueSerde: json<number>(), timeoutMs: 10_000 },
  });
  await asking.start(); // or the first request waits for it

  const order = { id: 'o-1', customer: 'customer-7', total: 12 };
  const reply = await asking.sendAndReceive(orders, order, { key: order.customer });
  console.log(`${order.id} costs ${reply.value}`);
  // docs:end ask

  // docs:begin ask-failure
  try {
    await asking.sendAndReceive(orders, { ...order, total: 0 }, { timeoutMs: 5_000 });
  } catch (error) {
    if (codeOf(error) !== 'EMPTY') throw error; // REPLY_TIMED_OUT, …
    console.error(`no price: ${String(error)}`);
  }
  // docs:end ask-failure

  // docs:begin routes
  const routing = new RoutingKafkaTemplate<string, unknown>([
    { topics: /example-orders-.*/u, template: new KafkaTemplate(producerFactory, { valueSerde: json<Order>() }) },
    { topics: audit, template: new KafkaTemplate(producerFactory, { valueSerde: string() }) },
  ]);
  await routing.send(audit, 'priced');
  // docs:end routes

  // docs:begin producer-listener
  const watched = new KafkaTemplate(producerFactory, {
    valueSerde: json<Order>(),
    producerListener: new LoggingProducerListener(), // an error in the log for each record that was not sent
  });
  // docs:end producer-listener
  await watched.send(audit, order);
  await Promise.all([asking.close(), responder.stop()]);
  await Promise.all([watched.close(), routing.close()]);
  await admin.deleteTopics([replies, audit]);
});
