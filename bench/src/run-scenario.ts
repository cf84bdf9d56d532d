import { randomUUID } from 'node:crypto';
import { Contender } from './contender.js';
import { printLine, summarise } from './report.js';
import type { Contest, Figures, Scenario, Settings, Side, TurnContext } from './scenario.js';
import { withTopic } from './topics.js';

const SIDES: readonly Side[] = ['hearken', 'kafkajs'];

/** Runs every contest of a scenario over one topic. Resolves with whether all gates are passed. */
export async function runScenario(
  name: string,
  scenario: Scenario,
  given: Settings,
  brokers: string[],
): Promise<boolean> {
  const settings = { ...scenario.settings, ...given };
  const topic = `bench-${name}-${randomUUID()}`;
  const plan = scenario.topic(settings);
  note(`${name}: making a topic of ${plan.partitions} partitions and ${plan.records} records`);
  return withTopic(brokers, topic, plan, async () => {
    let passed = true;
    for (const [title, contest] of Object.entries(scenario.contests)) {
      const summary = await runContest(name, title, contest, { brokers, topic, settings });
      passed &&= summary;
    }
    return passed;
  });
}

/** A B A B …: what the machine does meanwhile (heat, neighbours, the broker's page cache) meets both sides alike. */
async function runContest(scenario: string, title: string, contest: Contest, context: TurnContext): Promise<boolean> {
  const contenders = SIDES.map((side) => ({
    side,
    process: new Contender({ ...context, scenario, contest: title, side }),
  }));
  const turns: Record<Side, Figures[]> = { hearken: [], kafkajs: [] };
  try {
    for (let turn = 0; turn <= (context.settings.turns ?? 1); turn++) {
      for (const { side, process } of contenders) {
        note(`${scenario}, ${title}: ${side}, ${turn === 0 ? 'warm-up' : `turn ${turn}`}`);
        const figures = await process.turn();
        if (turn === 0) continue;
        turns[side].push(figures);
        printLine({ scenario, contest: title, side, turn, ...figures });
      }
    }
  } finally {
    await Promise.all(contenders.map(({ process }) => process.close()));
  }
  const summary = summarise(contest, turns);
  printLine({ scenario, contest: title, summary });
  return summary.pass;
}

const note = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
