import { setTimeout as sleep } from 'node:timers/promises';
import { fill, withLevels } from '../priority/level-topics.js';
import { priorityReader } from '../priority/readers.js';
import { SERVICES, serviceTimes, type ServiceName } from '../priority/service-times.js';
import { SlotMeter } from '../priority/slot-meter.js';
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

/** Records of which a fetch brings few, and only of the lowest level: it has all slots, and they stay busy. */
export const priorityBig = defineScenario<BigSettings>({
  settings,
  contests: Object.fromEntries(
    SERVICES.map((service) => [
      `${service}, embedded broker`,
      {
        hearken: (context: Context) => hearken(context, service),
        peers: {},
        compared: [],
        gates: [{ figure: 'efficiency', atLeast: 0.95 }],
        broker: 'embedded' as const,
      },
    ]),
  ),
});

function hearken({ brokers, settings }: Context, service: ServiceName): Promise<Figures> {
  const { capacity, workMs, partitions, n, size, fetchMaxBytes } = settings;
  return withLevels(brokers, { levels: 3, partitions }, async (topics) => {
    await fill(brokers, topics.names.slice(0, 1), { records: n, size });
    const takesMs = serviceTimes(service, workMs);
    const meter = new SlotMeter(capacity, () => true);
    const [from, to] = [Math.floor(n * EDGE), Math.ceil(n * (1 - EDGE))];
    let [started, startedAt, efficiency] = [0, 0, NaN];
    const reader = await priorityReader(brokers, topics, { capacity, consumer: { fetchMaxBytes } }, async () => {
      started++;
      if (started === from) {
        meter.reset();
        startedAt = performance.now();
      } else if (started === to) {
        meter.look();
        efficiency = meter.busyMs / ((performance.now() - startedAt) * capacity);
      }
      meter.started();
      await sleep(takesMs());
      meter.ended();
    });
    try {
      while (started < n) await sleep(10);
      return { efficiency, messages: started };
    } finally {
      await reader.stop();
    }
  });
}
