import { randomUUID } from 'node:crypto';
import * as hearken from 'hearken';
import {
  DefaultKafkaConsumerFactory,
  MessageListenerContainer,
  PriorityListenerContainer,
  type DispatchPolicyFactory,
} from 'hearken';
import { connectConsumer, PARTITIONS_CONSUMED_CONCURRENTLY } from '../kafkajs-peer.js';
import { fill, levelNames, type LevelTopics } from '../priority/level-topics.js';
import {
  COMMON_SETTINGS,
  defineScenario,
  type Contest,
  type Figures,
  type Turn,
  type TurnContext,
} from '../scenario.js';
import { Tally } from '../tally.js';
import { committedRecords, deleteGroup, type TopicPlan } from '../topics.js';

const settings = {
  ...COMMON_SETTINGS,
  size: 1024,
  /** Records a turn reads, over all levels: many times what is fetched ahead. */
  n: 500_000,
  /** Listeners running at once, over all levels. */
  capacity: 50,
  /** Decisions of each policy in a turn. */
  decisions: 2_000_000,
};
type CostSettings = typeof settings;
type Context = TurnContext<CostSettings>;

/** Reads all records of these topics, commits them and counts them. */
type Reader = (context: Context, topics: LevelTopics, groupId: string, tally: Tally) => Promise<Figures>;

const MOST_LEVELS = 16;

/** What it costs that levels share slots: no-op listeners, 1 KiB records, the same ones in one container that knows no levels. */
export const priorityCost = defineScenario<CostSettings>({
  settings,
  contests: {
    'one level, embedded broker': { ...cost(1, 0.97), broker: 'embedded' },
    'three levels, embedded broker': { ...cost(3, 0.95), broker: 'embedded' },
    'one level': cost(1, 0.97),
    'three levels': cost(3, 0.95),
    'policies alone, 16 levels': {
      hearken: decisions,
      peers: {},
      compared: [],
      gates: [
        { figure: 'weightedPerSecond', atLeast: 1_000_000 },
        { figure: 'drrPerSecond', atLeast: 1_000_000 },
        { figure: 'strictWithFloorPerSecond', atLeast: 1_000_000 },
      ],
    },
  },
});

function cost(levels: number, atLeast: number): Contest<CostSettings> {
  return {
    hearken: reading(levels, priorityContainer),
    peers: { 'plain container': reading(levels, plainContainer), 'kafkajs eachMessage': reading(levels, kafkajs) },
    compared: ['perSecond', 'cpuMicrosPerMessage'],
    gates: [{ figure: 'perSecond', against: 'plain container', atLeast }],
    topic: (settings) => levelsPlan(settings, levels),
  };
}

/** A topic a level, alike; all sides read the same ones. */
const levelsPlan = ({ partitions, n, size }: CostSettings, levels: number): TopicPlan => ({
  partitions,
  records: Math.floor(n / levels),
  keys: 1000,
  size,
  names: (logical) => levelNames(logical, levels),
  fill: (brokers, topic, plan) => fill(brokers, [topic], plan),
});

/** Every turn has groups of its own, and what it read must be committed. */
function reading(levels: number, read: Reader): Turn<CostSettings> {
  return async (context) => {
    const { brokers, topic: logical, settings } = context;
    const each = Math.floor(settings.n / levels);
    const topics = { logical, names: levelNames(logical, levels) };
    const groupId = `bench-${randomUUID()}`;
    const figures = await read(context, topics, groupId, new Tally(each * levels, settings.size));
    await checkCommitted(brokers, groupId, topics, each);
    return figures;
  };
}

/** A level's group has a name of its own. */
async function checkCommitted(brokers: string[], groupId: string, topics: LevelTopics, each: number): Promise<void> {
  for (const [level, topic] of topics.names.entries()) {
    const groups = [groupId, `${groupId}-${level}`];
    const committed = await Promise.all(groups.map((group) => committedRecords(brokers, group, topic)));
    if (Math.max(...committed) !== each) throw new Error(`of ${each} records of level ${level} ${committed.join()}`);
  }
  for (const group of [groupId, ...topics.names.map((_, level) => `${groupId}-${level}`)]) {
    await deleteGroup(brokers, group).catch(() => undefined); // either it was used or its levels were
  }
}

/** Partitions are paused until the groups have settled: joining is not what is compared. The first fetch is, however many share it. */
async function priorityContainer(
  { brokers, settings: { capacity } }: Context,
  { logical, names }: LevelTopics,
  groupId: string,
  tally: Tally,
): Promise<Figures> {
  const container = new PriorityListenerContainer(factoryOf(brokers, groupId), {
    topics: [logical],
    levels: names.length,
    capacity,
    // eslint-disable-next-line @typescript-eslint/require-await -- as a user's listener is
    listener: async ({ value }) => {
      tally.count(value);
    },
  });
  try {
    for (const level of container.levels) level.container.pause();
    await container.start();
    tally.start();
    for (const level of container.levels) level.container.resume();
    return await tally.figures();
  } finally {
    await container.stop();
  }
}

async function plainContainer(
  { brokers, settings: { capacity } }: Context,
  { names }: LevelTopics,
  groupId: string,
  tally: Tally,
): Promise<Figures> {
  const container = new MessageListenerContainer(factoryOf(brokers, groupId), {
    topics: [...names],
    concurrency: capacity,
    // eslint-disable-next-line @typescript-eslint/require-await -- as a user's listener is
    listener: async ({ value }) => {
      tally.count(value);
    },
  });
  try {
    container.pause();
    await container.start();
    tally.start();
    container.resume();
    return await tally.figures();
  } finally {
    await container.stop();
  }
}

async function kafkajs({ brokers }: Context, { names }: LevelTopics, groupId: string, tally: Tally): Promise<Figures> {
  const consumer = await connectConsumer(brokers, groupId);
  try {
    await consumer.subscribe({ topics: [...names], fromBeginning: true });
    await consumer.run({
      partitionsConsumedConcurrently: PARTITIONS_CONSUMED_CONCURRENTLY,
      // eslint-disable-next-line @typescript-eslint/require-await
      eachMessage: async ({ message }) => tally.count(message.value),
    });
    return await tally.figures();
  } finally {
    await consumer.disconnect();
  }
}

const factoryOf = (brokers: string[], groupId: string): DefaultKafkaConsumerFactory =>
  new DefaultKafkaConsumerFactory({ brokers, clientId: 'bench-hearken' }, { groupId, autoOffsetReset: 'earliest' });

/** Decisions a second with all levels ready. */
function decisions({ settings }: Context): Promise<Figures> {
  return Promise.resolve({
    weightedPerSecond: decisionsPerSecond(policyOf('weighted'), settings.decisions),
    drrPerSecond: decisionsPerSecond(policyOf('drr'), settings.decisions),
    strictWithFloorPerSecond: decisionsPerSecond(policyOf('strictWithFloor'), settings.decisions),
  });
}

/** Builds of before the names ended so have them without: `--against` runs this with those, too. */
function policyOf(name: 'weighted' | 'drr' | 'strictWithFloor'): DispatchPolicyFactory {
  const factories = hearken as unknown as Readonly<Record<string, (() => DispatchPolicyFactory) | undefined>>;
  const make = factories[`${name}Policy`] ?? factories[name];
  if (make === undefined) throw new Error(`no policy ${name} in this build`);
  return make();
}

function decisionsPerSecond(factory: DispatchPolicyFactory, count: number): number {
  const policy = factory({
    weights: Array.from({ length: MOST_LEVELS }, (_, level) => level + 1),
    minShares: Array.from({ length: MOST_LEVELS }, () => 0.05),
    capacity: 1000,
  });
  const allReady = 2 ** MOST_LEVELS - 1;
  const startedAt = performance.now();
  for (let i = 0; i < count; i++) {
    const level = policy.next(allReady);
    policy.started(level);
    policy.ended?.(level);
  }
  return (count * 1000) / (performance.now() - startedAt);
}
