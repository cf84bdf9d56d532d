import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { uniqueName } from '../support/kafka.js';
import type { SeededRandom } from '../support/seeded-random.js';
import type { ChildSettings } from './child.js';
import { CrashLog, type CrashEvent } from './crash-log.js';

const LISTENERS = 3;
const NUMBERS_PER_SENDER = 1_000_000;

export type Role = 'sender' | 'listener';

export interface Member {
  readonly role: Role;
  readonly who: string;
  readonly process: ChildProcess;
  /** It listens to signals. */
  readonly ready: Promise<unknown>;
  /** Who takes its place is the same static member. */
  readonly groupInstanceId: string | undefined;
}

type Shared = Pick<ChildSettings, 'brokers' | 'topic' | 'logFile' | 'partitionAssignors' | 'exhaustion'>;

/** One sender and some listeners, each a process of its own. */
export class Crew implements Disposable {
  readonly groupId = uniqueName('crash');
  readonly #shared: Shared;
  readonly #random: SeededRandom;
  readonly #log: CrashLog;
  readonly #members = new Set<Member>();
  #hired = 0;

  constructor(shared: Shared, random: SeededRandom) {
    this.#shared = shared;
    this.#random = random;
    this.#log = new CrashLog(shared.logFile);
    this.hire('sender');
    for (let i = 0; i < LISTENERS; i++) this.hire('listener', i === 0 ? `static-${i}` : undefined);
  }

  /** One of them, by lot. */
  pick(role?: Role): Member {
    const members = [...this.#members].filter((member) => role === undefined || member.role === role);
    return this.#random.pick(members as [Member, ...Member[]]);
  }

  hire(role: Role, groupInstanceId?: string): Member {
    const id = ++this.#hired;
    const settings: ChildSettings = {
      ...this.#shared,
      who: `${role}-${id}`,
      seed: this.#random.between(0, 2 ** 31),
      groupId: this.groupId,
      firstNumber: id * NUMBERS_PER_SENDER,
      isFar: this.#random.next() < 0.5,
      ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
    };
    const child = fork(fileURLToPath(new URL(`${role}.js`, import.meta.url)), [JSON.stringify(settings)]);
    const ready = once(child, 'message');
    ready.catch(() => undefined);
    const member = { role, who: settings.who, process: child, groupInstanceId, ready };
    this.#members.add(member);
    return member;
  }

  /** Another takes its place. */
  async replace(member: Member, how: 'kill' | 'stop'): Promise<void> {
    await (how === 'kill' ? this.kill(member) : this.stop(member));
    this.hire(member.role, member.groupInstanceId);
  }

  async kill(member: Member): Promise<void> {
    const [, signal] = await this.#end(member, 'SIGKILL');
    if (signal === 'SIGKILL') this.#log.write({ at: 'killed', who: member.who });
    else throw new Error(`${member.who} ended by itself; see ${this.#shared.logFile}`);
  }

  async stop(member: Member): Promise<void> {
    await member.ready;
    const [code] = await this.#end(member, 'SIGTERM');
    if (code !== 0)
      throw new Error(`${member.who} ended with exit code ${code ?? 'none'}; see ${this.#shared.logFile}`);
  }

  async stopAll(role: Role): Promise<void> {
    const members = [...this.#members].filter((member) => member.role === role);
    await Promise.all(members.map((member) => this.stop(member)));
  }

  /** Adds to what its members write down. */
  writes(event: CrashEvent): void {
    this.#log.write(event);
  }

  [Symbol.dispose](): void {
    for (const { process } of this.#members) process.kill('SIGKILL');
  }

  async #end(member: Member, signal: 'SIGKILL' | 'SIGTERM'): Promise<[code: number | null, signal: string | null]> {
    this.#members.delete(member);
    if (member.process.exitCode !== null) throw new Error(`${member.who} ended by itself; see ${this.#shared.logFile}`);
    const ended = once(member.process, 'exit') as Promise<[number | null, string | null]>;
    member.process.kill(signal);
    return await ended;
  }
}
