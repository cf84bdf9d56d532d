import { setTimeout as sleep } from 'node:timers/promises';
import type { PriorityListenerContainer } from 'hearken';
import { bestShareError } from '../priority/clairvoyant.js';
import { alone, forEachService } from '../priority/contests.js';
import type { DispatchTrace } from '../priority/dispatch-trace.js';
import { backlogged, fairnessBound, inversions, shareError, type Stretch } from '../priority/fairness.js';
import { fill, type LevelTopics } from '../priority/level-topics.js';
import type { PriorityReader } from '../priority/readers.js';
import type { ServiceName } from '../priority/service-times.js';
import { LEVELS, onStage } from '../priority/stage.js';
import { COMMON_SETTINGS, defineScenario, type Figures, type TurnContext } from '../scenario.js';
import { committedRecords } from '../topics.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 1,
  capacity: 50,
  /** What a handler waits, in the mean. */
  workMs: 5,
  /** Between two changes. */
  everyMs: 500,
  changes: 9,
  /** Records of each level: more than a turn can take of one. */
  backlog: 40_000,
};
type PolicySettings = typeof settings;
type Context = TurnContext<PolicySettings>;

const ALL = 0b111;
/** By how many starts shares are judged: the first after each change. */
const FIRST = 100;
const PERCENT = 100;

/** From one start on. */
interface Reign {
  readonly from: number;
  /** None: strict. */
  readonly weights: readonly number[] | undefined;
}

const WEIGHTS = [[1, 2, 4], [1, 1, 1], undefined];

/** Policies that change under load: from the next start on the new one holds, and no record is lost by it. */
export const priorityPolicies = defineScenario<PolicySettings>({
  settings,
  contests: forEachService((service) =>
    alone(
      (context) => hearken(context, service),
      { figure: 'ofBound', atMost: 1 + 1e-9 },
      { figure: 'errorFirst100Pp', atMost: 1.5 },
      { figure: 'inversions', atMost: 0 },
      { figure: 'lost', atMost: 0 },
    ),
  ),
});

function hearken(context: Context, service: ServiceName): Promise<Figures> {
  const { brokers, settings } = context;
  const handled = Array.from({ length: LEVELS }, () => 0);
  const plan = {
    service,
    own: { levels: [{ weight: 1 }, { weight: 2 }, { weight: 4 }] },
    prepare: ({ names }: LevelTopics) => fill(brokers, names, { records: settings.backlog, size: settings.size }),
    ended: (level: number) => void (handled[level] = (handled[level] ?? 0) + 1),
  };
  return onStage(context, plan, async ({ topics, reader, trace }) => {
    const reigns = await change(reader.container, trace, settings);
    await reader.container.stop();
    return { ...figures(trace, reigns), lost: await lost(brokers, reader, topics, handled) };
  });
}

async function change(
  container: PriorityListenerContainer,
  trace: DispatchTrace,
  { changes, everyMs }: PolicySettings,
): Promise<Reign[]> {
  const reigns: Reign[] = [];
  for (let i = 0; i < changes; i++) {
    await sleep(everyMs);
    const weights = WEIGHTS[i % WEIGHTS.length];
    reigns.push({ from: trace.levels.length, weights });
    if (weights === undefined) container.setPolicy('strict', { starvation: 'allow' });
    else {
      container.updatePolicy({ weights });
      container.setPolicy('weighted');
    }
  }
  await sleep(everyMs);
  return reigns;
}

/** The worst of all reigns, judged where all levels had records. */
function figures(trace: DispatchTrace, reigns: readonly Reign[]): Figures {
  const behind = backlogged(trace, ALL);
  let [ofBound, error, optimum, inverted, judged] = [0, 0, 0, 0, 0];
  for (const [i, { from, weights }] of reigns.entries()) {
    const reign = { from, to: reigns[i + 1]?.from ?? trace.levels.length };
    if (weights === undefined) {
      inverted += inversions(trace, reign);
      continue;
    }
    const first = behind
      .map((stretch) => overlap(stretch, reign))
      .find((stretch) => stretch.to - stretch.from >= FIRST);
    if (first === undefined) continue;
    judged++;
    optimum = Math.max(optimum, bestShareError(weights, FIRST));
    ofBound = Math.max(ofBound, fairnessBound(trace, first, weights));
    error = Math.max(error, shareError(trace, { from: first.from, to: first.from + FIRST }, weights, FIRST));
  }
  if (judged === 0) throw new Error('at no time did all levels have records');
  return {
    starts: trace.levels.length,
    judged,
    ofBound,
    errorFirst100Pp: PERCENT * error,
    optimumFirst100Pp: PERCENT * optimum,
    inversions: inverted,
  };
}

const overlap = (one: Stretch, other: Stretch): Stretch => ({
  from: Math.max(one.from, other.from),
  to: Math.min(one.to, other.to),
});

/** What is committed and was not handled would never come again. */
async function lost(
  brokers: string[],
  { groupId }: PriorityReader,
  { names }: LevelTopics,
  handled: readonly number[],
): Promise<number> {
  const committed = await Promise.all(
    names.map((topic, level) => committedRecords(brokers, `${groupId}-${level}`, topic)),
  );
  return committed.reduce((sum, count, level) => sum + Math.max(0, count - (handled[level] ?? 0)), 0);
}
