import { randomInt, randomUUID } from 'node:crypto';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaTemplate,
  MessageListenerContainer,
} from 'hearken';
import { connectConsumer, connectProducer, PARTITIONS_CONSUMED_CONCURRENTLY } from '../kafkajs-peer.js';
import { LatencyProbe } from '../latency-probe.js';
import { COMMON_SETTINGS, defineScenario, type Figures, type TurnContext } from '../scenario.js';
import { deleteGroup } from '../topics.js';

const settings = {
  ...COMMON_SETTINGS,
  keys: 1000,
  /** Sends a second, evenly spaced as far as timers go. */
  rate: 1000,
  /** Not measured, at the beginning of a turn. */
  settleMs: 2000,
  measureMs: 8000,
};
type LatencySettings = typeof settings;

/** From before `send` to the listener, in one process, with commits on. */
export const latency = defineScenario<LatencySettings>({
  settings,
  topic: ({ partitions, size, keys }) => ({ partitions, records: 0, keys, size }),
  contests: {
    'end to end': {
      hearken,
      peers: { kafkajs, 'kafka-ts': kafkaTs },
      compared: ['p50Ms', 'p99Ms'],
      gates: [
        { figure: 'p50Ms', atMost: 1 },
        { figure: 'p99Ms', atMost: 5 },
      ],
    },
  },
});

async function hearken({ brokers, topic, settings }: TurnContext<LatencySettings>): Promise<Figures> {
  const kafka = { brokers, clientId: 'bench-hearken' };
  const groupId = `bench-${randomUUID()}`;
  const probe = new LatencyProbe(settings, randomInt(2 ** 31));
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka));
  const container = new MessageListenerContainer(
    new DefaultKafkaConsumerFactory(kafka, { groupId, autoOffsetReset: 'latest' }),
    {
      topics: [topic],
      concurrency: settings.partitions,
      // eslint-disable-next-line @typescript-eslint/require-await -- as a user's listener is
      listener: async (record) => {
        probe.received(record.value);
      },
    },
  );
  try {
    await container.start();
    const figures = await probe.run(({ key, value }) => template.send(topic, value, { key }));
    return { ...figures, commitsPerSecond: commitRate(container.metrics().commits, settings) };
  } finally {
    await container.stop();
    await template.close();
    await deleteGroup(brokers, groupId);
  }
}

async function kafkajs({ brokers, topic, settings }: TurnContext<LatencySettings>): Promise<Figures> {
  const groupId = `bench-${randomUUID()}`;
  const probe = new LatencyProbe(settings, randomInt(2 ** 31));
  const producer = await connectProducer(brokers);
  const consumer = await connectConsumer(brokers, groupId);
  const joined = new Promise<void>((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
  try {
    await consumer.subscribe({ topics: [topic] });
    await consumer.run({
      partitionsConsumedConcurrently: PARTITIONS_CONSUMED_CONCURRENTLY,
      // eslint-disable-next-line @typescript-eslint/require-await
      eachMessage: async ({ message }) => {
        probe.received(message.value);
      },
    });
    await joined;
    return await probe.run((message) => producer.send({ topic, messages: [message] }));
  } finally {
    await consumer.disconnect();
    await producer.disconnect();
    await deleteGroup(brokers, groupId);
  }
}

/** `fetch` long polls; its consumer commits after every batch. Keys and values are strings to its producer. */
async function kafkaTs({ brokers, topic, settings }: TurnContext<LatencySettings>): Promise<Figures> {
  const { kafkaTsClient } = await import('../kafka-ts-peer.js'); // an earlier commit may not have it installed
  const groupId = `bench-${randomUUID()}`;
  const probe = new LatencyProbe(settings, randomInt(2 ** 31));
  const client = kafkaTsClient(brokers);
  const producer = client.createProducer({});
  const consumer = await client.startConsumer({
    groupId,
    topics: [topic],
    onBatch: (messages) => {
      for (const { value } of messages) probe.received(value === null ? null : Buffer.from(value, 'latin1'));
    },
  });
  try {
    return await probe.run(({ key, value }) =>
      producer.send([{ topic, key: key.toString('latin1'), value: value.toString('latin1') }]),
    );
  } finally {
    await consumer.close();
    await producer.close();
    await deleteGroup(brokers, groupId);
  }
}

/** A commit takes the broker 5 ms, in which nobody may wait. Rejects if there were none to wait for. */
function commitRate(commits: number, { settleMs, measureMs }: LatencySettings): number {
  const perSecond = (commits * 1000) / (settleMs + measureMs);
  if (perSecond < 1) throw new Error(`${commits} commits in the whole turn`);
  return perSecond;
}
