import { parseArguments, usage, type Arguments } from './arguments.js';
import { machine, printLine } from './report.js';
import { runScenario, type RunOptions } from './run-scenario.js';
import type { Scenario } from './scenario.js';
import { scenarios } from './scenarios/index.js';

const FAILED = 1;
const WRONG_USAGE = 2;

try {
  await run(parseArguments(process.argv.slice(2), scenarios), brokersFromEnvironment());
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n${usage(scenarios)}\n`);
  process.exitCode = WRONG_USAGE;
}

/** A scenario that fails or misses a gate does not keep the others from running. */
async function run({ chosen, settings }: Arguments, brokers: string[]): Promise<void> {
  // An interruption ends the contenders. Here that is a failure like any other, after which the topic is deleted.
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());
  printLine({ machine: machine() });
  for (const [name, scenario] of chosen) {
    if (interrupted.signal.aborted) return;
    if (!(await passes(name, scenario, { settings, brokers, signal: interrupted.signal }))) process.exitCode = FAILED;
  }
}

async function passes(name: string, scenario: Scenario, options: RunOptions): Promise<boolean> {
  try {
    return await runScenario(name, scenario, options);
  } catch (error) {
    process.stderr.write(`${name} failed: ${messageOf(error)}\n`);
    return false;
  }
}

function brokersFromEnvironment(): string[] {
  const brokers = process.env.HEARKEN_BROKERS;
  if (brokers === undefined) throw new Error('HEARKEN_BROKERS must name a Kafka, as in 127.0.0.1:9092');
  return brokers.split(',');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
