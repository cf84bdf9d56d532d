import { randomUUID } from 'node:crypto';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import { DefaultKafkaConsumerFactory, MessageListenerContainer } from 'hearken';
import { withEmbeddedBroker } from '../embedded-broker.js';
import { COMMON_SETTINGS, defineScenario, type Figures, type Turn, type TurnContext } from '../scenario.js';
import { sendEach } from '../send-driver.js';
import { hearkenSender } from '../senders.js';
import { reading } from '../shapes.js';
import { percentile } from '../statistics.js';
import { deleteGroup, withTopic } from '../topics.js';

const settings = {
  ...COMMON_SETTINGS,
  /** Records a turn sends or reads. */
  n: 1_000_000,
  keys: 100_000,
  outstanding: 10_000,
  /** Records of a batch that is read. */
  batch: 500,
  /** Starts, and rounds of a group, in a turn. */
  times: 20,
};
type EmbeddedSettings = typeof settings;
type EmbeddedTurn = Turn<EmbeddedSettings>;

/** Bounds what sending leaves in memory. */
const SENT_RETENTION_BYTES = 16 * 1024 * 1024;
const UNBOUNDED = -1;
/** A member hears of a rebalance with its next heartbeat: by default that takes up to 3 s. */
const HEARTBEAT_MS = 100;

const read: EmbeddedTurn = reading(({ partitions }) => ({ partitions, filled: partitions, containers: 1 }));

/** What the embedded broker costs a test, and what it carries: beside real Kafka where that does the same. */
export const embedded = defineScenario<EmbeddedSettings>({
  settings,
  topic: ({ partitions, size, keys }) => ({ partitions, records: 0, keys, size }),
  contests: {
    'start and stop': {
      hearken: ({ settings }) => starts('inline', settings),
      peers: { 'in a worker': ({ settings }) => starts('worker', settings) },
      compared: ['p50Ms'],
      gates: [{ figure: 'p50Ms', atMost: 30 }],
    },
    'join, consume, rebalance, leave': {
      hearken: onInlineBroker(rounds),
      peers: { 'real Kafka': rounds },
      compared: ['p50Ms'],
      gates: [{ figure: 'p50Ms', atMost: 1000 }],
    },
    produce: {
      hearken: onEmbeddedBroker(SENT_RETENTION_BYTES, send),
      peers: { 'real Kafka': send },
      compared: ['perSecond', 'cpuMicrosPerMessage'],
      gates: [{ figure: 'perSecond', atLeast: 400_000 }],
    },
    consume: {
      hearken: onEmbeddedBroker(UNBOUNDED, read),
      peers: { 'real Kafka': read },
      compared: ['perSecond', 'cpuMicrosPerMessage'],
      gates: [{ figure: 'perSecond', atLeast: 800_000 }],
    },
  },
});

async function starts(mode: 'inline' | 'worker', { times }: EmbeddedSettings): Promise<Figures> {
  const tookMs: number[] = [];
  for (let time = 0; time < times; time++) {
    const startedAt = performance.now();
    const kafka = await EmbeddedKafka.start({ mode, topics: ['orders:12'] });
    tookMs.push(performance.now() - startedAt);
    await kafka.stop();
  }
  return { p50Ms: percentile(tookMs, 0.5), maxMs: percentile(tookMs, 1) };
}

/** A group of two: one member reads, the other joins it and reads too, both leave. */
async function rounds({ brokers, topic, settings }: TurnContext<EmbeddedSettings>): Promise<Figures> {
  const sender = await hearkenSender(brokers);
  const tookMs: number[] = [];
  try {
    for (let time = 0; time < settings.times; time++) {
      const groupId = `bench-${randomUUID()}`;
      const send = (): Promise<unknown> =>
        sender.send(topic, sender.prepare({ key: Buffer.from('k'), value: Buffer.from(groupId) }));
      const startedAt = performance.now();
      await round(brokers, topic, groupId, send);
      tookMs.push(performance.now() - startedAt);
      await deleteGroup(brokers, groupId);
    }
  } finally {
    await sender.close();
  }
  return { p50Ms: percentile(tookMs, 0.5), maxMs: percentile(tookMs, 1) };
}

async function round(brokers: string[], topic: string, groupId: string, send: () => Promise<unknown>): Promise<void> {
  const factory = new DefaultKafkaConsumerFactory(
    { brokers, clientId: 'bench-hearken' },
    { groupId, heartbeatIntervalMs: HEARTBEAT_MS },
  );
  let arrived = (): void => undefined;
  const member = (): MessageListenerContainer =>
    new MessageListenerContainer(factory, { topics: [topic], listener: () => arrived() });
  const delivery = async (): Promise<void> => {
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    await send();
    await arrival;
  };
  const [first, second] = [member(), member()];
  try {
    await first.start();
    await delivery();
    await second.start();
    await delivery();
  } finally {
    await Promise.all([first.stop(), second.stop()]);
  }
}

async function send({ brokers, topic, settings }: TurnContext<EmbeddedSettings>): Promise<Figures> {
  const sender = await hearkenSender(brokers);
  try {
    return await sendEach(settings, settings.outstanding, topic, sender);
  } finally {
    await sender.close();
  }
}

/** The same work in the broker's own process, as in a test. */
function onInlineBroker(turn: EmbeddedTurn): EmbeddedTurn {
  return async (context) => {
    const kafka = await EmbeddedKafka.start();
    try {
      return await onTopic(turn, { ...context, brokers: kafka.brokers });
    } finally {
      await kafka.stop();
    }
  };
}

function onEmbeddedBroker(retentionBytes: number, turn: EmbeddedTurn): EmbeddedTurn {
  return (context) => withEmbeddedBroker(retentionBytes, (brokers) => onTopic(turn, { ...context, brokers }));
}

const onTopic = (turn: EmbeddedTurn, context: TurnContext<EmbeddedSettings>): Promise<Figures> =>
  withTopic(context.brokers, context.topic, { ...context.settings, records: 0 }, () => turn(context));
