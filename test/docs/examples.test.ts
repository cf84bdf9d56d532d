import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeWithKafka } from '../support/kafka.js';
import { ROOT } from './documents.js';

/** The programs that snippets are cut from, and something each prints when all went as it shows. They need a Kafka. */
const PROGRAMS = {
  send: '10000 sent',
  'request-reply': 'o-1 costs 24',
  listen: 'billed o-99',
  beans: 'all is kept',
  ordering: 'shipped o-199',
  acknowledge: 'paid o-99',
  middleware: '3 bills',
  tracing: '      send orders-dlt\nprocess orders-dlt, 1 linked',
  batches: '299 mailed, 1 given up after 2 retries',
  failures: 'the container is failed: LISTENER_FAILED',
  executors: '400 orders handled',
  resilience: '200 charged and 200 mailed, drained: true',
  'worker-threads': '100 proofs, in 2 threads',
  'flow-control': 'saved 190 of partition 0',
  running: '100 billed, restarted once, ready: 200',
  shed: '1000 billed, most of them late',
  'parked-keys': '30 orders of customer-3 billed late, in order',
  levels: 'poll 5: may take 50, 14, 29, takes 50, 0, 0',
  priority: '300 billed',
  application: 'the order was shipped once, and audited once',
};
/** Tests as a user writes them; they need none. */
const TESTS = ['first-test', 'testing-fakes', 'testing-faults', 'testing-worker'];
const PROGRAM_TIMEOUT_MS = 240_000;

interface Said {
  readonly stdout: string;
  readonly stderr: string;
}

async function run(name: string, { args = [] as string[], brokers = process.env.HEARKEN_BROKERS } = {}): Promise<Said> {
  const env = { ...process.env, HEARKEN_BROKERS: brokers, NODE_TEST_CONTEXT: undefined };
  const program = [...args, join(ROOT, 'examples', 'dist', `${name}.js`)];
  try {
    return await promisify(execFile)(process.execPath, program, { timeout: PROGRAM_TIMEOUT_MS, env });
  } catch (cause) {
    const { stdout, stderr } = cause as Said;
    throw new Error(`${name} failed, and said:\n${stdout}${stderr}`, { cause });
  }
}

function assertProved({ stdout, stderr }: Said): void {
  assert.equal(stdout.match(/^ok {6}\S/gm)?.length, 17, stdout);
  assert.match(stdout, /^ok {6}an urgent order is the next to start +ahead of 2,993$/m);
  assert.match(stdout, /^ok {6}… levels share by weight, exactly +100, 200, 400 of 700 starts$/m);
  assert.doesNotMatch(stderr, /the bank does not answer/); // meant to happen, so no warning
  // eslint-disable-next-line no-control-regex -- what a terminal would get
  assert.doesNotMatch(stdout, /FAILED|\x1b|\r/);
}

function assertSharesProved({ stdout }: Said): void {
  assert.match(stdout, /^level {3}share of the last starts/m);
  assert.match(stdout, /^ok {6}urgent orders, sent last, wait least +p99 after \d+ others, bulk p50 after \d+$/m);
  for (const policy of ['weighted', 'drr', 'flipkart-burst'])
    assert.match(stdout, new RegExp(`^ok {6}.* under ${policy} +60, 120, 240 of 420 starts$`, 'm'));
  assert.match(stdout, /^ok {6}.* under strict +0, 0, 420 of 420 starts$/m);
  // eslint-disable-next-line no-control-regex -- what a terminal would get
  assert.doesNotMatch(stdout, /FAILED|\x1b|\r/);
}

describe('examples that bring their broker', function () {
  this.timeout(300_000); // a process each

  for (const name of TESTS)
    it(`${name} passes`, async () => assert.match((await run(name, { args: ['--test'] })).stdout, /^# fail 0$/m));

  it('the tour proves what it says', async () => {
    const said = await run('tour', { brokers: '' });
    assert.match(said.stdout, /^Hearken's tour, on the embedded broker/);
    assertProved(said);
  });

  it('the live view of priorities proves what it would show', async () =>
    assertSharesProved(await run('priority-live', { brokers: '' })));
});

describeWithKafka('examples', () => {
  for (const [name, line] of Object.entries(PROGRAMS)) {
    it(`${name} runs to its end`, async () => {
      const { stdout } = await run(name);
      assert.ok(stdout.includes(line), stdout);
    });
  }

  it('the tour proves the same on a real Kafka', async () => {
    const said = await run('tour');
    assert.match(said.stdout, /^Hearken's tour, on Kafka at /);
    assertProved(said);
  });

  it('the live view of priorities proves the same on a real Kafka', async () =>
    assertSharesProved(await run('priority-live')));
});
