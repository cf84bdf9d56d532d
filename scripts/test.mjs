// `npm test [-- mocha's arguments]`: unit tests, then the tests across packages on one real Kafka and the embedded broker,
// and beside them those that break things, then the contract on the oldest Kafka we promise. Most of them wait most of the
// time. What failed is told again at the end; the last line has the counts: "N passed, N failed", then ", N skipped" if any.
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNode } from './child.mjs';
import { ROOT, setup } from './setup.mjs';
import { withKafka } from './with-kafka.mjs';

// No test is to fail because a machine is slow: these end only what hangs.
const RUN_TIMEOUT_MS = 45 * 60_000;
const UNIT_TIMEOUT_MS = 120_000;
const REAL_TIMEOUT_MS = 300_000;
const BREAKING = 'test/dist/{faults,crash}/**/*.test.js';
const ACROSS = { files: 'test/dist/**/*.test.js', exclude: BREAKING, timeoutMs: REAL_TIMEOUT_MS };
// A process of their own: what they leave behind in one that goes on would be blamed on others.
const FAULTS = { files: BREAKING, timeoutMs: REAL_TIMEOUT_MS };
const CONTRACT = { files: 'test/dist/contract/real-kafka.test.js', timeoutMs: REAL_TIMEOUT_MS };
const OLDER_KAFKA = '3.9.1';
/** Parts of the ports that brokers get: a broker that restarts must find its own free. */
const PORTS = { ours: '1/3', across: '2/3', beside: '3/3' };

const total = { passed: 0, failed: 0, skipped: 0 };
/** What failed, told again at the end: the rest of the output is long. */
const failures = [];
try {
  setup();
  await runUnits();
  await runAcross();
  if (total.passed + total.failed === 0) fail('no test ran');
} catch (error) {
  fail(error.stack);
}
if (failures.length > 0) console.log(`== failed\n\n${failures.join('\n\n')}\n`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed === 0 ? 0 : 1;

/** Each package in a process of its own: what one's tests register for the whole process must not reach another's. */
async function runUnits() {
  const packages = readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}`);
  for (const folder of [...packages, 'bench']) {
    add(await mocha({ files: `${folder}/dist-test/**/*.test.js`, timeoutMs: UNIT_TIMEOUT_MS }));
  }
}

async function runAcross() {
  process.env.HEARKEN_PORTS = PORTS.ours;
  try {
    await withKafka({ quickStart: true }, async (brokers) => {
      const env = (ports) => ({ HEARKEN_BROKERS: brokers, HEARKEN_PORTS: ports });
      const ends = await Promise.allSettled([across(env(PORTS.across)), beside(env(PORTS.beside))]);
      for (const { reason } of ends) if (reason !== undefined) throw reason;
    });
  } catch (error) {
    if (error.code !== 'MISSING_TOOL') throw error;
    const line = `THE TESTS ON REAL KAFKA DID NOT RUN. ${error.message}`;
    if (process.env.HEARKEN_REQUIRE_KAFKA === '1') fail(line);
    else console.error(`\n${'!'.repeat(100)}\n${line}\n${'!'.repeat(100)}\n`);
    for (const suite of [ACROSS, FAULTS]) add(await mocha(suite));
  }
}

async function across(env) {
  add(await mocha(ACROSS, { env }));
}

async function beside(env) {
  add(await held((output) => mocha(FAULTS, { env, output })));
  if (process.env.HEARKEN_BROKERS) return;
  await withKafka({ quickStart: true, version: OLDER_KAFKA }, async (brokers) =>
    add(await held((output) => mocha(CONTRACT, { env: { HEARKEN_BROKERS: brokers }, output }))),
  );
}

/** Shows what a run said when it is over, as another one is on the terminal. */
async function held(run) {
  const folder = mkdtempSync(join(tmpdir(), 'hearken-test-'));
  const file = join(folder, 'output');
  const output = openSync(file, 'w');
  try {
    return await run(output);
  } finally {
    closeSync(output);
    process.stdout.write(readFileSync(file));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One run of mocha. A run that ends badly without saying so in its counts is a failure by itself. */
async function mocha({ files, exclude, timeoutMs }, { env = {}, output } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'hearken-test-'));
  const countsFile = join(folder, 'counts.json');
  try {
    const code = await runNode(
      [
        join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js'),
        ...['--reporter', join(ROOT, 'scripts', 'mocha-counts.cjs'), '--timeout', String(timeoutMs)],
        ...(exclude === undefined ? [] : ['--exclude', exclude]),
        ...process.argv.slice(2),
        files,
      ],
      { env: { ...env, HEARKEN_TEST_COUNTS: countsFile }, timeoutMs: RUN_TIMEOUT_MS, output },
    );
    const { counts, failed } = existsSync(countsFile) ? JSON.parse(readFileSync(countsFile, 'utf8')) : { failed: [] };
    failures.push(...failed);
    if (counts !== undefined && (code === 0 || counts.failed > 0)) return counts;
    fail(`mocha ended with exit code ${code} over ${files}`);
    return counts ?? { passed: 0, failed: 0, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function add(counts) {
  for (const name of Object.keys(total)) total[name] += counts[name];
}

function fail(message) {
  console.error(message);
  failures.push(message);
  total.failed++;
}
