import { randomUUID } from 'node:crypto';
import { DefaultKafkaConsumerFactory, MessageListenerContainer } from 'hearken';
import { connectConsumer, PARTITIONS_CONSUMED_CONCURRENTLY } from '../kafkajs-peer.js';
import { COMMON_SETTINGS, defineScenario, type Figures, type Turn, type TurnContext } from '../scenario.js';
import { committedRecords, deleteGroup } from '../topics.js';
import { Tally } from '../tally.js';

const settings = {
  ...COMMON_SETTINGS,
  /** Records in the topic; a turn reads all of them. */
  n: 2_000_000,
  keys: 100_000,
  /** Hearken, key order: listeners running at once. */
  concurrency: 100,
};
type ConsumeSettings = typeof settings;

type Context = TurnContext<ConsumeSettings>;

/** No-op listeners, from the first record to the last; both sides commit, and it is checked that they did. */
export const consume = defineScenario<ConsumeSettings>({
  settings,
  topic: ({ partitions, n, keys, size }) => ({ partitions, records: n, keys, size }),
  contests: {
    'partition order': {
      hearken: committed((context, groupId) => hearken(context, groupId, 'partition')),
      peers: { 'kafkajs eachBatch': committed((context, groupId) => kafkajs(context, groupId, 'eachBatch')) },
      compared: ['perSecond'],
      gates: [{ figure: 'perSecond', against: 'kafkajs eachBatch', atLeast: 2 }],
    },
    'key order': {
      hearken: committed((context, groupId) => hearken(context, groupId, 'key')),
      peers: { 'kafkajs eachMessage': committed((context, groupId) => kafkajs(context, groupId, 'eachMessage')) },
      compared: ['perSecond'],
      gates: [{ figure: 'perSecond', against: 'kafkajs eachMessage', atLeast: 1 }],
    },
  },
});

/** Gives the turn a group of its own and rejects unless that group has committed every record. */
function committed(read: (context: Context, groupId: string) => Promise<Figures>): Turn<ConsumeSettings> {
  return async (context) => {
    const { brokers, topic, settings } = context;
    const groupId = `bench-${randomUUID()}`;
    const figures = await read(context, groupId);
    const records = await committedRecords(brokers, groupId, topic);
    await deleteGroup(brokers, groupId);
    if (records !== settings.n) throw new Error(`${records} of ${settings.n} records are committed`);
    return figures;
  };
}

async function hearken(context: Context, groupId: string, ordering: 'partition' | 'key'): Promise<Figures> {
  const { brokers, topic, settings } = context;
  const tally = new Tally(settings.n, settings.size);
  const container = new MessageListenerContainer(
    new DefaultKafkaConsumerFactory({ brokers, clientId: 'bench-hearken' }, { groupId, autoOffsetReset: 'earliest' }),
    {
      topics: [topic],
      ordering,
      concurrency: ordering === 'key' ? settings.concurrency : settings.partitions,
      // eslint-disable-next-line @typescript-eslint/require-await -- as a user's listener is
      listener: async (record) => {
        tally.count(record.value);
      },
    },
  );
  try {
    await container.start();
    return await tally.figures();
  } finally {
    await container.stop();
  }
}

async function kafkajs(context: Context, groupId: string, form: 'eachBatch' | 'eachMessage'): Promise<Figures> {
  const { brokers, topic, settings } = context;
  const tally = new Tally(settings.n, settings.size);
  const consumer = await connectConsumer(brokers, groupId);
  const handlers = {
    // eslint-disable-next-line @typescript-eslint/require-await
    eachBatch: async ({ batch }: { batch: { messages: { value: Buffer | null }[] } }) => {
      for (const message of batch.messages) tally.count(message.value);
    },
    // eslint-disable-next-line @typescript-eslint/require-await
    eachMessage: async ({ message }: { message: { value: Buffer | null } }) => {
      tally.count(message.value);
    },
  };
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      partitionsConsumedConcurrently: PARTITIONS_CONSUMED_CONCURRENTLY,
      [form]: handlers[form],
    });
    return await tally.figures();
  } finally {
    await consumer.disconnect();
  }
}
