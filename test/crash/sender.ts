// A process that sends records numbered per key until it is told to stop, or killed, and writes down each acknowledgment.
import { setTimeout as delay } from 'node:timers/promises';
import { DefaultKafkaProducerFactory, json, KafkaTemplate, silentLogger, string } from 'hearken';
import type { NumberedOrder } from '../support/numbered-orders.js';
import { SeededRandom } from '../support/seeded-random.js';
import { badNetwork } from './bad-network.js';
import { BROKER_RETURNS_MS, childSettings, untilTold } from './child.js';

const KEYS = 50;
const RECORDS_PER_TURN = 10;
/** A pace that leaves the processors to the others; nothing waits for it. */
const PACE_MS = 20;

const { who, brokers, topic, log, firstNumber, isFar, seed } = childSettings();
const network = isFar ? await badNetwork(new SeededRandom(seed)) : undefined;
const template = new KafkaTemplate(
  new DefaultKafkaProducerFactory({
    brokers,
    clientId: who,
    logger: silentLogger,
    bootstrapTimeoutMs: BROKER_RETURNS_MS,
    ...(network === undefined ? {} : { socketFactory: network.socketFactory }),
  }),
  {
    keySerde: string(),
    valueSerde: json<NumberedOrder>(),
  },
);

let sent = 0;
const told = new AbortController();
void untilTold().then(() => told.abort());
const pending = new Set<Promise<void>>();
while (!told.signal.aborted) {
  for (let i = 0; i < RECORDS_PER_TURN; i++) {
    const sending = send().finally(() => pending.delete(sending));
    pending.add(sending);
  }
  await delay(PACE_MS);
}
await Promise.all(pending);
await template.close();
await network?.stop();
log.write({ at: 'stopped', who });

async function send(): Promise<void> {
  const order = { key: `key-${sent % KEYS}`, n: firstNumber + Math.floor(sent++ / KEYS) };
  try {
    const { metadata } = await template.send(topic, order, { key: order.key });
    log.write({ at: 'sent', p: metadata.partition, o: metadata.offset, ...order });
  } catch (error) {
    log.write({ at: 'trouble', who, what: `${order.key} number ${order.n} was not sent: ${String(error)}` });
  }
}
