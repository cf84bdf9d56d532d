import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeWithKafka } from '../support/kafka.js';
import { ROOT } from './documents.js';

const PROGRAM_TIMEOUT_MS = 240_000;

/** How many a second is the machine's affair: not asked. */
async function assertItHandlesAll(brokers: string | undefined): Promise<void> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'examples/dist/eighty-fold.js')], {
    timeout: PROGRAM_TIMEOUT_MS,
    env: { ...process.env, HEARKEN_BROKERS: brokers },
  });
  assert.match(stdout, /^before: \d+ orders a second$/m);
  assert.match(stdout, /^after: \d+ orders a second, at most (?:\d\d?|100) at once$/m);
  assert.match(stdout, /^4000 of 4000 handled, 0 out of their customer's order, 4000 committed$/m);
}

describe('the service before and after', function () {
  this.timeout(300_000); // a process

  it('handles each order once, in its customer’s order, and commits all', () => assertItHandlesAll(''));
});

describeWithKafka('the service before and after, on real Kafka', function () {
  this.timeout(300_000);

  it('does the same', () => assertItHandlesAll(process.env.HEARKEN_BROKERS));
});
