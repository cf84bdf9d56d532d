import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeWithKafka } from '../support/kafka.js';
import { ROOT } from './documents.js';

/** The programs that snippets are cut from, and something each prints when all went as it shows. */
const PROGRAMS = {
  send: '10000 sent',
  listen: 'billed o-99',
  ordering: 'shipped o-199',
  acknowledge: 'paid o-99',
  failures: 'the container is failed: LISTENER_FAILED',
  executors: '300 orders handled',
};
const PROGRAM_TIMEOUT_MS = 40_000;

describeWithKafka('examples', () => {
  for (const [name, line] of Object.entries(PROGRAMS)) {
    it(`${name} runs to its end`, async () => {
      const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'examples', 'dist', `${name}.js`)], {
        timeout: PROGRAM_TIMEOUT_MS,
      });
      assert.ok(stdout.includes(line), stdout);
    });
  }
});
