import { randomUUID } from 'node:crypto';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaTemplate,
  MessageListenerContainer,
} from 'hearken';
import { connectConsumer, connectProducer } from '../kafkajs-peer.js';
import { COMMON_SETTINGS, defineScenario, type Figures, type TurnContext } from '../scenario.js';
import { cpuOver } from '../stopwatch.js';
import { deleteGroup } from '../topics.js';

const settings = {
  ...COMMON_SETTINGS,
  keys: 1,
  /** Not measured, at the beginning of a turn. */
  settleMs: 3000,
  measureMs: 10_000,
};
type IdleSettings = typeof settings;
type Context = TurnContext<IdleSettings>;

/** What one producer and one consumer of a topic cost while nothing happens: heartbeats, fetches that bring nothing, timers. */
export const idle = defineScenario<IdleSettings>({
  settings,
  topic: ({ partitions, keys, size }) => ({ partitions, records: 0, keys, size }),
  contests: {
    'template and container': {
      hearken,
      peers: { kafkajs },
      compared: ['coreShare'],
      gates: [{ figure: 'coreShare', atMost: 0.003 }],
    },
  },
});

async function hearken({ brokers, topic, settings }: Context): Promise<Figures> {
  const kafka = { brokers, clientId: 'bench-hearken' };
  const groupId = `bench-${randomUUID()}`;
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka));
  const arrival = new Arrival();
  const container = new MessageListenerContainer(new DefaultKafkaConsumerFactory(kafka, { groupId }), {
    topics: [topic],
    listener: () => arrival.happened(),
  });
  try {
    await container.start();
    await template.send(topic, 'both work');
    await arrival.promise;
    return await cpuOver(settings);
  } finally {
    await container.stop();
    await template.close();
    await deleteGroup(brokers, groupId);
  }
}

async function kafkajs({ brokers, topic, settings }: Context): Promise<Figures> {
  const groupId = `bench-${randomUUID()}`;
  const producer = await connectProducer(brokers);
  const consumer = await connectConsumer(brokers, groupId);
  const joined = new Promise<void>((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
  const arrival = new Arrival();
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    // eslint-disable-next-line @typescript-eslint/require-await
    await consumer.run({ eachMessage: async () => arrival.happened() });
    await joined;
    await producer.send({ topic, messages: [{ value: 'both work' }] });
    await arrival.promise;
    return await cpuOver(settings);
  } finally {
    await consumer.disconnect();
    await producer.disconnect();
    await deleteGroup(brokers, groupId);
  }
}

/** That a record came, so that what idles is known to work. */
class Arrival {
  happened: () => void = () => undefined;
  readonly promise = new Promise<void>((resolve) => (this.happened = resolve));
}
