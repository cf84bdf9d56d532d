import { connectProducer } from '../kafkajs-peer.js';
import { COMMON_SETTINGS, defineScenario, type Turn } from '../scenario.js';
import { sendBatches, sendEach } from '../send-driver.js';
import { hearkenSender, kafkajsSender, kafkaTsSender, type Connect } from '../senders.js';

const settings = {
  ...COMMON_SETTINGS,
  /** Records a turn sends. */
  n: 1_000_000,
  /** Records a turn sends where a record is a request. */
  slowN: 100_000,
  keys: 100_000,
  /** Where a record is a call: promises outstanding, at most. */
  outstanding: 10_000,
  /** kafkajs' `sendBatch`: records a call. */
  batch: 1000,
  /** kafkajs' `sendBatch`: calls outstanding. */
  parallel: 1,
};
type ProduceSettings = typeof settings;
type ProduceTurn = Turn<ProduceSettings>;

const compared = ['perSecond', 'cpuMicrosPerMessage'];

/** A promise a record, beside ready batches and beside what peers have for one record. */
export const produce = defineScenario<ProduceSettings>({
  settings,
  topic: ({ partitions, size, keys }) => ({ partitions, records: 0, keys, size }),
  contests: {
    send: {
      hearken: each(hearkenSender),
      peers: {
        'kafkajs sendBatch': kafkajsBatches,
        'kafkajs send': (context) => each(kafkajsSender)(withCount(context, context.settings.slowN)),
        'kafka-ts send': each(kafkaTsSender),
      },
      compared,
      gates: [
        { figure: 'perSecond', against: 'kafkajs sendBatch', atLeast: 4 },
        { figure: 'perSecond', against: 'kafkajs send', atLeast: 35 },
        { figure: 'perSecond', against: 'kafka-ts send', atLeast: 2 },
      ],
    },
  },
});

/** With larger values bytes count for more than records. */
export const produce1k = defineScenario<ProduceSettings>({
  settings: { ...settings, n: 200_000, size: 1024 },
  topic: ({ partitions, size, keys }) => ({ partitions, records: 0, keys, size }),
  contests: {
    send: {
      hearken: each(hearkenSender),
      peers: { 'kafkajs sendBatch': kafkajsBatches },
      compared,
      gates: [{ figure: 'perSecond', against: 'kafkajs sendBatch', atLeast: 3 }],
    },
  },
});

function each<T>(connect: Connect<T>): ProduceTurn {
  return async ({ brokers, topic, settings }) => {
    const sender = await connect(brokers);
    try {
      return await sendEach(settings, settings.outstanding, topic, sender);
    } finally {
      await sender.close();
    }
  };
}

const withCount = (context: Parameters<ProduceTurn>[0], n: number): Parameters<ProduceTurn>[0] => ({
  ...context,
  settings: { ...context.settings, n },
});

async function kafkajsBatches({ brokers, topic, settings }: Parameters<ProduceTurn>[0]): ReturnType<ProduceTurn> {
  const producer = await connectProducer(brokers);
  try {
    return await sendBatches(settings, settings, (messages) =>
      producer.sendBatch({ topicMessages: [{ topic, messages }] }),
    );
  } finally {
    await producer.disconnect();
  }
}
