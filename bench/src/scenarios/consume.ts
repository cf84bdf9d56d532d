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
  concurrency: 1000,
};
type ConsumeSettings = typeof settings;

type Context = TurnContext<ConsumeSettings>;

/** Commits what it read. */
type Read = (context: Context, groupId: string) => Promise<Figures>;

const eachBatch: Read = (context, groupId) => kafkajs(context, groupId, 'eachBatch');
const eachMessage: Read = (context, groupId) => kafkajs(context, groupId, 'eachMessage');

const compared = ['perSecond', 'cpuMicrosPerMessage'];

/** No-op listeners, from the first record to the last; all sides commit, and it is checked that they did. */
export const consume = defineScenario<ConsumeSettings>({
  settings,
  topic: ({ partitions, n, keys, size }) => ({ partitions, records: n, keys, size }),
  contests: {
    'partition order': {
      hearken: committed((context, groupId) => hearken(context, groupId, 'partition')),
      peers: {
        'kafkajs eachBatch': committed(eachBatch),
        'kafkajs eachMessage': committed(eachMessage),
        'kafka-ts onBatch': committed(kafkaTs),
      },
      compared,
      gates: [
        { figure: 'perSecond', against: 'kafkajs eachBatch', atLeast: 3 },
        { figure: 'perSecond', against: 'kafkajs eachMessage', atLeast: 5 },
        { figure: 'perSecond', against: 'kafka-ts onBatch', atLeast: 1.3 },
      ],
    },
    // No peer has key order: this is what it costs beside a listener that is called record by record at all.
    'key order': {
      hearken: committed((context, groupId) => hearken(context, groupId, 'key')),
      peers: { 'kafkajs eachMessage': committed(eachMessage) },
      compared,
      gates: [{ figure: 'perSecond', against: 'kafkajs eachMessage', atLeast: 1.5 }],
    },
  },
});

/** Gives the turn a group of its own and rejects unless that group has committed every record. */
function committed(read: Read): Turn<ConsumeSettings> {
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

/** It knows batches alone; its `maxWaitMs` of 5 s is no matter while there is a backlog. */
async function kafkaTs({ brokers, topic, settings }: Context, groupId: string): Promise<Figures> {
  const { kafkaTsClient } = await import('../kafka-ts-peer.js'); // an earlier commit may not have it installed
  const tally = new Tally(settings.n, settings.size);
  const consumer = await kafkaTsClient(brokers).startConsumer({
    groupId,
    topics: [topic],
    fromBeginning: true,
    onBatch: (messages) => {
      for (const message of messages) tally.count(message.value);
    },
  });
  try {
    return await tally.figures();
  } finally {
    await consumer.close();
  }
}
