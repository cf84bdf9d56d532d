import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeWithKafka } from '../support/kafka.js';
import { ROOT } from './documents.js';

const [ORDERS, PROGRAM_TIMEOUT_MS] = [8, 240_000];

/** What a program prints, sorted: containers work side by side. */
async function linesOf(program: string, brokers: string | undefined): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, `examples/dist/article/${program}.js`)], {
    timeout: PROGRAM_TIMEOUT_MS,
    env: { ...process.env, HEARKEN_BROKERS: brokers },
  });
  return stdout.trimEnd().split('\n').sort();
}

/** Each order sent once and billed once in each container, whoever wires them. */
async function assertTheSame(brokers: string | undefined): Promise<void> {
  const byHand = await linesOf('by-hand', brokers);
  for (const executor of ['async', 'pooled', 'sync'])
    assert.deepEqual(
      byHand.filter((line) => line.startsWith(executor)),
      Array.from({ length: ORDERS }, (_, i) => `${executor}: billed o-${i}`),
    );
  assert.equal(byHand.filter((line) => /^sent o-\d to partition [012]$/.test(line)).length, ORDERS);
  assert.equal(byHand.length, 4 * ORDERS);
  assert.deepEqual(await linesOf('by-module', brokers), byHand);
  assert.deepEqual(await linesOf('by-decorators', brokers), byHand);
}

describe('the application wired by hand, by the module and by decorators', function () {
  this.timeout(300_000); // a process each

  it('prints the same', () => assertTheSame(''));
});

describeWithKafka('the application wired three ways, on real Kafka', function () {
  this.timeout(300_000);

  it('prints the same', () => assertTheSame(process.env.HEARKEN_BROKERS));
});
