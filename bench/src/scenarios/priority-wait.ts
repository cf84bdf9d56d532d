import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaTemplate,
  MessageListenerContainer,
} from 'hearken';
import { alone, embedded, forEachService } from '../priority/contests.js';
import { Feeder } from '../priority/feeder.js';
import { FirstSlot } from '../priority/first-slot.js';
import { fill, withLevels, type LevelTopics } from '../priority/level-topics.js';
import { flipkart, kafkajsReaders, priorityReader, type Reader } from '../priority/readers.js';
import { serviceTimes, type ServiceName } from '../priority/service-times.js';
import { WaitProbe } from '../priority/wait-probe.js';
import { doing, type Work } from '../priority/work.js';
import {
  COMMON_SETTINGS,
  defineScenario,
  type Contest,
  type Figures,
  type Turn,
  type TurnContext,
} from '../scenario.js';
import { percentile } from '../statistics.js';
import { deleteGroup } from '../topics.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 1,
  /** Records of the lowest level ahead of every probe, in one round and in the next. */
  least: 1000,
  most: 1_000_000,
  /** Of each, in turns. */
  rounds: 3,
  /** Urgent records of a round, at random times. */
  probes: 250,
  /** Between two of them, in the mean. */
  everyMs: 5,
  /** Not measured, at the beginning of each round. */
  settleMs: 500,
  capacity: 50,
  /** What a handler waits, in the mean. */
  workMs: 20,
};
type WaitSettings = typeof settings;
type Context = TurnContext<WaitSettings>;

const LOWEST = 0;
const URGENT = 2;
const LEVELS = 3;
/** For the urgent level, which needs 4 in the mean. */
const RESERVED = 10;

type Read = (context: Context, topics: LevelTopics, work: Work) => Promise<Reader>;

const hearken: Read = ({ brokers, settings: { capacity } }, topics, work) =>
  priorityReader(brokers, topics, { capacity }, doing(work));
const reserving: Read = ({ brokers, settings: { capacity } }, topics, work) =>
  priorityReader(brokers, topics, { capacity, levels: [{}, {}, { minSlots: RESERVED }] }, doing(work));
const kafkajs: Read = ({ brokers }, topics, work) => kafkajsReaders(brokers, topics, doing(work));
const onTheJvm: Read = ({ brokers, settings: { capacity } }, topics, work) => flipkart(brokers, topics, capacity, work);

/** How long an urgent record waits behind a backlog that is kept up, beside one that has slots and a container for itself. */
export const priorityWait = defineScenario<WaitSettings>({
  settings,
  contests: {
    ...forEachService(contest),
    [`constant, ${RESERVED} slots reserved, embedded broker`]: embedded(
      alone(waiting('constant', reserving), { figure: 'overFetchMs', atMost: 5 }, { figure: 'growth', atMost: 1.1 }),
    ),
    exponential: contest('exponential'),
  },
});

function contest(service: ServiceName): Contest<WaitSettings> {
  return {
    hearken: waiting(service, hearken),
    peers: {
      'kafkajs, a consumer a level': waiting(service, kafkajs),
      "Flipkart's client": waiting(service, onTheJvm),
    },
    compared: ['p50Ms', 'p99Ms'],
    // Where all handlers take the same time the first free slot itself may be later than the first of these: the next tells.
    gates: [
      { figure: 'overFetchMs', atMost: 5 },
      { figure: 'overOptimumMs', atMost: 5 },
      { figure: 'growth', atMost: 1.1 },
    ],
  };
}

function waiting(service: ServiceName, read: Read): Turn<WaitSettings> {
  return (context) => {
    const { brokers, settings } = context;
    const plan = { levels: LEVELS, partitions: settings.partitions };
    return withLevels(brokers, plan, (few) =>
      withLevels(brokers, plan, (many) =>
        withLevels(brokers, { ...plan, levels: 1 }, async (control) => {
          await fill(brokers, few.names.slice(0, 1), { records: settings.least, size: settings.size });
          await fill(brokers, many.names.slice(0, 1), { records: settings.most, size: settings.size });
          return inRounds(context, [few, many], control, (topics, work) =>
            read(context, topics, { ...work, takesMs: serviceTimes(service, settings.workMs) }),
          );
        }),
      ),
    );
  };
}

/** Few ahead, many ahead, few ahead …: what the machine does meanwhile meets both. */
async function inRounds(
  { brokers, settings }: Context,
  levels: readonly [few: LevelTopics, many: LevelTopics],
  control: LevelTopics,
  read: (topics: LevelTopics, work: Omit<Work, 'takesMs'>) => Promise<Reader>,
): Promise<Figures> {
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory({ brokers, clientId: 'bench-hearken' }));
  const controlTopic = control.names[0] ?? '';
  const [few, many] = levels.map((topics) => new Behind(settings, topics, controlTopic, template)) as [Behind, Behind];
  let measured = few;
  const beside = await idle(brokers, controlTopic, (value) => measured.fetched(value));
  try {
    for (let round = 0; round < settings.rounds; round++) {
      for (measured of [few, many]) await measured.round(read);
    }
  } finally {
    await beside.stop();
    await template.close();
  }
  const [ofFew, ofMany] = [few.figures(), many.figures()];
  const worse = (figure: string): number => Math.max(ofFew[figure] ?? NaN, ofMany[figure] ?? NaN);
  return {
    ...ofMany,
    fewP99Ms: ofFew.p99Ms ?? NaN,
    growth: (ofMany.p99Ms ?? NaN) / (ofFew.p99Ms ?? NaN),
    overFetchMs: worse('overFetchMs'),
    overOptimumMs: worse('overOptimumMs'),
  };
}

/** Urgent records behind one backlog, over all rounds. Each goes to an idle container as well, at the same moment. */
class Behind {
  readonly #settings: WaitSettings;
  readonly #topics: LevelTopics;
  readonly #control: string;
  readonly #template: KafkaTemplate;
  readonly #low: Feeder;
  readonly #urgent = new WaitProbe();
  readonly #fetch = new WaitProbe();
  readonly #optimum: FirstSlot;
  #rounds = 0;

  constructor(settings: WaitSettings, topics: LevelTopics, control: string, template: KafkaTemplate) {
    this.#settings = settings;
    this.#topics = topics;
    this.#control = control;
    this.#template = template;
    this.#low = new Feeder(template, topics.names[LOWEST] ?? '', settings.size);
    this.#optimum = new FirstSlot(settings.capacity);
  }

  async round(read: (topics: LevelTopics, work: Omit<Work, 'takesMs'>) => Promise<Reader>): Promise<void> {
    const reader = await read(this.#topics, {
      started: (level, value) => {
        this.#optimum.started();
        if (level === URGENT) this.#urgent.arrived(value);
      },
      ended: (level, tookMs) => {
        this.#optimum.ended();
        if (level === LOWEST) this.#low.handled(tookMs);
      },
    });
    try {
      await sleep(this.#settings.settleMs);
      this.#low.begin();
      await this.#urgent.run(this.#settings, (value) => this.#send(value));
      this.#low.end();
      await this.#fetch.arrival(++this.#rounds * this.#settings.probes);
    } finally {
      await reader.stop();
      await this.#low.idle();
    }
  }

  fetched(value: Buffer | null): void {
    const sentAt = this.#fetch.arrived(value);
    if (sentAt !== undefined) this.#optimum.fetched(sentAt);
  }

  /** The optimum is a clairvoyant's, on the same slots. */
  figures(): Figures {
    const [p50Ms, p99Ms, maxMs] = [0.5, 0.99, 1].map((share) => this.#urgent.waitMs(share)) as [number, number, number];
    const fetchP99Ms = this.#fetch.waitMs(0.99);
    const optimumP99Ms = percentile(this.#optimum.waitsMs, 0.99);
    return {
      ...{ p50Ms, p99Ms, maxMs, fetchP99Ms, overFetchMs: p99Ms - fetchP99Ms },
      ...{ optimumP99Ms, overOptimumMs: p99Ms - optimumP99Ms, ofOptimum: optimumP99Ms / p99Ms },
      ...this.#low.figures(this.#settings.capacity),
    };
  }

  #send(value: Buffer): Promise<unknown> {
    const topics = [this.#topics.names[URGENT] ?? '', this.#control];
    return Promise.all(topics.map((topic) => this.#template.send(topic, value)));
  }
}

/** A container that has nothing else to do: what it takes from a send to a listener with a free slot, at this moment. */
async function idle(brokers: string[], topic: string, listener: (value: Buffer | null) => void): Promise<Reader> {
  const groupId = `bench-${randomUUID()}`;
  const container = new MessageListenerContainer(
    new DefaultKafkaConsumerFactory({ brokers, clientId: 'bench-hearken' }, { groupId, autoOffsetReset: 'earliest' }),
    { topics: [topic], listener: ({ value }) => listener(value) },
  );
  await container.start();
  return {
    stop: async () => {
      await container.stop();
      await deleteGroup(brokers, groupId).catch(() => undefined);
    },
  };
}
