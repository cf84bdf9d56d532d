import { parseArguments, usage, type Arguments } from './arguments.js';
import { withEarlierBuild } from './earlier-build.js';
import { machine, printLine } from './report.js';
import { runScenario, type RunOptions } from './run-scenario.js';
import type { Scenario } from './scenario.js';
import { loadScenarios } from './scenarios/index.js';

const FAILED = 1;
const WRONG_USAGE = 2;

const scenarios = await loadScenarios();
const asked = readCommandLine();
if (asked === undefined) process.exitCode = WRONG_USAGE;
else
  await run(...asked).catch((error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = FAILED;
  });

function readCommandLine(): [Arguments, string[]] | undefined {
  try {
    return [parseArguments(process.argv.slice(2), scenarios), brokersFromEnvironment()];
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n${usage(scenarios)}\n`);
    return undefined;
  }
}

async function run({ chosen, settings, against }: Arguments, brokers: string[]): Promise<void> {
  // An interruption ends the contenders. Here that is a failure like any other, after which the topic is deleted.
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());
  const { signal } = interrupted;
  printLine({ machine: machine(), ...(against !== undefined && { against }) });
  if (against === undefined) await runAll(chosen, { settings, brokers, signal });
  else await withEarlierBuild(against, signal, (earlier) => runAll(chosen, { settings, brokers, signal, earlier }));
}

/** A scenario that fails or misses a gate does not keep the others from running. */
async function runAll(chosen: Arguments['chosen'], options: RunOptions): Promise<void> {
  for (const [name, scenario] of chosen) {
    if (options.signal.aborted) return;
    if (!(await passes(name, scenario, options))) process.exitCode = FAILED;
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
