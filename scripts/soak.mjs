// `npm run test:soak [-- mocha's arguments]`: the laws of the listener container, for records and for batches, in a million
// worlds each, on every processor. HEARKEN_RUNS says how many, HEARKEN_SEED where to begin. A failure prints seed and path:
// HEARKEN_RUNS=1 HEARKEN_SEED=… HEARKEN_PATH=… npm run test:soak -- --grep 'laws hold' (or 'of batches') plays it again.
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ROOT, setup } from './setup.mjs';

const CHUNK = 10_000;
const LAWS = ['laws/laws.test.js', 'batch-laws/batch-laws.test.js'].map(
  (file) => `packages/listener/dist-test/${file}`,
);

setup();
const runs = Number(process.env.HEARKEN_RUNS ?? 1_000_000);
const seed = Number(process.env.HEARKEN_SEED ?? Date.now() % 2 ** 31);
const chunks = Math.ceil(runs / CHUNK);
console.log(`${runs} runs from seed ${seed}`);
let [next, done, failed] = [0, 0, 0];
await Promise.all(Array.from({ length: availableParallelism() }, work));
console.log(`${done} runs, ${failed} of ${next} parts failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** Takes one part after the other. A failure ends all. */
async function work() {
  while (next < chunks && failed === 0) {
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
