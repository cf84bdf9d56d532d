import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ProbeInit } from '../handler-probe.js';
import type { Figures } from '../scenario.js';

/** What the process is told once. */
export interface MemberInit extends ProbeInit {
  readonly brokers: string[];
  readonly topic: string;
  readonly groupId: string;
}

/** What it is told when all members have their share. */
export interface Measured {
  readonly settleMs: number;
  readonly measureMs: number;
}

/** What it tells: that it has one partition; then what it measured, if all was well. */
export type MemberTells = 'has its partition' | { readonly figures: Figures } | { readonly error: string };

const PROGRAM = fileURLToPath(new URL('member-process.js', import.meta.url));

/** One member of a group, a process of its own. */
export class Member {
  readonly #process: ChildProcess;
  readonly #assigned: Promise<MemberTells>;
  readonly #exited: Promise<unknown>;

  constructor(init: MemberInit) {
    this.#process = fork(PROGRAM, [JSON.stringify(init)], { execArgv: [] });
    this.#exited = once(this.#process, 'exit');
    this.#assigned = this.#next();
    this.#assigned.catch(() => undefined); // who waits for it is told
  }

  /** Rejects if it ends without. */
  async hasItsPartition(): Promise<void> {
    await this.#assigned;
  }

  async measure(told: Measured): Promise<Figures> {
    const answer = this.#next();
    this.#process.send({ settleMs: told.settleMs, measureMs: told.measureMs } satisfies Measured);
    const tells = await answer;
    if (typeof tells === 'object' && 'figures' in tells) return tells.figures;
    throw new Error(typeof tells === 'string' ? tells : tells.error);
  }

  async stop(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    await this.#exited;
  }

  async #next(): Promise<MemberTells> {
    const told = once(this.#process, 'message').then(([tells]) => tells as MemberTells);
    const gone = this.#exited.then(() => Promise.reject(new Error('a member of the cluster has ended')));
    return Promise.race([told, gone]);
  }
}
