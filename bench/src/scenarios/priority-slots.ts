import { setTimeout as sleep } from 'node:timers/promises';
import { uniform } from '../random.js';
import { bestRate } from '../priority/clairvoyant.js';
import { alone, forEachService } from '../priority/contests.js';
import { lendBack } from '../priority/fairness.js';
import type { LevelSender } from '../priority/level-sender.js';
import type { ServiceName } from '../priority/service-times.js';
import { LEVELS, onStage } from '../priority/stage.js';
import { COMMON_SETTINGS, defineScenario, type Figures, type TurnContext } from '../scenario.js';

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

/** Of 4:2:1: after so many without it a level owes nothing. */
const ROUND = 7;
/** What a level brings while it is on, as a part of what all slots can do: all three are behind now and then. */
const OFFERED = 0.55;
const LOOK_MS = 20;

/** Levels that come and go: no slot may be idle while any of them has a record, and who comes back is not kept waiting. */
export const prioritySlots = defineScenario<SlotSettings>({
  settings,
  contests: forEachService((service) =>
    alone(
      (context) => hearken(context, service),
      { figure: 'busyShare', atLeast: 0.99 },
      { figure: 'lendBackDispatches', atMost: 0 },
    ),
  ),
});

const hearken = (context: Context, service: ServiceName): Promise<Figures> =>
  onStage(context, { service }, async ({ reader: { container }, trace, meter, sender }) => {
    const { settings } = context;
    // What the levels say of themselves is held against what lies in their buffers: to count that takes longer than a start.
    const isQueued = (): boolean => container.metrics().levels.some(({ queued }) => queued > 0);
    const looking = setInterval(() => meter.look(isQueued()), LOOK_MS);
    try {
      await onAndOff(sender, settings, settings.settleMs);
      meter.reset();
      const startedAt = performance.now();
      await onAndOff(sender, settings, settings.measureMs);
      const elapsedMs = performance.now() - startedAt;
      return {
        busyShare: meter.busyShare,
        busyOfAllTime: meter.busyMs / (elapsedMs * settings.capacity),
        lendBackDispatches: lendBack(trace, LEVELS - 1, ROUND),
        starts: trace.levels.length,
      };
    } finally {
      clearInterval(looking);
    }
  });

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
