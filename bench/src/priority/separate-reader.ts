import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What the process is told once. */
export interface SeparateReaderInit {
  readonly brokers: string[];
  readonly logical: string;
  readonly levels: number;
  readonly groupId: string;
  readonly capacity: number;
  readonly workMs: number;
}

/** What it is told again and again, and tells when it is done. */
export type Command = 'start' | 'stop';

/** What it tells of each record: told before its listener ends, and so before its offset may be committed. */
export type Handled = readonly [level: number, number: number];

export type Told = Command | Handled;

const PROGRAM = fileURLToPath(new URL('separate-reader-process.js', import.meta.url));

/** A priority container in a process of its own, which may be killed at any moment. */
export class SeparateReader {
  readonly #process: ChildProcess;
  readonly #done = new EventEmitter();

  constructor(init: SeparateReaderInit, onHandled: (handled: Handled) => void) {
    this.#process = fork(PROGRAM, [JSON.stringify(init)], { execArgv: [] });
    this.#process.on('message', (told: Told) => {
      if (typeof told === 'string') this.#done.emit(told);
      else onHandled(told);
    });
  }

  /** Resolves when it has joined, or left. */
  async run(command: Command): Promise<void> {
    const done = once(this.#done, command);
    this.#process.send(command);
    await done;
  }

  /** What it has told until now still comes. */
  async kill(): Promise<void> {
    const closed = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await closed;
  }

  /** Lets it go: it stops if it reads. */
  async close(): Promise<void> {
    const closed = once(this.#process, 'exit');
    this.#process.disconnect();
    await closed;
  }
}
