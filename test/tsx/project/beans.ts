import { KafkaTemplate, type Acknowledgment, type ConsumerRecord, type ListenerContext } from 'hearken';
import { Ack, Context, Header, KafkaHandler, KafkaListener, Payload, Record, SendTo, Signal } from '@hearken/inversify';
import { inject, injectable } from 'inversify';

interface Order {
  readonly id: string;
  readonly total: number;
}

interface Bill {
  readonly of: string;
}

/** A Standard Schema, as a library would make it. */
const orderSchema = {
  '~standard': {
    version: 1 as const,
    vendor: 'by-hand',
    types: undefined as { input: unknown; output: Order } | undefined,
    validate(value: unknown) {
      const { id, total } = value as Order;
      return typeof id === 'string' ? { value: { id, total } } : { issues: [{ message: 'is no text', path: ['id'] }] };
    },
  },
};

@injectable('Singleton')
export class Ledger {
  readonly lines: string[] = [];
  #isFull: () => void = () => undefined;
  readonly full = new Promise<void>((resolve) => (this.#isFull = resolve));

  write(line: string): void {
    if (this.lines.push(line) === 2) this.#isFull();
  }
}

/** The compiler leaves no types of parameters behind, so `@inject` says what is meant. */
@injectable()
export class Billing {
  readonly #ledger: Ledger;

  constructor(@inject(Ledger) ledger: Ledger) {
    this.#ledger = ledger;
  }

  @KafkaListener({ topics: ['orders'], groupId: 'billing', ackMode: 'manual' })
  @SendTo('bills')
  bill(
    @Payload(orderSchema) order: Order,
    @Header('trace') trace: string | undefined,
    @Record() record: ConsumerRecord<unknown, unknown>,
    @Ack() acknowledgment: Acknowledgment,
    @Signal() signal: AbortSignal,
    @Context() { attempt }: ListenerContext,
  ): Bill {
    this.#ledger.write(`${order.id} ${order.total} ${trace} ${record.topic} ${signal.aborted} ${attempt}`);
    acknowledgment.acknowledge();
    return { of: order.id };
  }
}

@injectable()
@KafkaListener({ topics: ['bills'], groupId: 'books', discriminator: () => 'bill' })
export class Books {
  readonly #ledger: Ledger;
  readonly #template: KafkaTemplate;

  constructor(@inject(Ledger) ledger: Ledger, @inject(KafkaTemplate) template: KafkaTemplate) {
    this.#ledger = ledger;
    this.#template = template;
  }

  @KafkaHandler('bill')
  async book(@Payload() bill: Bill): Promise<void> {
    await this.#template.flush();
    this.#ledger.write(`bill of ${bill.of}`);
  }
}
