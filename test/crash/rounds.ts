import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '../support/seeded-random.js';
import { until } from '../support/until.js';
import type { CrashBroker } from './crash-broker.js';
import type { CrashLogReader } from './crash-log.js';
import type { Crew } from './crew.js';
import { SESSION_MS } from './listener-settings.js';

/** How much happens between two rounds, in lines of the log. */
const LINES_BETWEEN = [50, 1_500] as const;
const STORM_MS = [300, 3_000] as const;

/** What may happen in a round. */
export type RoundKind = 'kill' | 'stop' | 'freeze' | 'storm' | 'bounce';

/** In ten rounds. */
const LOTS = ['kill', 'kill', 'kill', 'kill', 'kill', 'stop', 'freeze', 'freeze', 'storm', 'bounce'] as const;

export interface Stage {
  readonly crew: Crew;
  readonly broker: CrashBroker;
  readonly log: CrashLogReader;
  readonly random: SeededRandom;
}

/** Lets them work for a while, and then something happen to them. */
export async function playRound(stage: Stage, kind: RoundKind = stage.random.pick(LOTS)): Promise<RoundKind> {
  await goOn(stage);
  await ROUNDS[kind](stage);
  return kind;
}

async function goOn({ log, random }: Stage): Promise<void> {
  const lines = log.catchUp().length + random.between(...LINES_BETWEEN);
  await until('they go on', () => log.catchUp().length >= lines);
}

const ROUNDS: Readonly<Record<RoundKind, (stage: Stage) => Promise<void>>> = {
  kill: ({ crew }) => crew.replace(crew.pick(), 'kill'),
  stop: ({ crew }) => crew.replace(crew.pick('listener'), 'stop'),
  bounce: ({ broker }) => broker.bounce(),
  freeze,
  storm,
};

/** Its group takes it for dead, others have its partitions, and then it goes on. */
async function freeze({ crew, random }: Stage): Promise<void> {
  const { process } = crew.pick('listener');
  process.kill('SIGSTOP');
  await delay(SESSION_MS * (1 + random.next()));
  process.kill('SIGCONT');
}

/** Members come and go faster than the group settles; the partitions go to and fro. */
async function storm({ crew, random }: Stage): Promise<void> {
  for (let gusts = random.between(1, 3); gusts > 0; gusts--) {
    const guest = crew.hire('listener');
    await delay(random.between(...STORM_MS));
    await crew.stop(guest);
  }
}
