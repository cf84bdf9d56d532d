import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startKafka, type KafkaCluster } from '@hearken/tools-kafka';
import { KafkaAdmin } from 'hearken';
import { uniqueName } from '../support/kafka.js';
import type { NumberedOrder } from '../support/numbered-orders.js';
import { readPartitions } from '../support/partition-log.js';
import { SeededRandom } from '../support/seeded-random.js';
import { until } from '../support/until.js';
import type { ChildSettings } from './child.js';
import { CrashLogReader } from './crash-log.js';
import { judge, type FoundRecord, type Verdict } from './oracle.js';

const PARTITIONS = 6;
const LISTENERS = 3;
/** How much happens between two crashes, in lines of the log. */
const LINES_BETWEEN = [50, 2_500] as const;
const NUMBERS_PER_SENDER = 1_000_000;

/** How to crash. */
export interface CrashRunOptions {
  readonly seed: number;
  /** Processes killed by SIGKILL; each is replaced at once. */
  readonly kills: number;
  /** The broker is killed too, and started again, after each so many of them. @default never */
  readonly killsPerBroker?: number;
}

/** What came of it. */
export interface CrashReport extends Verdict {
  readonly records: number;
  /** The folder of what the processes wrote down; it is gone if all was well. */
  readonly folder: string;
}

/** Senders and listeners at work that are killed at random points; then an oracle reads what they wrote down. */
export async function runCrashes(options: CrashRunOptions): Promise<CrashReport> {
  await using kafka = await startKafka({ quickStart: true, config: { 'group.min.session.timeout.ms': 1_000 } });
  const topic = uniqueName('crash');
  await using admin = new KafkaAdmin({ brokers: kafka.brokers });
  await admin.createTopics([{ topic, partitions: PARTITIONS }]);
  const folder = await mkdtemp(join(tmpdir(), 'hearken-crash-'));
  const logFile = join(folder, 'events.log');
  using log = new CrashLogReader(logFile);
  using crew = new Crew({ brokers: kafka.brokers, topic, logFile }, new SeededRandom(options.seed));
  await crew.crash(options, log, kafka);
  const found = await crew.finish(log, () => readRecords(kafka.brokers, topic));
  const verdict = judge(log.catchUp(), found);
  if (verdict.violations.length === 0) await rm(folder, { recursive: true });
  return { ...verdict, records: found.length, folder };
}

type Role = 'sender' | 'listener';

interface Member {
  readonly role: Role;
  readonly process: ChildProcess;
}

/** One sender and some listeners, each a process of its own. */
class Crew implements Disposable {
  readonly #shared: Pick<ChildSettings, 'brokers' | 'topic' | 'logFile'>;
  readonly #random: SeededRandom;
  readonly #groupId = uniqueName('crash');
  readonly #members = new Set<Member>();
  #hired = 0;

  constructor(shared: Pick<ChildSettings, 'brokers' | 'topic' | 'logFile'>, random: SeededRandom) {
    this.#shared = shared;
    this.#random = random;
    this.#hire('sender');
    for (let i = 0; i < LISTENERS; i++) this.#hire('listener');
  }

  async crash({ kills, killsPerBroker }: CrashRunOptions, log: CrashLogReader, kafka: KafkaCluster): Promise<void> {
    for (let kill = 1; kill <= kills; kill++) {
      const lines = log.catchUp().length + this.#random.between(...LINES_BETWEEN);
      await until('they go on', () => log.catchUp().length >= lines);
      const victim = this.#random.pick([...this.#members] as [Member, ...Member[]]);
      await this.#end(victim, 'kill');
      this.#hire(victim.role);
      if (this.#random.next() < 0.3) await this.#relieve();
      if (killsPerBroker !== undefined && kill % killsPerBroker === 0) {
        await kafka.kill();
        await kafka.start();
      }
    }
  }

  /** Stops the sender, waits until the listeners have ended all there is, and stops them; resolves with all there is. */
  async finish(log: CrashLogReader, read: () => Promise<readonly FoundRecord[]>): Promise<readonly FoundRecord[]> {
    await this.#endAll('sender');
    const found = await read();
    while (log.ended < found.length && !log.hasTrouble) {
      const already = log.ended;
      await until('another record ends', () => log.catchUp().length > 0 && (log.ended > already || log.hasTrouble));
    }
    await this.#endAll('listener');
    return found;
  }

  [Symbol.dispose](): void {
    for (const { process } of this.#members) process.kill('SIGKILL');
  }

  #hire(role: Role): void {
    const id = ++this.#hired;
    const settings: ChildSettings = {
      ...this.#shared,
      who: `${role}-${id}`,
      seed: this.#random.between(0, 2 ** 31),
      groupId: this.#groupId,
      firstNumber: id * NUMBERS_PER_SENDER,
    };
    const child = fork(fileURLToPath(new URL(`${role}.js`, import.meta.url)), [JSON.stringify(settings)]);
    this.#members.add({ role, process: child });
  }

  /** A listener ends as it should, and another takes its place. */
  async #relieve(): Promise<void> {
    const listeners = [...this.#members].filter(({ role }) => role === 'listener');
    await this.#end(this.#random.pick(listeners as [Member, ...Member[]]), 'stop');
    this.#hire('listener');
  }

  async #endAll(role: Role): Promise<void> {
    const members = [...this.#members].filter((member) => member.role === role);
    await Promise.all(members.map((member) => this.#end(member, 'stop')));
  }

  async #end(member: Member, how: 'kill' | 'stop'): Promise<void> {
    this.#members.delete(member);
    if (member.process.exitCode !== null)
      throw new Error(`a ${member.role} ended by itself; see ${this.#shared.logFile}`);
    const ended = once(member.process, 'exit') as Promise<[code: number | null]>;
    if (how === 'kill') member.process.kill('SIGKILL');
    else member.process.send('stop');
    const [code] = await ended;
    if (how === 'stop' && code !== 0) throw new Error(`a ${member.role} ended with exit code ${code ?? 'none'}`);
  }
}

async function readRecords(brokers: string[], topic: string): Promise<readonly FoundRecord[]> {
  const logs = await readPartitions(brokers, topic);
  return logs.flatMap((messages, p) =>
    messages.map((message, o) => ({ p, o, ...(JSON.parse(message.value?.toString() ?? '') as NumberedOrder) })),
  );
}
