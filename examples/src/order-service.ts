// A service to lift. Orders come in by HTTP, are approved by request and reply, prepared by priority, shipped in order for each
// customer; what cannot be shipped becomes a dead letter. Any number of processes share the work, and SIGTERM drains one.
//   HEARKEN_BROKERS=host:9092 PORT=8080 node examples/dist/order-service.js     (without brokers it brings its own)
//   curl localhost:8080/orders -d '{"id":"o-1","customer":"c-1","address":"High St 1","total":12,"level":"urgent"}'
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json as jsonOf } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import {
  Header,
  KafkaApplication,
  KafkaListener,
  kafkaModule,
  lifecycleModule,
  listenersModule,
  newTopic,
  Payload,
  SendTo,
  startKafka,
  type Lifecycle,
} from '@hearken/inversify';
import {
  codeOf,
  DeadLetterPublishingRecoverer,
  DefaultErrorHandler,
  ExponentialBackOff,
  json,
  KafkaTemplate,
  PriorityKafkaTemplate,
  ReplyingKafkaTemplate,
} from 'hearken';
import { Container, inject, injectable } from 'inversify';
import { z } from 'zod';

const SERVICE = process.env.ORDER_SERVICE ?? 'order-service'; // what names of topics and groups begin with
const LEVELS = ['bulk', 'normal', 'urgent'] as const;
const [CREDIT, MAX_BODY_BYTES, PARCEL_MS] = [10_000, 100_000, 100];
const REPLY_TIMEOUT_MS = Number(process.env.REPLY_TIMEOUT_MS ?? 10_000);
const of = (name: string): string => `${SERVICE}-${name}`;
const [orders, approvals, replies, shipments] = [of('orders'), of('approvals'), of('replies'), of('shipments')];

const orderSchema = z.object({
  id: z.string(),
  customer: z.string(),
  address: z.string(),
  total: z.number().positive(),
  level: z.enum(LEVELS).default('normal'),
});
type Order = z.infer<typeof orderSchema>;
const approvalSchema = z.object({ approved: z.boolean() });
type Approval = z.infer<typeof approvalSchema>;

@injectable()
class Approvals {
  @KafkaListener({ topics: [approvals], groupId: of('approvals'), concurrency: 50 })
  @SendTo() // where the request wants its reply
  approve(@Payload(orderSchema) { total }: Order): Approval {
    return { approved: total <= CREDIT };
  }
}

@injectable()
class Warehouse {
  constructor(@inject(KafkaTemplate) readonly template: KafkaTemplate<string, Order>) {}

  /** Urgent orders overtake others, and nothing starves. */
  @KafkaListener({ topics: [orders], groupId: of('warehouse'), levels: LEVELS, capacity: 20, ordering: 'key' })
  async prepare(@Payload(orderSchema) order: Order): Promise<void> {
    await this.template.send(shipments, order, { key: order.customer });
  }
}

@injectable()
class Shipping {
  /** One parcel after the other for each customer, many customers at once. */
  @KafkaListener({ topics: [shipments], groupId: of('shipping'), ordering: 'key', concurrency: 20 })
  async ship(@Payload(orderSchema) { id, address }: Order): Promise<void> {
    await delay(PARCEL_MS); // the parcel service is asked here, by id: after a crash an order may come again
    if (address === '') throw new RangeError(`${id} has no address`);
    console.log(`shipped ${id}`);
  }

  @KafkaListener({ topics: [`${shipments}-dlt`], groupId: of('complaints') })
  complain(@Header('kafka_dlt-exception-message') reason: string | undefined): void {
    console.log(`gave up: ${reason}`);
  }
}

type Answer = readonly [status: number, content: unknown];

@injectable()
class Desk implements Lifecycle {
  readonly #server = createServer((request, response) => {
    void this.#answer(request)
      .catch(apology)
      .then(([status, content]) => {
        // Closing waits for connections, and clients that have more to ask keep theirs: no longer than this answer.
        if (!this.#server.listening) response.setHeader('connection', 'close');
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
      });
  });

  constructor(
    @inject(KafkaApplication) readonly application: KafkaApplication,
    @inject(PriorityKafkaTemplate) readonly template: PriorityKafkaTemplate<string, Order>,
    @inject(ReplyingKafkaTemplate) readonly asking: ReplyingKafkaTemplate<string, Order, Buffer | null, Approval>,
  ) {}

  /** After the listeners. */
  async start(): Promise<void> {
    await once(this.#server.listen(Number(process.env.PORT ?? 8080)), 'listening');
    console.log(`orders are taken at http://localhost:${(this.#server.address() as AddressInfo).port}/orders`);
  }

  /** Before the listeners: takes no more, and answers what it took. Not for ever: some clients never say all. */
  async stop(signal: AbortSignal): Promise<void> {
    const cutOff = (): void => this.#server.closeAllConnections();
    signal.addEventListener('abort', cutOff);
    setTimeout(cutOff, 2 * REPLY_TIMEOUT_MS).unref();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    switch (`${request.method} ${request.url}`) {
      case 'POST /orders':
        return this.#take(request);
      case 'GET /health':
        return this.application.health().ready ? [200, 'ready'] : [503, 'not ready'];
      default:
        return [404, 'POST /orders, or GET /health'];
    }
  }

  async #take(request: IncomingMessage): Promise<Answer> {
    const body: unknown = await jsonOf(limited(request)).catch((error: unknown) => error);
    if (body instanceof Error) return [body instanceof RangeError ? 413 : 400, body.message];
    const { data: order, error } = orderSchema.safeParse(body);
    if (order === undefined) return [400, z.prettifyError(error)];
    const { value } = await this.asking.sendAndReceive(approvals, order, { key: order.customer });
    if (!value.approved) return [402, `${order.id} is beyond the credit of ${order.customer}`];
    const { metadata } = await this.template.send(orders, order.level, order, { key: order.customer });
    return [202, { topic: metadata.topic, partition: metadata.partition }];
  }
}

/** What is too large is read to its end and forgotten: clients listen when they have said all. */
async function* limited(request: IncomingMessage): AsyncGenerator<Buffer> {
  let left = MAX_BODY_BYTES;
  for await (const chunk of request as AsyncIterable<Buffer>) if ((left -= chunk.length) >= 0) yield chunk;
  if (left < 0) throw new RangeError(`an order has at most ${MAX_BODY_BYTES} bytes`);
}

/** What went wrong is for the log: it may tell of keys and hosts. After a 500 the order may be shipped all the same. */
function apology(error: unknown): Answer {
  console.error(error);
  return codeOf(error) === 'REPLY_TIMED_OUT' ? [504, 'nobody approved it in time'] : [500, 'it failed'];
}

const given = process.env.HEARKEN_BROKERS;
const embedded = given ? undefined : await EmbeddedKafka.start({ autoCreate: false });
const worked = [...LEVELS.map((_, level) => `${orders}-${level}`), approvals, shipments];
const container = new Container();
container.load(
  kafkaModule({
    clusters: { default: { brokers: embedded?.brokers ?? given?.split(',') ?? [], clientId: SERVICE } },
    // Who leaves or comes moves only what has to move: the others go on.
    consumer: { autoOffsetReset: 'earliest', partitionAssignors: ['cooperative-sticky'] },
    templates: {
      default: { valueSerde: json() },
      orders: { levels: LEVELS, valueSerde: json() },
      approvals: {
        valueSerde: json(),
        replies: { topic: replies, valueSerde: json(approvalSchema), timeoutMs: REPLY_TIMEOUT_MS },
      },
    },
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
  lifecycleModule(Desk),
);
const application = await startKafka(container);
await application.finished.finally(() => embedded?.stop()); // rejects, and the process ends with 1, unless all was drained
console.log('drained');
