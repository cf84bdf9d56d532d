import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaTemplate,
  MessageListenerContainer,
} from 'hearken';
import { bestRate, bestSlotWaitMs } from '../priority/clairvoyant.js';
import { fill, withLevels, type LevelTopics } from '../priority/level-topics.js';
import { kafkajsReaders, priorityReader, type Handle, type Reader } from '../priority/readers.js';
import { SERVICES, serviceTimes, type ServiceName } from '../priority/service-times.js';
import { WaitProbe } from '../priority/wait-probe.js';
import {
  COMMON_SETTINGS,
  defineScenario,
  type Contest,
  type Figures,
  type Turn,
  type TurnContext,
} from '../scenario.js';
import { deleteGroup, withTopic } from '../topics.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 1,
  /** Records of the lowest level ahead of every probe, in the first half of a turn and in the second. */
  least: 1000,
  most: 1_000_000,
  /** Urgent records, at random times. */
  probes: 200,
  /** Between two of them, in the mean. */
  everyMs: 15,
  /** Not measured, at the beginning of each half. */
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
/** The backlog is kept up by so many at once. */
const FEED = 100;

type Read = (context: Context, topics: LevelTopics, handle: Handle) => Promise<Reader>;

const hearken: Read = ({ brokers, settings: { capacity } }, topics, handle) =>
  priorityReader(brokers, topics, { capacity }, handle);
const kafkajs: Read = ({ brokers }, topics, handle) => kafkajsReaders(brokers, topics, handle);

/** How long an urgent record waits behind a backlog that is kept up, beside one that has slots and a container for itself. */
export const priorityWait = defineScenario<WaitSettings>({
  settings,
  contests: {
    ...Object.fromEntries(
      SERVICES.map((service) => [`${service}, embedded broker`, { ...contest(service), broker: 'embedded' } as const]),
    ),
    exponential: contest('exponential'),
  },
});

function contest(service: ServiceName): Contest<WaitSettings> {
  return {
    hearken: waiting(service, hearken),
    peers: { 'kafkajs, a consumer a level': waiting(service, kafkajs) },
    compared: ['p50Ms', 'p99Ms'],
    gates: [
      { figure: 'overFetchMs', atMost: 5 },
      { figure: 'growth', atMost: 1.1 },
    ],
  };
}

function waiting(service: ServiceName, read: Read): Turn<WaitSettings> {
  return async (context) => {
    const { least, most } = context.settings;
    const few = await behind(least, service, read, context);
    const many = await behind(most, service, read, context);
    return {
      ...many,
      fewP99Ms: few.p99Ms ?? NaN,
      growth: (many.p99Ms ?? NaN) / (few.p99Ms ?? NaN),
      overFetchMs: Math.max(few.overFetchMs ?? NaN, many.overFetchMs ?? NaN),
    };
  };
}

function behind(backlog: number, service: ServiceName, read: Read, context: Context): Promise<Figures> {
  const { brokers, settings } = context;
  return withLevels(brokers, { levels: LEVELS, partitions: settings.partitions }, async (topics) => {
    const lowest = topics.names.slice(0, 1);
    await fill(brokers, lowest, { records: backlog, size: settings.size });
    const control = `${topics.logical}-control`;
    return withTopic(brokers, control, { partitions: settings.partitions, records: 0, keys: 1, size: 1 }, () =>
      measure(context, topics, control, serviceTimes(service, settings.workMs), read),
    );
  });
}

async function measure(
  context: Context,
  topics: LevelTopics,
  control: string,
  takesMs: () => number,
  read: Read,
): Promise<Figures> {
  const { brokers, settings } = context;
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory({ brokers, clientId: 'bench-hearken' }));
  const probe = new WaitProbe();
  const low = new Feeder(template, topics.names[LOWEST] ?? '', settings.size);
  const beside = await alone(brokers, control, (value) => probe.arrived('fetch', value));
  const reader = await read(context, topics, async (level, value) => {
    if (level === URGENT) probe.arrived('urgent', value);
    const startedAt = performance.now();
    await sleep(takesMs());
    if (level === LOWEST) low.handled(performance.now() - startedAt);
  });
  try {
    await sleep(settings.settleMs);
    low.reset();
    const urgent = topics.names[URGENT] ?? '';
    await probe.run(settings, (value) => Promise.all([urgent, control].map((topic) => template.send(topic, value))));
    return { ...probe.figures(), ...low.figures(settings), ...bounds(settings, probe) };
  } finally {
    await reader.stop();
    await beside.stop();
    await low.idle();
    await template.close();
  }
}

/** What a clairvoyant would reach: the fetch, and the first slot to come free. */
function bounds({ capacity, workMs }: WaitSettings, probe: WaitProbe): Figures {
  const optimumP99Ms = probe.p99Ms('fetch') + bestSlotWaitMs({ capacity, meanMs: workMs }, 0.99);
  return { optimumP99Ms, ofOptimum: optimumP99Ms / probe.p99Ms('urgent') };
}

/** Keeps the backlog as long as it was, and counts what is done of it. */
class Feeder {
  readonly #template: KafkaTemplate;
  readonly #topic: string;
  readonly #value: Buffer;
  #owed = 0;
  #sending: Promise<unknown> = Promise.resolve();
  #since = performance.now();
  #handled = 0;
  #tookMs = 0;

  constructor(template: KafkaTemplate, topic: string, size: number) {
    this.#template = template;
    this.#topic = topic;
    this.#value = Buffer.alloc(size, 'x');
  }

  handled(tookMs: number): void {
    this.#handled++;
    this.#tookMs += tookMs;
    if (++this.#owed < FEED) return;
    this.#owed = 0;
    const sends = Array.from({ length: FEED }, () =>
      this.#template.send(this.#topic, this.#value, { key: String(randomInt(1000)) }),
    );
    this.#sending = Promise.all([this.#sending, ...sends]);
    this.#sending.catch(() => undefined); // `idle` tells
  }

  reset(): void {
    [this.#since, this.#handled, this.#tookMs] = [performance.now(), 0, 0];
  }

  idle(): Promise<unknown> {
    return this.#sending;
  }

  /** `efficiency`: how much of what all slots can do was done, by how long handlers took as delivered. */
  figures({ capacity }: WaitSettings): Figures {
    const perSecond = (this.#handled * 1000) / (performance.now() - this.#since);
    const optimum = bestRate({ capacity, meanMs: this.#tookMs / this.#handled });
    return { lowPerSecond: perSecond, efficiency: perSecond / optimum };
  }
}

/** A container that has nothing else to do: what it takes from a send to a listener with a free slot, at this moment. */
async function alone(brokers: string[], topic: string, listener: (value: Buffer | null) => void): Promise<Reader> {
  const groupId = `${topic}-group`;
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
