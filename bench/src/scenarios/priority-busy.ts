import { DefaultKafkaProducerFactory, KafkaTemplate } from 'hearken';
import { forEachService } from '../priority/contests.js';
import { fill, withLevels } from '../priority/level-topics.js';
import { kafkajsReaders, priorityReader, type Handle, type Reader } from '../priority/readers.js';
import { serviceTimes, type ServiceName } from '../priority/service-times.js';
import { WaitProbe } from '../priority/wait-probe.js';
import type { LevelTopics } from '../priority/level-topics.js';
import {
  COMMON_SETTINGS,
  defineScenario,
  type Contest,
  type Figures,
  type Turn,
  type TurnContext,
} from '../scenario.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 1,
  /** Records of the lowest level: more than a turn of ours can take. A peer may need them all before it comes to a probe. */
  backlog: 8000,
  /** How long a handler computes, in the mean. */
  workMs: 1,
  probes: 150,
  everyMs: 20,
};
type BusySettings = typeof settings;
type Context = TurnContext<BusySettings>;

const URGENT = 2;
const LEVELS = 3;

type Read = (context: Context, topics: LevelTopics, handle: Handle) => Promise<Reader>;

const hearken: Read = ({ brokers }, topics, handle) => priorityReader(brokers, topics, { capacity: 1 }, handle);
const kafkajs: Read = ({ brokers }, topics, handle) => kafkajsReaders(brokers, topics, handle);

/** Handlers that compute, one at a time: an urgent record waits for the one that runs, and for its own fetch. */
export const priorityBusy = defineScenario<BusySettings>({
  settings,
  contests: forEachService(contest),
});

function contest(service: ServiceName): Contest<BusySettings> {
  return {
    hearken: waiting(service, hearken),
    peers: { 'kafkajs, a consumer a level': waiting(service, kafkajs) },
    compared: ['p50Ms', 'p99Ms'],
    // Of times that are not all alike the one in the way may be a long one.
    gates: [
      { figure: 'backlogLeft', atLeast: 1 },
      { figure: 'overFetchMs', atMost: 5 },
      ...(service === 'constant' ? [{ figure: 'overFetchServices', atMost: 2 }] : []),
    ],
  };
}

/** First without a backlog: that is the fetch, in this process and on this machine. Then with it. */
function waiting(service: ServiceName, read: Read): Turn<BusySettings> {
  return (context) => {
    const { brokers, settings } = context;
    return withLevels(brokers, { levels: LEVELS, partitions: settings.partitions }, async (topics) => {
      const takesMs = serviceTimes(service, settings.workMs);
      const probe = new WaitProbe();
      const template = new KafkaTemplate(new DefaultKafkaProducerFactory({ brokers, clientId: 'bench-hearken' }));
      let low = 0;
      const reader = await read(context, topics, async (level, value) => {
        if (level === URGENT) probe.arrived(value);
        else low++;
        await Promise.resolve();
        compute(takesMs());
      });
      const send = (value: Buffer): Promise<unknown> => template.send(topics.names[URGENT] ?? '', value);
      try {
        await probe.run(settings, send);
        const fetchP99Ms = probe.waitMs(0.99);
        probe.reset();
        await fill(brokers, topics.names.slice(0, 1), { records: settings.backlog, size: settings.size });
        await probe.run(settings, send);
        return figures(probe, fetchP99Ms, settings.backlog - low, settings);
      } finally {
        await reader.stop();
        await template.close();
      }
    });
  };
}

/** The optimum is the fetch, and the rest of what runs. */
function figures(probe: WaitProbe, fetchP99Ms: number, backlogLeft: number, { workMs }: BusySettings): Figures {
  const [p50Ms, p99Ms, maxMs] = [0.5, 0.99, 1].map((share) => probe.waitMs(share)) as [number, number, number];
  const optimumP99Ms = fetchP99Ms + workMs;
  const overFetchServices = (p99Ms - fetchP99Ms) / workMs;
  return {
    p50Ms,
    p99Ms,
    maxMs,
    fetchP99Ms,
    overFetchMs: p99Ms - fetchP99Ms,
    overFetchServices,
    optimumP99Ms,
    ofOptimum: optimumP99Ms / p99Ms,
    backlogLeft,
  };
}

function compute(durationMs: number): void {
  const until = performance.now() + durationMs;
  while (performance.now() < until);
}
