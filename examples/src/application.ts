import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  DeadLetterPublishingRecoverer,
  DefaultErrorHandler,
  json,
  KafkaAdmin,
  KafkaTemplate,
  ReplyingKafkaTemplate,
  type Bytes,
  type ConsumerRecord,
} from 'hearken';
import {
  KafkaApplication,
  KafkaListener,
  KafkaListenerEndpointRegistry,
  kafkaModule,
  lifecycleModule,
  listenersModule,
  newTopic,
  Payload,
  SendTo,
  startKafka,
  type Lifecycle,
} from '@hearken/inversify';
import { Container, inject, injectable } from 'inversify';
import { kafka, orders, withOrders, type Order } from './setting.js';

const shipped: string[] = [];
const audited: string[] = [];
let notifyShipped: () => void = () => undefined;

await withOrders(async () => {
  const isShipped = new Promise<void>((resolve) => (notifyShipped = resolve));

  // docs:begin application-bean
  @injectable()
  class Shipping {
    constructor(
      @inject(KafkaTemplate) readonly template: KafkaTemplate<string, Order>,
      @inject(KafkaListenerEndpointRegistry) readonly registry: KafkaListenerEndpointRegistry,
    ) {}

    @KafkaListener({ id: 'shipping', topics: [orders], groupId: `shipping-of-${orders}`, concurrency: 4 })
    async ship({ value }: ConsumerRecord<unknown, Order>): Promise<void> {
      shipped.push(value.id);
      await this.template.send(`${orders}-shipped`, value, { key: value.customer });
    }

    /** Out of stock: records wait in their topic. */
    hold(): void {
      this.registry.pause('shipping');
    }
  }
  // docs:end application-bean

  @injectable()
  class Prices {
    @KafkaListener({ topics: [`${orders}-prices`], groupId: `prices-of-${orders}` })
    @SendTo()
    price(@Payload() total: number): number {
      return total * 2;
    }
  }

  // docs:begin application-lifecycle
  @injectable()
  class Desk implements Lifecycle {
    readonly #server: Server;

    constructor(
      @inject(ReplyingKafkaTemplate) asking: ReplyingKafkaTemplate<string, number, Bytes, number>,
      @inject(KafkaApplication) application: KafkaApplication,
    ) {
      this.#server = createServer((request, response) => {
        if (request.url === '/health') response.writeHead(application.health().ready ? 200 : 503).end();
        else
          asking.sendAndReceive(`${orders}-prices`, 21).then(
            ({ value }) => response.end(String(value)),
            () => response.writeHead(504).end(),
          );
      });
    }

    get url(): string {
      return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    }

    async start(): Promise<void> {
      await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    }

    /** Takes no more requests, and answers those it took. */
    async stop(signal: AbortSignal): Promise<void> {
      signal.addEventListener('abort', () => this.#server.closeAllConnections());
      await new Promise((resolve) => this.#server.close(resolve));
    }
  }
  // docs:end application-lifecycle

  // docs:begin application-module
  const container = new Container();
  container.load(
    kafkaModule({
      clusters: { default: kafka },
      producer: { lingerMs: 2 },
      consumer: { autoOffsetReset: 'earliest' },
      templates: {
        default: { valueSerde: json() },
        ask: { valueSerde: json(), replies: { topic: `${orders}-replies`, valueSerde: json(), timeoutMs: 10_000 } },
      },
      factories: {
        default: (beans) => ({
          valueSerde: json(),
          errorHandler: new DefaultErrorHandler({
            recoverer: new DeadLetterPublishingRecoverer(beans.get(KafkaTemplate)),
          }),
        }),
      },
      containers: { shipping: { ordering: 'key', concurrency: 16 } },
      topics: [
        newTopic(`${orders}-shipped`, { partitions: 3, compact: true }),
        ...['prices', 'replies'].map((name) => newTopic(`${orders}-${name}`)),
      ],
    }),
    listenersModule(Shipping, Prices),
    lifecycleModule(Desk),
  );
  const app = await startKafka(container);
  // docs:end application-module

  // docs:begin application-configuration
  for (const { path, value, origin } of app.registry.get('shipping').configuration)
    if (origin !== 'built-in') console.log(`${path} = ${String(value)}, as the ${origin} says`);
  // docs:end application-configuration

  // docs:begin application-registry
  const audit = await app.registry.register({
    id: 'audit',
    where: 'the audit of this run',
    properties: { topics: [`${orders}-shipped`], groupId: `audit-of-${orders}`, valueSerde: json<Order>() },
    listener: (record) => {
      audited.push((record.value as Order).id);
      notifyShipped();
    },
  });
  audit.configure({ concurrency: 2 });
  // docs:end application-registry

  const template = container.get<KafkaTemplate<string, Order>>(KafkaTemplate);
  await template.send(orders, { id: 'o-1', customer: 'c-1', total: 12 }, { key: 'c-1' });
  await isShipped;

  const desk = container.get(Desk);
  const answers = [await fetch(`${desk.url}/health`), await fetch(`${desk.url}/price`)];
  if (answers.some(({ ok }) => !ok) || (await answers[1]?.text()) !== '42') throw new Error('the desk did not answer');

  // docs:begin application-stop
  const { steps, listeners } = await app.stop();
  for (const { step, outcome, tookMs } of steps) console.log(`${step}: ${outcome} after ${tookMs} ms`);
  console.log(`shipping drained: ${String(listeners.get('shipping')?.drained)}`);
  // docs:end application-stop
  await using admin = new KafkaAdmin(kafka);
  await admin.deleteTopics(['shipped', 'prices', 'replies'].map((name) => `${orders}-${name}`));
});

if (shipped.join() !== 'o-1' || audited.join() !== 'o-1')
  throw new Error(`shipped ${shipped.join()}, audited ${audited.join()}`);
console.log('the order was shipped once, and audited once');
