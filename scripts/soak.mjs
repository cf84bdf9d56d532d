// `npm run test:soak [-- mocha's arguments]`, in two parts. First the laws of the listener container, for records and for
// batches, in a million worlds each, on every processor. HEARKEN_RUNS says how many (0: none), HEARKEN_SEED where to begin. A
// failure prints seed and path: HEARKEN_RUNS=1 HEARKEN_SEED=… HEARKEN_PATH=… npm run test:soak -- --grep 'laws hold' (or
// 'of batches') plays it again. Then half an hour of rebalances on a real Kafka: HEARKEN_SOAK_MS (0: none), HEARKEN_REBALANCE_MS.
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { runNode } from './child.mjs';
import { ROOT, setup } from './setup.mjs';
import { finish, withKafka } from './with-kafka.mjs';

const CHUNK = 10_000;
const LAWS = ['laws/laws.test.js', 'batch-laws/batch-laws.test.js'].map(
  (file) => `packages/listener/dist-test/${file}`,
);

setup();
const runs = Number(process.env.HEARKEN_RUNS ?? 1_000_000);
const seed = Number(process.env.HEARKEN_SEED ?? Date.now() % 2 ** 31);
const chunks = Math.ceil(runs / CHUNK);
let [next, done, failed] = [0, 0, 0];
await finish(async () => ((await lawsHold()) ? rebalances() : 1));

async function lawsHold() {
  if (runs === 0) return true;
  console.log(`${runs} runs from seed ${seed}`);
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  console.log(`${done} runs, ${failed} of ${next} parts failed`);
  return failed === 0;
}

/** One that plays a failure again wants nothing else. */
function rebalances() {
  if (process.env.HEARKEN_SOAK_MS === '0' || process.env.HEARKEN_PATH !== undefined) return 0;
  return withKafka({}, (brokers) =>
    runNode(['--enable-source-maps', 'test/dist/soak/main.js'], { env: { HEARKEN_BROKERS: brokers } }),
  );
}

/** Takes one part after the other, also when one has failed: what fails once in a million worlds is seldom alone. */
async function work() {
  while (next < chunks) {
    const part = next++;
    const size = Math.min(CHUNK, runs - part * CHUNK);
    const { error, output } = await mocha(size, seed + part);
    if (error) {
      failed++;
      console.error(output);
    } else {
      done += size;
      console.log(`${done} of ${runs}`);
    }
  }
}

function mocha(size, seed) {
  const args = [join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js'), ...process.argv.slice(2), ...LAWS];
  const env = { ...process.env, HEARKEN_RUNS: String(size), HEARKEN_SEED: String(seed) };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: ROOT, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      resolve({ error, output: stdout + stderr }),
    );
  });
}
