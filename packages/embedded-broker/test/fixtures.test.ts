import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MOCHA = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
const TESTS = 8;

/** Runs a small file of tests as a user does, and resolves with what its runner printed. */
async function run(args: readonly string[], name: string): Promise<string> {
  const file = fileURLToPath(new URL(`fixtures/${name}.js`, import.meta.url));
  // What a test runner tells its own children would make this one report in its place.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const { stdout } = await promisify(execFile)(process.execPath, [...args, file], { env });
  return stdout;
}

describe('the fixtures', function () {
  this.timeout(120_000); // each starts a process

  it('work under mocha', async () => {
    assert.match(
      await run([MOCHA, '--no-config', '--timeout', '60000'], 'mocha-suites'),
      new RegExp(`^ *${TESTS} passing`, 'm'),
    );
  });

  it('work under mocha’s tdd interface', async () => {
    const printed = await run([MOCHA, '--no-config', '--timeout', '60000', '--ui', 'tdd'], 'mocha-tdd-suites');
    assert.match(printed, new RegExp(`^ *${TESTS} passing`, 'm'));
  });

  it('work under node --test, also for a whole file', async () => {
    const printed = await run(['--test', '--test-reporter', 'tap'], 'node-test-suites');
    assert.match(printed, /^# fail 0$/m);
    assert.match(printed, new RegExp(`^# pass ${TESTS + 1}$`, 'm'));
  });

  it('say what is missing where there is no mocha', async () => {
    await assert.rejects(run([], 'mocha-suites'), /describe is not defined|NO_MOCHA/);
    const script = "await import('@hearken/embedded-broker/mocha').then(({ embeddedKafka }) => embeddedKafka())";
    const alone = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
    });
    await assert.rejects(alone, /NO_MOCHA[^]*run it under mocha|run it under mocha[^]*NO_MOCHA/);
  });
});
