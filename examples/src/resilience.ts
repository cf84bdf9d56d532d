import {
  AsyncTaskExecutor,
  BulkheadTaskExecutor,
  CircuitBreakerTaskExecutor,
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  ExponentialBackOff,
  json,
  KafkaTemplate,
  MessageListenerContainer,
  RateLimitedTaskExecutor,
  TimeoutTaskExecutor,
  type ConsumerRecord,
  type ListenerContext,
} from 'hearken';
import { kafka, orders, someOrders, withOrders, type Order } from './setting.js';

const ORDERS = 200;

/** A payment service that fails and hangs for its first calls. */
let callsOfBank = 0;
const bank = {
  charge: (_order: Order, signal: AbortSignal): Promise<void> => {
    const call = callsOfBank++;
    if (call < 10) return Promise.reject(new Error('503 Service Unavailable'));
    if (call < 12)
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    return Promise.resolve();
  },
};

await withOrders(async () => {
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka), { valueSerde: json<Order>() });
  await Promise.all(someOrders(ORDERS).map((order) => template.send(orders, order, { key: order.customer })));
  await template.close();
  const factory = new DefaultKafkaConsumerFactory(kafka, { autoOffsetReset: 'earliest' });
  const states: string[] = [];
  const charged = new Set<string>();
  let mailed = 0;
  let allDone = (): void => undefined;
  const done = new Promise<void>((resolve) => (allDone = resolve));
  const check = (): void => {
    if (charged.size === ORDERS && mailed === ORDERS) allDone();
  };
  async function charge({ value }: ConsumerRecord<unknown, Order>, { signal }: ListenerContext): Promise<void> {
    await bank.charge(value, signal);
    charged.add(value.id);
    check();
  }
  function mail(): void {
    mailed++;
    check();
  }

  // docs:begin composed
  const pool = new AsyncTaskExecutor({ concurrency: 20 });
  const { payments, mails } = BulkheadTaskExecutor.divide(pool, {
    payments: { guaranteed: 10 }, // and up to 15: what is guaranteed to nobody is lent
    mails: { guaranteed: 5 }, // there at once, however many payments hang
  });
  const timed = new TimeoutTaskExecutor(payments, { timeoutMs: 100 });
  const guarded = new CircuitBreakerTaskExecutor(timed, { slidingWindowSize: 10, waitDurationInOpenStateMs: 200 });
  const limited = new RateLimitedTaskExecutor(guarded, { limitForPeriod: 1_000 }); // what the bank allows a second

  guarded.on('state:changed', ({ next }) => states.push(next));
  const common = { topics: [orders], valueSerde: json<Order>(), ordering: 'key' } as const;
  const paying = new MessageListenerContainer(factory, {
    ...common,
    groupId: `payments-of-${orders}`,
    taskExecutor: limited,
    listener: charge, // hands context.signal on to what it calls
    errorHandler: new DefaultErrorHandler({
      backOff: new ExponentialBackOff({ initialIntervalMs: 50, maxIntervalMs: 1_000 }), // the breaker spares the bank: no end
    }),
  });
  const mailing = new MessageListenerContainer(factory, {
    ...common,
    groupId: `mails-of-${orders}`,
    taskExecutor: mails,
    listener: mail,
  });
  // docs:end composed

  await Promise.all([paying.start(), mailing.start()]);
  await done;
  const [paid] = await Promise.all([paying.stop(), mailing.stop()]);
  console.log(
    `${charged.size} charged and ${mailed} mailed, drained: ${paid.drained}; the breaker was ${states.join(', ')}`,
  );
});
