// `npm run crash`: as the test, for as long as you like, the broker killed as well.
import { parseArgs } from 'node:util';
import { runCrashes } from './crash-run.js';

const KILLS_PER_BROKER = 10;

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
});
const [seed, kills] = [Number(values.seed), Number(values.kills)];
console.log(`${kills} kills, seed ${seed}`);
const { violations, records, duplicates, folder } = await runCrashes({ seed, kills, killsPerBroker: KILLS_PER_BROKER });
for (const violation of violations.slice(0, 50)) console.error(violation);
console.log(`${records} records, ${duplicates} of them repeated, ${violations.length} violations`);
if (violations.length > 0) console.log(`see ${folder}`);
process.exitCode = violations.length === 0 ? 0 : 1;
