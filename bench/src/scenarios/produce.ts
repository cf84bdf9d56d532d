import { DefaultKafkaProducerFactory, KafkaTemplate } from 'hearken';
import { connectProducer } from '../kafkajs-peer.js';
import { Carousel, payloads } from '../payloads.js';
import { COMMON_SETTINGS, defineScenario, type Figures, type TurnContext } from '../scenario.js';
import { Stopwatch } from '../stopwatch.js';

const settings = {
  ...COMMON_SETTINGS,
  /** Records a turn sends. */
  n: 1_000_000,
  keys: 100_000,
  /** Hearken: promises outstanding, at most. */
  outstanding: 2_000,
  /** kafkajs: records a call. */
  batch: 1000,
  /** kafkajs: calls outstanding. */
  parallel: 1,
};
type ProduceSettings = typeof settings;

const DISTINCT_PAYLOADS = 20_000;
/** Sent before the stopwatch starts: connections, metadata, sequence numbers. */
const FIRST_RECORDS = 10_000;

/** `acks: 'all'` and no compression on both sides. */
export const produce = defineScenario<ProduceSettings>({
  settings,
  topic: ({ partitions, size, keys }) => ({ partitions, records: 0, keys, size }),
  contests: {
    send: { hearken, kafkajs, compared: 'perSecond', gate: { figure: 'ratio', atLeast: 3 } },
  },
});

/** One `send` and one promise a record, awaited in two alternating halves: half of them are always outstanding. */
async function hearken({ brokers, topic, settings }: TurnContext<ProduceSettings>): Promise<Figures> {
  const source = new Carousel(payloads(DISTINCT_PAYLOADS, settings.keys, settings.size));
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory({ brokers, clientId: 'bench-hearken' }));
  const half = settings.outstanding / 2;
  const send = async (count: number): Promise<void> => {
    let before: Promise<unknown> = Promise.resolve();
    for (let sent = 0; sent < count; sent += half) {
      const sends = Array.from({ length: half }, () => {
        const { key, value } = source.next();
        return template.send(topic, value, { key });
      });
      await before;
      before = Promise.all(sends);
    }
    await before;
  };
  try {
    await send(FIRST_RECORDS);
    const stopwatch = new Stopwatch();
    await send(settings.n);
    return stopwatch.lap(settings.n);
  } finally {
    await template.close();
  }
}

/** Ready batches: what `send` of one record at a time reaches is ten times less. */
async function kafkajs({ brokers, topic, settings }: TurnContext<ProduceSettings>): Promise<Figures> {
  const source = [...payloads(DISTINCT_PAYLOADS, settings.keys, settings.size)];
  const batches = new Carousel(
    Array.from({ length: source.length / settings.batch }, (_, i) =>
      source.slice(i * settings.batch, (i + 1) * settings.batch),
    ),
  );
  const producer = await connectProducer(brokers);
  const send = async (count: number): Promise<void> => {
    let sent = 0;
    const lane = async (): Promise<void> => {
      for (; sent < count; sent += settings.batch) {
        await producer.sendBatch({ topicMessages: [{ topic, messages: batches.next() }], acks: -1 });
      }
    };
    await Promise.all(Array.from({ length: settings.parallel }, lane));
  };
  try {
    await send(FIRST_RECORDS);
    const stopwatch = new Stopwatch();
    await send(settings.n);
    return stopwatch.lap(settings.n);
  } finally {
    await producer.disconnect();
  }
}
