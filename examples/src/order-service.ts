// A service to lift. Orders come in by HTTP, are approved by request and reply, prepared by priority, shipped in order for each
// customer; what cannot be shipped becomes a dead letter. Any number of processes share the work, and SIGTERM drains one.
//   HEARKEN_BROKERS=host:9092 PORT=8080 node examples/dist/order-service.js     (without brokers it brings its own)
//   curl localhost:8080/orders -d '{"id":"o-1","customer":"c-1","address":"High St 1","total":12,"level":"urgent"}'
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json as jsonOf } from 'node:stream/consumers';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import {
  Header,
  KafkaListener,
  kafkaModule,
  listenersModule,
  newTopic,
  Payload,
  SendTo,
  startKafka,
  type KafkaApplication,
} from '@hearken/inversify';
import {
  codeOf,
  DeadLetterPublishingRecoverer,
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  ExponentialBackOff,
  json,
  KafkaTemplate,
  PriorityKafkaTemplate,
  ReplyingKafkaTemplate,
} from 'hearken';
import { Container, inject, injectable, named } from 'inversify';
import { z } from 'zod';

const SERVICE = process.env.ORDER_SERVICE ?? 'order-service'; // what names of topics and groups begin with
const LEVELS = ['bulk', 'normal', 'urgent'] as const;
const CREDIT = 10_000;
const REPLY_TIMEOUT_MS = 30_000;
const [orders, approvals, replies, shipments] = ['orders', 'approvals', 'replies', 'shipments'].map(
  (name) => `${SERVICE}-${name}`,
) as [string, string, string, string];

const orderSchema = z.object({
  id: z.string(),
  customer: z.string(),
  address: z.string(),
  total: z.number().positive(),
  level: z.enum(LEVELS).default('normal'),
});
type Order = z.infer<typeof orderSchema>;

interface Approval {
  readonly approved: boolean;
}

@injectable()
class Approvals {
  @KafkaListener({ topics: [approvals], groupId: `${SERVICE}-approvals`, concurrency: 50 })
  @SendTo() // where the request wants its reply
  approve(@Payload(orderSchema) { total }: Order): Approval {
    return { approved: total <= CREDIT };
  }
}

@injectable()
class Warehouse {
  readonly #template: KafkaTemplate<string, Order>;
  constructor(@inject(KafkaTemplate) template: KafkaTemplate<string, Order>) {
    this.#template = template;
  }

  /** Urgent orders overtake others, and nothing starves. */
  @KafkaListener({ topics: [orders], groupId: `${SERVICE}-warehouse`, levels: LEVELS, capacity: 20, ordering: 'key' })
  async prepare(@Payload(orderSchema) order: Order): Promise<void> {
    await this.#template.send(shipments, order, { key: order.customer });
  }
}

@injectable()
class Shipping {
  /** One parcel after the other for each customer, many customers at once. */
  @KafkaListener({ topics: [shipments], groupId: `${SERVICE}-shipping`, ordering: 'key', concurrency: 20 })
  async ship(@Payload(orderSchema) { id, address }: Order): Promise<void> {
    await new Promise(setImmediate); // the parcel service is asked here
    if (address === '') throw new RangeError(`${id} has no address`);
    console.log(`shipped ${id}`);
  }

  @KafkaListener({ topics: [`${shipments}-dlt`], groupId: `${SERVICE}-complaints` })
  complain(@Header('kafka_dlt-exception-message') reason: string | undefined): void {
    console.log(`gave up: ${reason}`);
  }
}

interface Answer {
  readonly status: number;
  readonly content: unknown;
}

@injectable('Singleton')
class Desk {
  readonly #template: PriorityKafkaTemplate<string, Order>;
  readonly #asking: ReplyingKafkaTemplate<string, Order, Buffer | null, Approval>;

  constructor(
    @inject(PriorityKafkaTemplate) @named('orders') template: PriorityKafkaTemplate<string, Order>,
    @inject(DefaultKafkaProducerFactory) producers: DefaultKafkaProducerFactory,
    @inject(DefaultKafkaConsumerFactory) consumers: DefaultKafkaConsumerFactory,
  ) {
    this.#template = template;
    const valueSerde = json<Approval>();
    this.#asking = new ReplyingKafkaTemplate(producers, consumers, {
      valueSerde: json<Order>(),
      replies: { topic: replies, valueSerde, timeoutMs: REPLY_TIMEOUT_MS },
    });
  }

  async open(application: KafkaApplication): Promise<Server> {
    await this.#asking.start();
    const server = createServer((request, response) => {
      void this.#answer(request, application)
        .catch((error: unknown) => ({
          status: codeOf(error) === 'REPLY_TIMED_OUT' ? 504 : 500,
          content: String(error),
        }))
        .then(({ status, content }) => response.writeHead(status).end(JSON.stringify(content)));
    });
    await once(server.listen(Number(process.env.PORT ?? 8080)), 'listening');
    return server;
  }

  close(): Promise<void> {
    return this.#asking.close();
  }

  #answer(request: IncomingMessage, application: KafkaApplication): Promise<Answer> {
    switch (`${request.method} ${request.url}`) {
      case 'POST /orders':
        return this.#take(request);
      case 'GET /health': {
        const { ready, status } = application.health();
        return Promise.resolve({ status: ready ? 200 : 503, content: status });
      }
      default:
        return Promise.resolve({ status: 404, content: 'POST /orders, or GET /health' });
    }
  }

  async #take(request: IncomingMessage): Promise<Answer> {
    const { data: order, error } = orderSchema.safeParse(await jsonOf(request).catch(() => undefined));
    if (order === undefined) return { status: 400, content: z.prettifyError(error) };
    const { value } = await this.#asking.sendAndReceive(approvals, order, { key: order.customer });
    if (!value.approved) return { status: 402, content: `${order.id} is beyond the credit of ${order.customer}` };
    const { metadata } = await this.#template.send(orders, order.level, order, { key: order.customer });
    return { status: 202, content: { topic: metadata.topic, partition: metadata.partition } };
  }
}

const given = process.env.HEARKEN_BROKERS;
const embedded = given ? undefined : await EmbeddedKafka.start({ autoCreate: false });
const worked = [...LEVELS.map((_, level) => `${orders}-${level}`), approvals, shipments];
const container = new Container();
container.bind(Desk).toSelf();
container.load(
  kafkaModule({
    clusters: { default: { brokers: embedded?.brokers ?? given?.split(',') ?? [], clientId: SERVICE } },
    // Who leaves or comes moves only what has to move: the others go on.
    consumer: { autoOffsetReset: 'earliest', partitionAssignors: ['cooperative-sticky'] },
    templates: { default: { valueSerde: json() }, orders: { levels: LEVELS, valueSerde: json() } },
    factories: {
      default: (beans) => ({
        errorHandler: new DefaultErrorHandler({
          backOff: new ExponentialBackOff({ initialIntervalMs: 100, maxRetries: 2 }),
          recoverer: new DeadLetterPublishingRecoverer(beans.get(KafkaTemplate)),
        }),
      }),
    },
    topics: [replies, ...worked, ...worked.map((topic) => `${topic}-dlt`)].map((topic) =>
      newTopic(topic, { partitions: 4 }),
    ),
  }),
  listenersModule(Approvals, Warehouse, Shipping),
);
const application = await startKafka(container, { signals: false }); // orders that are at the desk go first
const desk = container.get(Desk);
const server = await desk.open(application);
console.log(`orders are taken at http://localhost:${(server.address() as AddressInfo).port}/orders`);

await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT'), application.finished]);
await new Promise((resolve) => server.close(resolve)); // takes no more, and answers those it took
await desk.close();
const { steps } = await application.stop();
await embedded?.stop();
const undone = steps.filter(({ outcome }) => outcome !== 'done');
console.log(undone.length === 0 ? 'drained' : `not drained: ${undone.map(({ step }) => step).join(', ')}`);
process.exitCode = undone.length === 0 ? 0 : 1;
