import { randomUUID } from 'node:crypto';
import { JvmProgram } from '../jvm-program.js';
import { deleteGroup } from '../topics.js';
import { flipkartClassPath } from './flipkart-client.js';
import type { LevelTopics } from './level-topics.js';
import type { Reader } from './readers.js';
import type { Work } from './work.js';

/** Service times that are drawn for it: it goes over them again and again. */
const DRAWN = 5000;
const NANOS_PER_MS = 1e6;
const MICROS_PER_MS = 1000;

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
  readonly #program: JvmProgram;
  #work: Work | undefined;

  constructor(classPath: string, brokers: string[]) {
    this.#brokers = brokers;
    this.#program = new JvmProgram({
      classPath,
      mainClass: 'FlipkartReader',
      args: [brokers.join()],
      heapMib: 512,
      onLine: (words) => this.#told(words),
    });
  }

  async read({ logical, names }: LevelTopics, capacity: number, work: Work): Promise<Reader> {
    const group = `bench-${randomUUID()}`;
    const times = Array.from({ length: DRAWN }, () => Math.max(1, Math.trunc(work.takesMs())));
    this.#work = work;
    await this.#program.ask(`read ${group} ${logical} ${names.length} ${capacity} ${times.join()}`, 'ready');
    const stop = async (): Promise<void> => {
      await this.#program.ask('stop', 'stopped');
      for (const level of names.keys()) await deleteGroup(this.#brokers, `${group}-${level}`).catch(() => undefined);
    };
    return { stop, cpuMs: async () => Number((await this.#program.ask('cpu', 'cpu'))[0]) / NANOS_PER_MS };
  }

  #told([word, one, other = '']: readonly string[]): void {
    if (word === 's') this.#work?.started?.(Number(one), Buffer.from(other, 'hex'));
    else if (word === 'e') this.#work?.ended?.(Number(one), Number(other) / MICROS_PER_MS);
  }
}
