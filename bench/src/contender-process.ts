import type { Answer, Assignment } from './contender.js';
import { PeerNotAvailable } from './peer-not-available.js';
import { turnOf, type Turn } from './scenario.js';
import { loadScenario } from './scenarios/index.js';

// The process of one side: runs a turn each time it is told, and ends when its parent lets it go.
const assignment = JSON.parse(process.argv[2] ?? '') as Assignment;
const contest = (await loadScenario(assignment.scenario))?.contests[assignment.contest];
const run = contest && turnOf(contest, assignment.side);
if (run === undefined) throw new Error(`no such contender: ${process.argv[2] ?? ''}`);

let working = false;
process.on('message', () => {
  working = true;
  void answer(run).then((message) => {
    working = false;
    process.send?.(message);
  });
});
// Nobody is there for the result any more. Between turns the process ends by itself, if nothing leaks.
process.on('disconnect', () => {
  if (working) process.exit(1);
});

async function answer(turn: Turn): Promise<Answer> {
  global.gc?.(); // the garbage of one turn is no work of the next
  try {
    const figures = await turn(assignment);
    return { figures: { maxRssMib: process.resourceUsage().maxRSS / 1024, ...figures } }; // some measure another's
  } catch (error) {
    if (error instanceof PeerNotAvailable) return { notAvailable: error.message };
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
