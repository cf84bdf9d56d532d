import { randomUUID } from 'node:crypto';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { jdkTool } from '@hearken/tools-kafka';
import { deleteGroup } from '../topics.js';
import { flipkartClassPath } from './flipkart-client.js';
import type { LevelTopics } from './level-topics.js';
import type { Reader } from './readers.js';
import type { Work } from './work.js';

/** Service times that are drawn for it: it goes over them again and again. */
const DRAWN = 5000;
const NANOS_PER_MS = 1e6;
const MICROS_PER_MS = 1000;
const ENDED = "the JVM of Flipkart's client has ended";

/** Lives as long as this process does, so that what the compiler has learnt stays from turn to turn, as in all others. */
let started: Promise<FlipkartJvm> | undefined;

/**
 * Flipkart's client on a JVM of its own. When a record starts and ends comes through a pipe: some tenths of a millisecond late.
 * @throws PeerNotAvailable
 */
export async function flipkartReader(
  brokers: string[],
  topics: LevelTopics,
  capacity: number,
  work: Work,
): Promise<Reader> {
  const jvm = await (started ??= flipkartClassPath().then((classPath) => new FlipkartJvm(classPath, brokers)));
  return jvm.read(topics, capacity, work);
}

/** The process of FlipkartReader.java: its commands and answers are told there. */
class FlipkartJvm {
  readonly #brokers: string[];
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers = new EventEmitter();
  #work: Work | undefined;

  constructor(classPath: string, brokers: string[]) {
    this.#brokers = brokers;
    this.#process = spawn(jdkTool('java'), ['-Xmx512m', '-cp', classPath, 'FlipkartReader', brokers.join()]);
    this.#process.stderr.pipe(process.stderr);
    this.#process.stdin.on('error', () => undefined); // its exit tells
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#told(line));
    this.#process.once('exit', () => this.#answers.emit('error', new Error(ENDED)));
    this.#answers.on('error', () => undefined); // who waits for an answer is told
    // It ends when its standard input does: it must not keep this process from ending.
    this.#process.unref();
    for (const pipe of [this.#process.stdin, this.#process.stdout, this.#process.stderr]) (pipe as Socket).unref();
  }

  async read({ logical, names }: LevelTopics, capacity: number, work: Work): Promise<Reader> {
    const group = `bench-${randomUUID()}`;
    const times = Array.from({ length: DRAWN }, () => Math.max(1, Math.trunc(work.takesMs())));
    this.#work = work;
    await this.#ask(`read ${group} ${logical} ${names.length} ${capacity} ${times.join()}`, 'ready');
    const stop = async (): Promise<void> => {
      await this.#ask('stop', 'stopped');
      for (const level of names.keys()) await deleteGroup(this.#brokers, `${group}-${level}`).catch(() => undefined);
    };
    return { stop, cpuMs: async () => Number(await this.#ask('cpu', 'cpu')) / NANOS_PER_MS };
  }

  async #ask(command: string, answer: string): Promise<unknown> {
    if (this.#process.exitCode !== null) throw new Error(ENDED);
    this.#process.stdin.write(`${command}\n`);
    const [told] = (await once(this.#answers, answer)) as [unknown];
    return told;
  }

  #told(line: string): void {
    const [word = '', one, other = ''] = line.split(' ');
    if (word === 's') this.#work?.started?.(Number(one), Buffer.from(other, 'hex'));
    else if (word === 'e') this.#work?.ended?.(Number(one), Number(other) / MICROS_PER_MS);
    else this.#answers.emit(word, one);
  }
}
