import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What the process is told. */
export interface KilledReaderInit {
  readonly brokers: string[];
  readonly logical: string;
  readonly levels: number;
  readonly groupId: string;
  readonly capacity: number;
  readonly workMs: number;
}

/** What it tells of each record: told before its listener ends, and so before its offset may be committed. */
export type Handled = readonly [level: number, number: number];

const PROGRAM = fileURLToPath(new URL('killed-reader-process.js', import.meta.url));

/** A priority container in a process of its own, which may be killed at any moment. */
export class KilledReader {
  readonly #process: ChildProcess;

  constructor(init: KilledReaderInit, onHandled: (handled: Handled) => void) {
    this.#process = fork(PROGRAM, [JSON.stringify(init)], { execArgv: [] });
    this.#process.on('message', (handled: Handled) => onHandled(handled));
  }

  /** What it has told until now still comes. */
  async kill(): Promise<void> {
    const closed = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await closed;
  }

  async stop(): Promise<void> {
    const closed = once(this.#process, 'exit');
    this.#process.disconnect();
    await closed;
  }
}
