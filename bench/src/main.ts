import { parseArguments, usage, type Arguments } from './arguments.js';
import { machine, printLine } from './report.js';
import { runScenario } from './run-scenario.js';
import type { Scenario, Settings } from './scenario.js';
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
  // Ctrl-C ends the contenders too. Here that is a failure like any other, after which the topic is deleted.
  const interrupted = new AbortController();
  process.on('SIGINT', () => interrupted.abort());
  printLine({ machine: machine() });
  for (const [name, scenario] of chosen) {
    if (interrupted.signal.aborted) return;
    if (!(await passes(name, scenario, settings, brokers))) process.exitCode = FAILED;
  }
}

async function passes(name: string, scenario: Scenario, settings: Settings, brokers: string[]): Promise<boolean> {
  try {
    return await runScenario(name, scenario, settings, brokers);
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
