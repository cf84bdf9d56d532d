import { setTimeout as sleep } from 'node:timers/promises';
import { bestRate } from '../priority/clairvoyant.js';
import { alone, forEachService } from '../priority/contests.js';
import type { DispatchTrace } from '../priority/dispatch-trace.js';
import { fill, type LevelTopics } from '../priority/level-topics.js';
import type { ServiceName } from '../priority/service-times.js';
import { onStage } from '../priority/stage.js';
import { COMMON_SETTINGS, defineScenario, type Figures, type TurnContext } from '../scenario.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 1,
  size: 100_000,
  /** Records of the lowest level; the others are empty. */
  n: 1200,
  capacity: 10,
  /** What a handler waits, in the mean. */
  workMs: 20,
  /** Of a fetch: ten records. */
  fetchMaxBytes: 1_048_576,
};
type BigSettings = typeof settings;
type Context = TurnContext<BigSettings>;

/** Not measured: joining, and the last ones, which do not fill all slots. */
const EDGE = 0.1;
const LOOK_MS = 5;

/** Records of which a fetch brings few, and only of the lowest level: it has all slots, and they stay busy. */
export const priorityBig = defineScenario<BigSettings>({
  settings,
  contests: forEachService((service) =>
    alone((context) => hearken(context, service), { figure: 'efficiency', atLeast: 0.95 }),
  ),
});

function hearken(context: Context, service: ServiceName): Promise<Figures> {
  const { capacity, n, size, fetchMaxBytes } = context.settings;
  const [from, to] = [Math.floor(n * EDGE), Math.ceil(n * (1 - EDGE))];
  const plan = {
    service,
    own: { consumer: { fetchMaxBytes } },
    prepare: ({ names }: LevelTopics) => fill(context.brokers, names.slice(0, 1), { records: n, size }),
  };
  return onStage(context, plan, async ({ trace, meter }) => {
    await startOf(trace, from);
    meter.reset();
    const startedAt = performance.now();
    const started = trace.levels.length;
    await startOf(trace, to);
    meter.look();
    const elapsedMs = performance.now() - startedAt;
    const [starts, { busyMs }] = [trace.levels.length - started, meter];
    await startOf(trace, n);
    return {
      efficiency: busyMs / (elapsedMs * capacity),
      startsPerSecond: (1000 * starts) / elapsedMs,
      optimumPerSecond: bestRate({ capacity, meanMs: busyMs / starts }),
      messages: n,
    };
  });
}

async function startOf({ levels }: DispatchTrace, count: number): Promise<void> {
  while (levels.length < count) await sleep(LOOK_MS);
}
