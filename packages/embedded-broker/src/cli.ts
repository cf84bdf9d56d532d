#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { HELP, readCommandLine } from './cli/command-line.js';
import { runBroker } from './cli/run-broker.js';

const OK = 0;
const WRONG_USAGE = 2;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const complain = (text: string): void => void process.stderr.write(`hearken-broker: ${text}\n`);

async function main(): Promise<number> {
  const command = readCommandLine(process.argv.slice(2));
  switch (command.kind) {
    case 'help':
      say(HELP);
      return OK;
    case 'version':
      say(version());
      return OK;
    case 'wrong':
      for (const problem of command.problems) complain(problem);
      complain('--help shows what there is');
      return WRONG_USAGE;
    case 'start':
      return runBroker(command.options, { say, complain, process });
  }
}

const version = (): string => {
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { readonly version: string }).version;
};

void main().then((exitCode) => (process.exitCode = exitCode));
