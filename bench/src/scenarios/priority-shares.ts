import { setTimeout as sleep } from 'node:timers/promises';
import { bestShareError } from '../priority/clairvoyant.js';
import { forEachService } from '../priority/contests.js';
import { DispatchTrace } from '../priority/dispatch-trace.js';
import { backlogged, fairnessBound, jain, shareError, type Stretch } from '../priority/fairness.js';
import { fill, withLevels, type LevelTopics } from '../priority/level-topics.js';
import { flipkart, kafkajsReaders, priorityReader, type Reader } from '../priority/readers.js';
import { serviceTimes, type ServiceName } from '../priority/service-times.js';
import { doing, type Work } from '../priority/work.js';
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
  /** Starts of a turn, over all levels. */
  n: 100_000,
  capacity: 50,
  /** What a handler waits, in the mean. */
  workMs: 1,
};
type ShareSettings = typeof settings;
type Context = TurnContext<ShareSettings>;
type Weights = readonly number[];

/** Level 0 first. */
const GENTLE: Weights = [1, 2, 4];
const STEEP: Weights = [1, 4, 16];
const ALL = 0b111;
/** More than the share, so that no level runs dry while others have theirs. */
const SURPLUS = 1.1;
const PERCENT = 100;

/** Whose record starts next while all levels have some: how far the shares are from the weights. */
export const priorityShares = defineScenario<ShareSettings>({
  settings,
  contests: {
    ...forEachService((service) => contest(GENTLE, service), '4:2:1, '),
    ...forEachService((service) => contest(STEEP, service), '16:4:1, '),
    '4:2:1, exponential': contest(GENTLE, 'exponential'),
    '16:4:1, exponential': contest(STEEP, 'exponential'),
  },
});

function contest(weights: Weights, service: ServiceName): Contest<ShareSettings> {
  return {
    hearken: (context) => hearken(context, weights, service),
    peers: {
      'kafkajs, a consumer a level': peer(weights, service, ({ brokers }, topics, work) =>
        kafkajsReaders(brokers, topics, doing(work)),
      ),
      // By its own rule each level has twice what the one below it has.
      ...(weights === GENTLE && {
        "Flipkart's client": peer(weights, service, ({ brokers, settings: { capacity } }, topics, work) =>
          flipkart(brokers, topics, capacity, work),
        ),
      }),
    },
    compared: ['jain'],
    gates: [
      { figure: 'error100Pp', atMost: 1.5 },
      { figure: 'error1000Pp', atMost: 0.2 },
      { figure: 'jain', atLeast: 0.999 },
      { figure: 'ofBound', atMost: 1 + 1e-9 },
      { figure: 'behindShare', atLeast: 0.9 },
    ],
  };
}

function hearken(context: Context, weights: Weights, service: ServiceName): Promise<Figures> {
  const { brokers, settings } = context;
  const trace = new DispatchTrace();
  const work = traced(trace, service, settings);
  return filled(context, weights, async (topics) => {
    const levels = weights.map((weight) => ({ weight }));
    const reader = await priorityReader(brokers, topics, { capacity: settings.capacity, levels }, doing(work));
    trace.of(reader.container);
    await started(trace, settings.n, reader);
    return figures(trace, weights, backlogged(trace, ALL));
  });
}

/** Nobody knows which of its levels could start: what comes is told of the whole turn, in which all have records. */
function peer(
  weights: Weights,
  service: ServiceName,
  read: (context: Context, topics: LevelTopics, work: Work) => Promise<Reader>,
): Turn<ShareSettings> {
  return (context) => {
    const trace = new DispatchTrace();
    return filled(context, weights, async (topics) => {
      const reader = await read(context, topics, traced(trace, service, context.settings));
      await started(trace, context.settings.n, reader);
      return figures(trace, weights, [{ from: 0, to: trace.levels.length }]);
    });
  };
}

const traced = (trace: DispatchTrace, service: ServiceName, { workMs }: ShareSettings): Work => ({
  takesMs: serviceTimes(service, workMs),
  started: (level) => trace.started(level),
});

const filled = (
  { brokers, settings }: Context,
  weights: Weights,
  work: Parameters<typeof withLevels<Figures>>[2],
): Promise<Figures> =>
  withLevels(brokers, { levels: weights.length, partitions: settings.partitions }, async (topics) => {
    const sum = weights.reduce((total, weight) => total + weight);
    for (const [level, weight] of weights.entries()) {
      const records = Math.ceil((SURPLUS * settings.n * weight) / sum);
      await fill(brokers, [topics.names[level] ?? ''], { records, size: settings.size });
    }
    return work(topics);
  });

async function started(trace: DispatchTrace, n: number, reader: Reader): Promise<void> {
  try {
    while (trace.levels.length < n) await sleep(10);
  } finally {
    await reader.stop();
  }
}

/** Errors in percentage points. `behindShare`: the part of the starts at which all levels had a record. */
function figures(trace: DispatchTrace, weights: Weights, stretches: readonly Stretch[]): Figures {
  const worst = (of: (stretch: Stretch) => number): number =>
    Math.max(...stretches.map(of).filter((value) => !Number.isNaN(value)));
  const error = (window: number): number => PERCENT * worst((stretch) => shareError(trace, stretch, weights, window));
  const longest = stretches.reduce((a, b) => (b.to - b.from > a.to - a.from ? b : a), { from: 0, to: 0 });
  return {
    starts: trace.levels.length,
    error100Pp: error(100),
    optimum100Pp: PERCENT * bestShareError(weights, 100),
    error1000Pp: error(1000),
    optimum1000Pp: PERCENT * bestShareError(weights, 1000),
    jain: jain(trace, longest, weights),
    ofBound: worst((stretch) => fairnessBound(trace, stretch, weights)),
    behindShare: stretches.reduce((sum, { from, to }) => sum + to - from, 0) / trace.levels.length,
  };
}
