import { once } from 'node:events';
import { codeOf } from '@hearken/core';
import { describeError } from '@hearken/core/internal';
import { EmbeddedKafka } from '../embedded-kafka.js';
import type { EmbeddedKafkaOptions } from '../options.js';

const OK = 0;
const FAILED = 1;

interface Surroundings {
  readonly say: (text: string) => void;
  readonly complain: (text: string) => void;
  readonly process: NodeJS.EventEmitter;
}

/** Runs until a signal asks it to end. @returns the exit code */
export async function runBroker(
  options: EmbeddedKafkaOptions,
  { say, complain, process }: Surroundings,
): Promise<number> {
  // From the beginning, or a signal that comes while it starts would end it at once. A second one does that.
  const asked = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  let kafka: EmbeddedKafka;
  try {
    kafka = await EmbeddedKafka.start(options);
  } catch (error) {
    complain(whyNotStarted(error));
    return FAILED;
  }
  say(`bootstrap.servers=${kafka.brokers.join(',')}`);
  await asked;
  await kafka.stop();
  say('stopped');
  return OK;
}

function whyNotStarted(error: unknown): string {
  if (codeOf(error) !== 'PORT_IN_USE') return describeError(error);
  return `${(error as Error).message}; another one can be given by --port, 0 takes any that is free`;
}
