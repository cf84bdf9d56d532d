import {
  Ack,
  Context,
  Header,
  KafkaHandler,
  KafkaListener,
  kafkaModule,
  listenersModule,
  Payload,
  SendTo,
  Signal,
  startKafka,
} from '@hearken/inversify';
import { DefaultErrorHandler, json, KafkaAdmin, KafkaTemplate } from 'hearken';
import type { Acknowledgment, Bytes, ConsumerRecord, ErrorHandler, ListenerContext } from 'hearken';
import { Container, inject, injectable } from 'inversify';
import { z } from 'zod';
import { kafka, orders, someOrders, withOrders } from './setting.js';

const ORDERS = 10;
const [bills, payments] = [`${orders}-bills`, `${orders}-payments`];

interface Bill {
  readonly order: string;
  readonly amount: number;
}

interface Settings {
  readonly audited: readonly string[];
}

const AUDIT_ERRORS = Symbol('audit errors');

@injectable('Singleton')
class Ledger {
  readonly #lines = new Set<string>();
  #waiting: (() => void)[] = [];

  async save(line: string, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#lines.add(line);
    console.log(line);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async has(count: number): Promise<void> {
    while (this.#lines.size < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

// docs:begin bean
const orderSchema = z.object({ id: z.string(), customer: z.string(), total: z.number() });
type Order = z.infer<typeof orderSchema>;

@injectable()
class Billing {
  readonly #ledger: Ledger;
  constructor(@inject(Ledger) ledger: Ledger) {
    this.#ledger = ledger;
  }

  @KafkaListener({ topics: [orders], groupId: `${orders}-billing`, ordering: 'key', concurrency: 10 })
  @SendTo(bills)
  async bill(@Payload(orderSchema) order: Order, @Signal() signal: AbortSignal): Promise<Bill> {
    await this.#ledger.save(`billed ${order.id}`, signal);
    return { order: order.id, amount: order.total };
  }
}
// docs:end bean

@injectable()
class Archive {
  readonly #ledger: Ledger;
  constructor(@inject(Ledger) ledger: Ledger) {
    this.#ledger = ledger;
  }

  // docs:begin plain
  @KafkaListener({ topics: [bills], groupId: `${orders}-archive`, valueSerde: json<Bill>() })
  async keep(record: ConsumerRecord<Bytes, Bill>, context: ListenerContext): Promise<void> {
    await this.#ledger.save(`kept the bill of ${record.value.order}`, context.signal);
  }
  // docs:end plain

  // docs:begin batch
  @KafkaListener({ topics: [bills], groupId: `${orders}-sums`, batch: { maxRecords: 100 } })
  sum(@Payload() list: readonly Bill[], @Header('currency') currencies: readonly (string | undefined)[]): void {
    const sum = list.reduce((before, { amount }) => before + amount, 0);
    console.log(`${sum} in ${list.length} bills, in ${new Set(currencies).size} currencies`);
  }
  // docs:end batch

  // docs:begin looked-up
  @KafkaListener({
    id: 'audit',
    topics: (container) => container.get<Settings>('settings').audited, // a function of the container
    groupId: `${orders}-audit`,
    errorHandler: AUDIT_ERRORS, // a token
    ackMode: 'manual',
    autoStartup: false,
  })
  audit(@Payload() bill: Bill, @Ack() acknowledgment: Acknowledgment, @Context() { logger }: ListenerContext): void {
    logger.info({ bill }, 'audited');
    acknowledgment.acknowledge();
  }
  // docs:end looked-up
}

// docs:begin handlers
@injectable()
@KafkaListener({ topics: [payments], groupId: `${orders}-payments`, discriminator: 'type' })
class Payments {
  readonly #ledger: Ledger;
  constructor(@inject(Ledger) ledger: Ledger) {
    this.#ledger = ledger;
  }

  @KafkaHandler('paid')
  async paid(@Payload(z.object({ order: z.string() })) { order }: { order: string }): Promise<void> {
    await this.#ledger.save(`${order} is paid`);
  }

  @KafkaHandler({ isDefault: true })
  async other(@Header('type') type: string | undefined): Promise<void> {
    await this.#ledger.save(`what is ${type}?`);
  }
}
// docs:end handlers

await withOrders(async () => {
  const admin = new KafkaAdmin(kafka);
  await admin.createTopics([{ topic: bills }, { topic: payments }]);

  // docs:begin start
  const container = new Container();
  container.bind(Ledger).toSelf();
  container.bind<Settings>('settings').toConstantValue({ audited: [bills] });
  container.bind<ErrorHandler>(AUDIT_ERRORS).toConstantValue(new DefaultErrorHandler());
  container.load(
    kafkaModule({
      clusters: { default: kafka },
      consumer: { autoOffsetReset: 'earliest' },
      templates: { default: { valueSerde: json() } },
      factories: { default: { valueSerde: json() } }, // what holds for all containers
    }),
    listenersModule(Billing, Archive, Payments),
  );
  const application = await startKafka(container);
  // docs:end start

  const template = container.get<KafkaTemplate<string, unknown>>(KafkaTemplate);
  for (const order of someOrders(ORDERS)) await template.send(orders, order, { key: order.customer });
  await template.send(payments, { order: 'o-1' }, { headers: { type: 'paid' } });
  await template.send(payments, 'nothing', { headers: { type: 'parcel' } });
  await container.get(Ledger).has(2 * ORDERS + 2);

  await application.stop();
  console.log('all is kept');
  await admin.deleteTopics([bills, payments]);
  await admin.close();
});
