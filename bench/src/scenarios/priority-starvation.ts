import { setTimeout as sleep } from 'node:timers/promises';
import type { LevelDefinition, PriorityContainerProperties } from 'hearken';
import { bestRate } from '../priority/clairvoyant.js';
import { DispatchTrace } from '../priority/dispatch-trace.js';
import { longestWait } from '../priority/fairness.js';
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
  measureMs: 5000,
};
type StarvationSettings = typeof settings;
type Context = TurnContext<StarvationSettings>;

/** What each level brings, as a part of what all slots can do: level 0 first. */
const OFFERED = [0.2, 0.2, 1.2];

type Scheme = Pick<PriorityContainerProperties, 'policy'> & { readonly levels: readonly LevelDefinition[] };

const FLOORS: Scheme = { policy: 'strict-with-floor', levels: [{ minShare: 0.05 }, { minShare: 0.05 }, {}] };
const WEIGHTS: Scheme = { policy: 'weighted', levels: [{ weight: 1 }, { weight: 2 }, { weight: 4 }] };

/** More urgent records than can be done: how many others go before one of the lower levels. */
export const priorityStarvation = defineScenario<StarvationSettings>({
  settings,
  contests: Object.fromEntries(
    SERVICES.flatMap((service) => [
      // A floor f: within 1/f decisions and one for the other floor. Measured by those who do not get the slot.
      [`floors of 5 %, ${service}, embedded broker`, contest(FLOORS, service, 22)],
      [`4:2:1, ${service}, embedded broker`, contest(WEIGHTS, service, 9)],
    ]),
  ),
});

function contest(scheme: Scheme, service: ServiceName, atMost: number): Contest<StarvationSettings> {
  return {
    hearken: (context) => hearken(context, scheme, service),
    peers: {},
    compared: [],
    gates: [
      { figure: 'lowestWaitsStarts', atMost },
      { figure: 'efficiency', atLeast: 0.95 },
    ],
    broker: 'embedded',
  };
}

function hearken({ brokers, settings }: Context, scheme: Scheme, service: ServiceName): Promise<Figures> {
  const { capacity, workMs, measureMs, partitions } = settings;
  return withLevels(brokers, { levels: OFFERED.length, partitions }, async (topics) => {
    const trace = new DispatchTrace();
    const meter = new SlotMeter(capacity, () => true);
    const takesMs = serviceTimes(service, workMs);
    const reader = await priorityReader(brokers, topics, { capacity, ...scheme }, async (level) => {
      trace.started(level);
      meter.started();
      await sleep(takesMs());
      meter.ended();
    });
    trace.of(reader.container);
    const sender = new LevelSender(brokers, topics, settings.size);
    const best = bestRate({ capacity, meanMs: workMs });
    try {
      await sender.pace(OFFERED.length - 1, best, 2 * workMs); // no slot is free from here on
      meter.reset();
      const startedAt = performance.now();
      await Promise.all(OFFERED.map((part, level) => sender.pace(level, part * best, measureMs)));
      meter.look();
      return {
        ...waits(trace),
        ...goodput(trace),
        efficiency: meter.busyMs / ((performance.now() - startedAt) * capacity),
      };
    } finally {
      await sender.close();
      await reader.stop();
    }
  });
}

/** A wait is told in starts of others; the start that ended it is one more. */
const waits = (trace: DispatchTrace): Figures => ({
  lowestWaitsStarts: longestWait(trace, 0) + 1,
  middleWaitsStarts: longestWait(trace, 1) + 1,
  urgentWaitsStarts: longestWait(trace, 2) + 1,
});

const goodput = ({ levels }: DispatchTrace): Figures =>
  Object.fromEntries(
    OFFERED.map((_, level) => [`part${level}`, levels.filter((started) => started === level).length / levels.length]),
  );
