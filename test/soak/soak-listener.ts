import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a listener's process is told once. */
export interface ListenerSettings {
  readonly who: string;
  readonly seed: number;
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly groupId: string;
  readonly logFile: string;
}

export type SoakCommand = 'join' | 'leave' | 'rss';
export type SoakAnswer = SoakCommand | { readonly rssMib: number };

/** A process whose container joins and leaves its group again and again. */
export class SoakListener implements Disposable {
  readonly who: string;
  /** After each rebalance. */
  readonly rssMib: number[] = [];
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(settings: ListenerSettings) {
    this.who = settings.who;
    const program = fileURLToPath(new URL('listener.js', import.meta.url));
    this.#process = fork(program, [JSON.stringify(settings)], { execArgv: ['--expose-gc'] });
    this.#exited = once(this.#process, 'exit');
    this.#exited.catch(() => undefined);
  }

  async join(): Promise<void> {
    await this.#ask('join');
  }

  async leave(): Promise<void> {
    await this.#ask('leave');
  }

  async sampleMemory(): Promise<void> {
    const answer = await this.#ask('rss');
    if (typeof answer === 'object') this.rssMib.push(answer.rssMib);
  }

  [Symbol.dispose](): void {
    this.#process.kill('SIGKILL');
  }

  async #ask(command: SoakCommand): Promise<SoakAnswer> {
    const answered = once(this.#process, 'message').then(([answer]) => answer as SoakAnswer);
    const ended = this.#exited.then(() => Promise.reject(new Error(`${this.who} has ended`)));
    this.#process.send(command);
    return await Promise.race([answered, ended]);
  }
}
