// The module as before; what listens says so itself.
import { KafkaListener, kafkaModule, listenersModule, Payload, startKafka } from '@hearken/inversify';
import { json, KafkaTemplate } from 'hearken';
import { Container, inject, injectable } from 'inversify';
import type { Order } from '../setting.js';
import {
  executors,
  Journal,
  JournalingProducerListener,
  orders,
  sendOrders,
  withKafka,
  type ExecutorName,
} from './setting.js';

const on = (name: ExecutorName) => ({
  topics: [orders],
  groupId: `${orders}-${name}`,
  valueSerde: json<Order>(),
  taskExecutor: executors[name],
});

@injectable()
class Billing {
  readonly #journal: Journal;
  constructor(@inject(Journal) journal: Journal) {
    this.#journal = journal;
  }

  @KafkaListener(on('sync'))
  billInTurn(@Payload() order: Order): void {
    this.#journal.write(`sync: billed ${order.id}`);
  }

  @KafkaListener(on('async'))
  billAtOnce(@Payload() order: Order): void {
    this.#journal.write(`async: billed ${order.id}`);
  }

  @KafkaListener(on('pooled'))
  billInPool(@Payload() order: Order): void {
    this.#journal.write(`pooled: billed ${order.id}`);
  }
}

await withKafka(async (kafka) => {
  const container = new Container();
  container.bind(Journal).toSelf();
  container.load(
    kafkaModule({
      clusters: { default: kafka },
      consumer: { autoOffsetReset: 'earliest' },
      templates: {
        default: (beans) => ({
          valueSerde: json(),
          producerListener: new JournalingProducerListener(beans.get(Journal)),
        }),
      },
    }),
    listenersModule(Billing),
  );

  await using application = await startKafka(container);
  await sendOrders(container.get<KafkaTemplate<string, Order>>(KafkaTemplate));
  await container.get(Journal).completed;
  await application.stop();
});
