import type { LevelDefinition, PriorityContainerProperties } from 'hearken';
import { bestRate, bestWait } from '../priority/clairvoyant.js';
import { alone, forEachService } from '../priority/contests.js';
import type { DispatchTrace } from '../priority/dispatch-trace.js';
import { longestWait } from '../priority/fairness.js';
import type { ServiceName } from '../priority/service-times.js';
import { onStage } from '../priority/stage.js';
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
  contests: {
    // A floor f: within 1/f decisions and one for the other floor. Measured by those who do not get the slot.
    ...forEachService((service) => contest(FLOORS, service, 22), 'floors of 5 %, '),
    ...forEachService((service) => contest(WEIGHTS, service, 9), '4:2:1, '),
  },
});

function contest(scheme: Scheme, service: ServiceName, atMost: number): Contest<StarvationSettings> {
  return alone(
    (context) => hearken(context, scheme, service),
    { figure: 'lowestWaitsStarts', atMost },
    { figure: 'busyShare', atLeast: 0.99 },
  );
}

const hearken = (context: Context, own: Scheme, service: ServiceName): Promise<Figures> =>
  onStage(context, { service, own }, async ({ trace, meter, sender }) => {
    const { capacity, workMs, measureMs } = context.settings;
    const best = bestRate({ capacity, meanMs: workMs });
    await sender.pace(OFFERED.length - 1, best, 2 * workMs); // no slot is free from here on
    meter.reset();
    await Promise.all(OFFERED.map((part, level) => sender.pace(level, part * best, measureMs)));
    meter.look();
    const optimumLowestWaitsStarts = bestWait(lowestShare(own));
    return { ...waits(trace), optimumLowestWaitsStarts, ...goodput(trace), busyShare: meter.busyShare };
  });

/** The part of the starts that the lowest level is promised. */
function lowestShare({ levels }: Scheme): number {
  const { minShare, weight = 1 } = levels[0] ?? {};
  return minShare ?? weight / levels.reduce((sum, level) => sum + (level.weight ?? 1), 0);
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
