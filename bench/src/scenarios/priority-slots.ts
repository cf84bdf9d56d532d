import { setTimeout as sleep } from 'node:timers/promises';
import { uniform } from '../payloads.js';
import { bestRate } from '../priority/clairvoyant.js';
import { DispatchTrace } from '../priority/dispatch-trace.js';
import { lendBack } from '../priority/fairness.js';
import { LevelSender } from '../priority/level-sender.js';
import { withLevels } from '../priority/level-topics.js';
import { priorityReader } from '../priority/readers.js';
import { SERVICES, serviceTimes, type ServiceName } from '../priority/service-times.js';
import { SlotMeter } from '../priority/slot-meter.js';
import { COMMON_SETTINGS, defineScenario, type Contest, type Figures, type TurnContext } from '../scenario.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 1,
  capacity: 50,
  /** What a handler waits, in the mean. */
  workMs: 20,
  /** How long a level is busy or idle: at least, at most. */
  leastMs: 50,
  mostMs: 500,
  settleMs: 500,
  measureMs: 5000,
};
type SlotSettings = typeof settings;
type Context = TurnContext<SlotSettings>;

const LEVELS = 3;
/** Of 4:2:1: after so many without it a level owes nothing. */
const ROUND = 7;
/** What a level brings while it is on, as a part of what all slots can do: all three are behind now and then. */
const OFFERED = 0.55;
const LOOK_MS = 20;

/** Levels that come and go: no slot may be idle while any of them has a record, and who comes back is not kept waiting. */
export const prioritySlots = defineScenario<SlotSettings>({
  settings,
  contests: Object.fromEntries(SERVICES.map((service) => [`${service}, embedded broker`, contest(service)])),
});

function contest(service: ServiceName): Contest<SlotSettings> {
  return {
    hearken: (context) => hearken(context, service),
    peers: {},
    compared: [],
    gates: [
      { figure: 'busyShare', atLeast: 0.99 },
      { figure: 'lendBackDispatches', atMost: 0 },
    ],
    broker: 'embedded',
  };
}

function hearken({ brokers, settings }: Context, service: ServiceName): Promise<Figures> {
  const { capacity, workMs, partitions } = settings;
  return withLevels(brokers, { levels: LEVELS, partitions }, async (topics) => {
    const takesMs = serviceTimes(service, workMs);
    const trace = new DispatchTrace();
    let isReady = (): boolean => false;
    const meter = new SlotMeter(capacity, () => isReady());
    const reader = await priorityReader(brokers, topics, { capacity }, async (level) => {
      trace.started(level);
      meter.started();
      await sleep(takesMs());
      meter.ended();
    });
    trace.of(reader.container);
    const { levels } = reader.container;
    isReady = () => levels.some((level) => level.isReady);
    // What the levels say of themselves is held against what lies in their buffers: to count that takes longer than a start.
    const isQueued = (): boolean => levels.some(({ container }) => container.metrics().queued > 0);
    const looking = setInterval(() => meter.look(isQueued()), LOOK_MS);
    const sender = new LevelSender(brokers, topics, settings.size);
    try {
      await onAndOff(sender, settings, settings.settleMs);
      meter.reset();
      const startedAt = performance.now();
      await onAndOff(sender, settings, settings.measureMs);
      const elapsedMs = performance.now() - startedAt;
      return {
        busyShare: meter.busyShare,
        busyOfAllTime: meter.busyMs / (elapsedMs * capacity),
        lendBackDispatches: lendBack(trace, LEVELS - 1, ROUND),
        starts: trace.levels.length,
      };
    } finally {
      clearInterval(looking);
      await sender.close();
      await reader.stop();
    }
  });
}

async function onAndOff(sender: LevelSender, settings: SlotSettings, durationMs: number): Promise<void> {
  const until = performance.now() + durationMs;
  const perSecond = OFFERED * bestRate({ capacity: settings.capacity, meanMs: settings.workMs });
  const live = async (level: number): Promise<void> => {
    const random = uniform(level + 1);
    const next = (): number => settings.leastMs + random() * (settings.mostMs - settings.leastMs);
    while (performance.now() < until) {
      await sender.pace(level, perSecond, Math.min(next(), Math.max(0, until - performance.now())));
      await sleep(next());
    }
  };
  await Promise.all(Array.from({ length: LEVELS }, (_, level) => live(level)));
}
