import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { jdkTool } from '@hearken/tools-kafka';

/** One to start. */
export interface JvmProgramInit {
  readonly classPath: string;
  readonly mainClass: string;
  readonly args?: readonly string[];
  /** Of its heap. */
  readonly heapMib: number;
  /** Told of each line that is no answer to what was asked. */
  readonly onLine?: (words: readonly string[]) => void;
}

/** A program on a JVM of its own, which is told by lines, and answers by lines that begin with a known word. */
export class JvmProgram {
  readonly #name: string;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers = new EventEmitter();

  constructor({ classPath, mainClass, args = [], heapMib, onLine }: JvmProgramInit) {
    this.#name = mainClass;
    this.#process = spawn(jdkTool('java'), [`-Xmx${heapMib}m`, '-cp', classPath, mainClass, ...args]);
    this.#process.stderr.pipe(process.stderr);
    this.#process.stdin.on('error', () => undefined); // its exit tells
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      const words = line.split(' ');
      if (!this.#answers.emit(words[0] ?? '', words.slice(1))) onLine?.(words);
    });
    this.#process.once('exit', () => this.#answers.emit('error', this.#gone()));
    this.#answers.on('error', () => undefined); // who waits for an answer is told
    // It ends when its standard input does: it must not keep this process from ending.
    this.#process.unref();
    for (const pipe of [this.#process.stdin, this.#process.stdout, this.#process.stderr]) (pipe as Socket).unref();
  }

  /** Resolves with the words behind the first one of the answer. Rejects if the program ends without it. */
  async ask(command: string, answer: string): Promise<readonly string[]> {
    if (this.#process.exitCode !== null) throw this.#gone();
    this.#process.stdin.write(`${command}\n`);
    const [words] = (await once(this.#answers, answer)) as [readonly string[]];
    return words;
  }

  #gone(): Error {
    return new Error(`the JVM of ${this.#name} has ended`);
  }
}
