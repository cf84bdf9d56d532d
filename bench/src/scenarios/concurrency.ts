import { HandlerProbe } from '../handler-probe.js';
import { fillByTemplate } from '../parallel/backlog.js';
import { hottestOf } from '../parallel/bounds.js';
import { parallelConsumerWindow } from '../parallel/parallel-consumer.js';
import { after, reading } from '../parallel/reading.js';
import { keyOf } from '../payloads.js';
import { normal, uniform } from '../random.js';
import { COMMON_SETTINGS, defineScenario, type Contest, type Gate, type Turn } from '../scenario.js';
import type { TopicPlan } from '../topics.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 1,
  keys: 1_000_000,
  /** What a handler waits. */
  workMs: 50,
  /** Not measured, at the beginning of a turn. */
  settleMs: 2000,
  measureMs: 2500,
};
type ConcurrencySettings = typeof settings;

/** More records than the handlers can take in the time, so that no turn runs dry. */
const SURPLUS = 1.3;
/** Of the log-normal latencies: the median, a hundredth takes a second, and one in two thousand as long as this. */
const MEDIAN_MS = 20;
const SIGMA = Math.log(1000 / MEDIAN_MS) / 2.326;
const LONGEST_MS = 5000;
const PEER = 'Parallel Consumer';
const BARE = 'as many timers, and nothing else';

/**
 * Handlers that wait, very many of them. Key order, and it is checked. Where the event loop has no time left timers are late, and
 * `efficiency` makes allowance for that, whoever took the time: what the same handlers do in a loop, without Kafka, says how much
 * of it was not theirs.
 */
export const concurrency = defineScenario<ConcurrencySettings>({
  settings,
  contests: {
    ...atOnce(1000, 0.97, { peers: { [PEER]: parallelConsumer(1000) } }),
    ...atOnce(4000, 0.92, { peers: { [PEER]: parallelConsumer(4000) } }),
    ...atOnce(10_000, 0.8),
    'log-normal latencies, 1000 at once': {
      topic: (settings) => plan(settings, 1000),
      hearken: hearken(1000, logNormal),
      peers: {},
      compared: [],
      gates: [{ figure: 'efficiency', atLeast: 0.9 }],
    },
  },
});

function atOnce(
  slots: number,
  atLeast: number,
  { peers = {} }: Partial<Pick<Contest<ConcurrencySettings>, 'peers'>> = {},
): Record<string, Contest<ConcurrencySettings>> {
  const againstPeer: Gate[] = [
    { figure: 'perSecond', against: PEER, atLeast: 1 },
    { figure: 'maxRssMib', against: PEER, atMost: 0.2 },
    { figure: 'cpuMicrosPerMessage', against: PEER, atMost: 0.5 },
  ];
  return {
    [`${slots} at once`]: {
      topic: (settings) => plan(settings, slots),
      hearken: hearken(slots),
      peers: { ...peers, [BARE]: bare(slots) },
      compared: ['perSecond', 'cpuMicrosPerMessage', 'maxRssMib'],
      gates: [{ figure: 'efficiency', atLeast }, ...(PEER in peers ? againstPeer : [])],
    },
  };
}

const plan = (
  { partitions, keys, size, workMs, settleMs, measureMs }: ConcurrencySettings,
  slots: number,
): TopicPlan => ({
  partitions,
  records: Math.ceil(SURPLUS * (slots / workMs) * (settleMs + measureMs)),
  keys,
  size,
  fill: fillByTemplate,
});

/** `efficiency` beside the bound of slots: with as many keys, no key is frequent enough to bind. */
function hearken(slots: number, takes?: () => () => number): Turn<ConcurrencySettings> {
  return (context) => {
    const { workMs, keys, settleMs, measureMs } = context.settings;
    const init = { concurrency: slots, workMs, keys, hottest: hottestOf(plan(context.settings, slots)) };
    const times = takes === undefined ? {} : { takesMs: takes() };
    return reading(context, { ...init, ...times }, (probe) => probe.window(settleMs, measureMs));
  };
}

/** What Node alone lets through. */
function bare(slots: number): Turn<ConcurrencySettings> {
  return async ({ settings: { workMs, settleMs, measureMs } }) => {
    const probe = new HandlerProbe({ concurrency: slots, workMs, keys: slots });
    const over = new AbortController();
    const handlers = Array.from({ length: slots }, async (_, slot) => {
      const key = keyOf(slot);
      for (let offset = 0; !over.signal.aborted; offset++) {
        const startedAt = probe.start(key, offset);
        await after(workMs);
        probe.end(key, startedAt);
      }
    });
    const figures = await probe.window(settleMs, measureMs);
    over.abort();
    await Promise.all(handlers);
    return figures;
  };
}

function parallelConsumer(slots: number): Turn<ConcurrencySettings> {
  return (context) => {
    const { workMs, keys, settleMs, measureMs } = context.settings;
    const init = { concurrency: slots, workMs, keys, hottest: hottestOf(plan(context.settings, slots)) };
    return parallelConsumerWindow(context, init, settleMs, measureMs);
  };
}

function logNormal(): () => number {
  const random = uniform(0x7ea);
  return () => Math.min(LONGEST_MS, MEDIAN_MS * Math.exp(SIGMA * normal(random)));
}
