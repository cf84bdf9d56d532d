import { randomUUID } from 'node:crypto';
import { withEmbeddedBroker } from './embedded-broker.js';
import { Contender, THIS_BUILD, type Entrant } from './contender.js';
import { PeerNotAvailable } from './peer-not-available.js';
import { compare, printLine, summarise, type Turns } from './report.js';
import type { Contest, Figures, Scenario, Settings, TurnContext } from './scenario.js';
import { withTopic } from './topics.js';

/** What a partition of an embedded broker keeps. */
const UNBOUNDED = -1;

export interface RunOptions {
  /** Those that differ from the scenario's own. */
  readonly settings: Settings;
  readonly brokers: string[];
  /** The compiled bench of an earlier commit, to run against instead of the peers. */
  readonly earlier?: URL | undefined;
  /** Ends the run. */
  readonly signal: AbortSignal;
}

/** A contest, by its names, on a topic. */
interface Match extends TurnContext {
  readonly scenario: string;
  readonly contest: string;
  readonly isWarmedUp: boolean;
}

/** Runs every contest of a scenario over one topic. Resolves with whether all gates are passed. */
export async function runScenario(name: string, scenario: Scenario, options: RunOptions): Promise<boolean> {
  const { brokers, signal, earlier } = options;
  const settings = { ...scenario.settings, ...options.settings };
  const newTopic = (): TurnContext => ({ brokers, topic: `bench-${name}-${randomUUID()}`, settings });
  return withPlannedTopic(scenario.topic, newTopic(), async (shared) => {
    let passed = true;
    for (const [title, contest] of Object.entries(scenario.contests)) {
      passed = (await runOne(contest, title, contest.topic === undefined ? shared : newTopic())) && passed;
    }
    return passed;
  });

  function runOne(contest: Contest, title: string, context: TurnContext): Promise<boolean> {
    return onItsBroker(contest, brokers, (own) =>
      withPlannedTopic(contest.topic, { ...context, brokers: own }, (planned) => run(contest, title, planned)),
    );
  }

  async function run(contest: Contest, title: string, context: TurnContext): Promise<boolean> {
    const match = { scenario: name, contest: title, isWarmedUp: contest.isWarmedUp ?? true, ...context };
    if (earlier === undefined) return againstPeers(contest, match, signal);
    await againstEarlier(earlier, match, signal);
    return true;
  }
}

async function withPlannedTopic<T>(
  plan: Scenario['topic'],
  context: TurnContext,
  work: (context: TurnContext) => Promise<T>,
): Promise<T> {
  if (plan === undefined) return work(context);
  const planned = plan(context.settings);
  note(`making a topic of ${planned.partitions} partitions and ${planned.records} records`);
  return withTopic(context.brokers, context.topic, planned, () => work(context));
}

const onItsBroker = <T>(contest: Contest, brokers: string[], use: (brokers: string[]) => Promise<T>): Promise<T> =>
  contest.broker === 'embedded' ? withEmbeddedBroker(UNBOUNDED, use) : use(brokers);

async function againstPeers(contest: Contest, match: Match, signal: AbortSignal): Promise<boolean> {
  const sides = ['hearken', ...Object.keys(contest.peers)];
  const turns = await play(
    sides.map((side) => ({ name: side, side, folder: THIS_BUILD })),
    match,
    signal,
  );
  const { gates, ...summary } = summarise(contest, turns);
  const { scenario, contest: title } = match;
  printLine({ scenario, contest: title, summary });
  for (const gate of gates) printLine({ scenario, contest: title, gate });
  return summary.pass;
}

/** Two commits of ours have no gate: what is too slow is for the reader to say. */
async function againstEarlier(earlier: URL, match: Match, signal: AbortSignal): Promise<void> {
  const entrants = [
    { name: 'new', side: 'hearken', folder: THIS_BUILD },
    { name: 'old', side: 'hearken', folder: earlier },
  ];
  const { new: ours = [], old = [] } = await play(entrants, match, signal);
  const { scenario, contest } = match;
  printLine({ scenario, contest, summary: compare({ new: ours, old }) });
}

/** A B C A B C …: what the machine does meanwhile (heat, neighbours, the broker's page cache) meets all sides alike. */
async function play(entrants: readonly Entrant[], match: Match, signal: AbortSignal): Promise<Turns> {
  const { scenario, contest, settings, isWarmedUp } = match;
  const contenders = entrants.map((entrant) => new Contender(entrant, match, signal));
  const turns = new Map<Contender, Figures[]>(contenders.map((contender) => [contender, []]));
  try {
    for (let turn = isWarmedUp ? 0 : 1; turn <= (settings.turns ?? 1); turn++) {
      for (const [contender, played] of turns) {
        const { name } = contender;
        note(`${scenario}, ${contest}: ${name}, ${turn === 0 ? 'warm-up' : `turn ${turn}`}`);
        const figures = await turnOrNone(contender);
        if (figures instanceof PeerNotAvailable) {
          printLine({ scenario, contest, side: name, notAvailable: figures.message });
          turns.delete(contender);
        } else if (turn > 0) {
          played.push(figures);
          printLine({ scenario, contest, side: name, turn, ...figures });
        }
      }
    }
  } finally {
    await Promise.all(contenders.map((contender) => contender.close()));
  }
  return Object.fromEntries(Array.from(turns, ([{ name }, played]) => [name, played]));
}

async function turnOrNone(contender: Contender): Promise<Figures | PeerNotAvailable> {
  try {
    return await contender.turn();
  } catch (error) {
    if (error instanceof PeerNotAvailable) return error;
    throw error;
  }
}

const note = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
