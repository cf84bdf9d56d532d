import { tracingBatchMiddleware, tracingMiddleware, tracingProducerFactory } from '@hearken/opentelemetry';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import {
  DeadLetterPublishingRecoverer,
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  FixedBackOff,
  json,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
} from 'hearken';
import { kafka, orders, withOrders, type Order } from './setting.js';

// What an application has of its SDK, with an exporter that only remembers.
const exporter = new InMemorySpanExporter();
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));

const deadLetters = `${orders}-dlt`;
const bill = async ({ id }: Order): Promise<void> => {
  await Promise.resolve();
  throw new Error(`nobody knows the customer of ${id}`);
};

await withOrders(async () => {
  const admin = new KafkaAdmin(kafka);
  await admin.createTopics([{ topic: deadLetters, partitions: 3 }]);
  const consumerFactory = new DefaultKafkaConsumerFactory(kafka, {
    groupId: `billing-of-${orders}`,
    autoOffsetReset: 'earliest',
  });

  // docs:begin tracing
  const producerFactory = tracingProducerFactory(new DefaultKafkaProducerFactory(kafka));
  const template = new KafkaTemplate(producerFactory, { valueSerde: json<Order>() });
  const container = new MessageListenerContainer(consumerFactory, {
    topics: [orders],
    valueSerde: json<Order>(),
    middleware: [tracingMiddleware()], // the first of them: the others run in its span
    listener: ({ value }) => bill(value),
    errorHandler: new DefaultErrorHandler({
      backOff: new FixedBackOff({ intervalMs: 100, maxRetries: 1 }),
      recoverer: new DeadLetterPublishingRecoverer(template),
    }),
  });
  // docs:end tracing
  const reportsFactory = new DefaultKafkaConsumerFactory(kafka, {
    groupId: `reports-of-${orders}`,
    autoOffsetReset: 'earliest',
  });
  // docs:begin batches
  const reports = new MessageListenerContainer(reportsFactory, {
    topics: [deadLetters],
    middleware: [tracingBatchMiddleware()],
    batchListener: (records) => console.log(`${records.length} orders were given up`),
  });
  // docs:end batches
  const reported = new Promise((resolve) => reports.on('listener:returned', resolve));
  await reports.start();
  await container.start();
  await trace.getTracer('shop').startActiveSpan('checkout', async (span) => {
    await template.send(orders, { id: 'o-1', customer: 'customer-7', total: 12 }, { key: 'customer-7' });
    span.end();
  });
  await reported;
  await container.stop();
  await reports.stop();
  await template.close();
  await admin.deleteTopics([deadLetters]);
  await admin.close();
});

const spans = exporter.getFinishedSpans();
const childrenOf = (parent: string | undefined): string[] =>
  spans
    .filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent)
    .flatMap((span) => {
      const name = span.name.replace(orders, 'orders');
      const linked = span.links.length > 0 ? `, ${span.links.length} linked` : '';
      return [`${name}${linked}`, ...childrenOf(span.spanContext().spanId).map((child) => `  ${child}`)];
    });
console.log(childrenOf(undefined).join('\n'));
