import { randomUUID } from 'node:crypto';
import { Contender } from './contender.js';
import { printLine, summarise } from './report.js';
import type { Figures, Scenario, Settings, Side, TurnContext } from './scenario.js';
import { withTopic } from './topics.js';

const SIDES: readonly Side[] = ['hearken', 'kafkajs'];

export interface RunOptions {
  /** Those that differ from the scenario's own. */
  readonly settings: Settings;
  readonly brokers: string[];
  /** Ends the run. */
  readonly signal: AbortSignal;
}

/** A contest, by its names, on a topic. */
interface Match extends TurnContext {
  readonly scenario: string;
  readonly contest: string;
}

/** Runs every contest of a scenario over one topic. Resolves with whether all gates are passed. */
export async function runScenario(name: string, scenario: Scenario, options: RunOptions): Promise<boolean> {
  const { brokers, signal } = options;
  const settings = { ...scenario.settings, ...options.settings };
  const topic = `bench-${name}-${randomUUID()}`;
  const plan = scenario.topic(settings);
  note(`${name}: making a topic of ${plan.partitions} partitions and ${plan.records} records`);
  return withTopic(brokers, topic, plan, async () => {
    let passed = true;
    for (const [title, contest] of Object.entries(scenario.contests)) {
      const match = { scenario: name, contest: title, brokers, topic, settings };
      const summary = summarise(contest, await play(match, signal));
      printLine({ scenario: name, contest: title, summary });
      passed &&= summary.pass;
    }
    return passed;
  });
}

/** A B A B …: what the machine does meanwhile (heat, neighbours, the broker's page cache) meets both sides alike. */
async function play(match: Match, signal: AbortSignal): Promise<Record<Side, Figures[]>> {
  const { scenario, contest, settings } = match;
  const contenders = SIDES.map((side) => new Contender({ ...match, side }, signal));
  const turns: Record<Side, Figures[]> = { hearken: [], kafkajs: [] };
  try {
    for (let turn = 0; turn <= (settings.turns ?? 1); turn++) {
      for (const contender of contenders) {
        const { side } = contender;
        note(`${scenario}, ${contest}: ${side}, ${turn === 0 ? 'warm-up' : `turn ${turn}`}`);
        const figures = await contender.turn();
        if (turn === 0) continue;
        turns[side].push(figures);
        printLine({ scenario, contest, side, turn, ...figures });
      }
    }
  } finally {
    await Promise.all(contenders.map((contender) => contender.close()));
  }
  return turns;
}

const note = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
