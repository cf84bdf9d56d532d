import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  FixedBackOff,
  json,
  KafkaTemplate,
  MessageListenerContainer,
} from 'hearken';
import { kafka, orders, someOrders, withOrders, type Order } from './setting.js';

await withOrders(async () => {
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka), { valueSerde: json<Order>() });
  const factory = new DefaultKafkaConsumerFactory(kafka, {
    groupId: `billing-of-${orders}`,
    autoOffsetReset: 'earliest',
  });
  let isDatabaseAway = true;
  const billed = new Set<string>();
  const bill = async (order: Order, signal: AbortSignal): Promise<void> => {
    await delay(1, undefined, { signal });
    if (order.id === 'o-13' && isDatabaseAway) throw new Error('the database is away');
    billed.add(order.id);
  };

  // docs:begin restart
  const container = new MessageListenerContainer(factory, {
    topics: [orders],
    valueSerde: json<Order>(),
    ordering: 'key',
    concurrency: 10,
    errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 20, maxRetries: 3 }) }),
    onFatal: 'restart',
    restartBackOff: new FixedBackOff({ intervalMs: 100, maxRetries: 1000 }),
    authRetryIntervalMs: 10_000,
    handlerTimeoutMs: 30_000,
    idleEventIntervalMs: 500,
    listener: ({ value }, { signal }) => bill(value, signal),
  });
  container.on('restart:scheduled', ({ error, failures, delayMs }) => {
    console.warn(`failed ${failures} times in a row, starts again in ${delayMs} ms`, error);
    isDatabaseAway = false;
  });
  // docs:end restart
  await container.start();

  // docs:begin probes
  const probes = createServer((request, response) => {
    const { live, ready, reasons } = container.health();
    const isWell = request.url === '/live' ? live : ready;
    response.writeHead(isWell ? 200 : 503, { 'content-type': 'application/json' });
    response.end(JSON.stringify(reasons.map(({ code, message }) => ({ code, message }))));
  });
  // docs:end probes
  await once(probes.listen(0, '127.0.0.1'), 'listening');

  // docs:begin terminate
  process.once('SIGTERM', () => void container.stop({ timeoutMs: 20_000 })); // below the pod's terminationGracePeriodSeconds
  process.once('SIGINT', () => void container.stop({ immediate: true }));
  // docs:end terminate

  for (const order of someOrders(100)) await template.send(orders, order, { key: order.customer });

  // docs:begin concurrency
  container.concurrency = 50;
  // docs:end concurrency

  // docs:begin idle
  await new Promise((resolve) => container.on('container:idle', resolve));
  // docs:end idle
  const { port } = probes.address() as AddressInfo;
  const { status } = await fetch(`http://127.0.0.1:${port}/ready`);
  const { restarts } = container.metrics();
  console.log(`${billed.size} billed, restarted ${restarts === 1 ? 'once' : `${restarts} times`}, ready: ${status}`);

  await container.stop();
  probes.close();
  await template.close();
});
