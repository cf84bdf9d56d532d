// `npm run test:crash`: as the test, for as long as you like, with everything that may happen. HEARKEN_ROUNDS, HEARKEN_SEED,
// HEARKEN_BROKER (real, embedded; both by default), HEARKEN_EXHAUSTION (retry, dead-letter, park; by lot by default).
import type { BrokerKind } from './crash-broker.js';
import { runCrashes, type CrashReport } from './crash-run.js';
import { figuresOf } from './figures.js';
import { EXHAUSTIONS } from './listener-settings.js';
import type { RoundKind } from './rounds.js';

/** Then all begins anew: another topic, another group, perhaps another protocol. */
const ROUNDS_AT_ONCE = 25;
/** Of so many some stops drain, by any lot, but where all runs park. */
const LONG_ROUNDS = 200;

const { HEARKEN_ROUNDS = '200', HEARKEN_SEED = '1', HEARKEN_BROKER = 'both', HEARKEN_EXHAUSTION } = process.env;
const exhaustion = EXHAUSTIONS.find((one) => one === HEARKEN_EXHAUSTION);
const [rounds, seed] = [Number(HEARKEN_ROUNDS), Number(HEARKEN_SEED)];
const brokers: readonly BrokerKind[] =
  HEARKEN_BROKER === 'both' ? ['real', 'embedded'] : [HEARKEN_BROKER as BrokerKind];
console.log(`${rounds} rounds on ${brokers.join(' and ')}, seed ${seed}`);
const reports: CrashReport[] = [];
const happened: RoundKind[] = [];
for (let run = 0; happened.length < rounds; run++) {
  const broker = brokers[run % brokers.length] ?? 'real';
  const size = Math.min(ROUNDS_AT_ONCE, rounds - happened.length);
  const report = await runCrashes({
    seed: seed + run,
    rounds: size,
    broker,
    ...(exhaustion === undefined ? {} : { exhaustion }),
    onRound: (round, kind) => {
      happened.push(kind);
      console.log(`${broker}, seed ${seed + run}, round ${round} of ${size}: ${kind}`);
    },
  });
  reports.push(report);
  for (const violation of report.violations.slice(0, 50)) console.error(violation);
  if (report.violations.length > 0) console.error(`see ${report.folder}`);
}
for (const line of figuresOf(happened, reports)) console.log(line);
const isVacuous = rounds >= LONG_ROUNDS && exhaustion !== 'park' && reports.every(({ tightStops }) => tightStops === 0);
if (isVacuous) console.error('no stop was held to what it promises: nothing is known of those');
process.exitCode = isVacuous || reports.some(({ violations }) => violations.length > 0) ? 1 : 0;
