import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { PeerNotAvailable } from './peer-not-available.js';
import type { Figures, TurnContext } from './scenario.js';

/** What a contender's process is told once. */
export interface Assignment extends TurnContext {
  readonly scenario: string;
  readonly contest: string;
  /** 'hearken', or the name of a peer. */
  readonly side: string;
}

/** Who takes part in a contest: a side, and the build it is run from. */
export interface Entrant {
  /** What reports call it. */
  readonly name: string;
  readonly side: string;
  /** Of the build's compiled bench. */
  readonly folder: URL;
}

/** The build that runs this. */
export const THIS_BUILD = new URL('.', import.meta.url);

/** What it answers to each `turn`. */
export type Answer =
  | { readonly figures: Figures }
  | { readonly error: string }
  /** It cannot be run on this machine, and why. */
  | { readonly notAvailable: string };

/** How long a process may take to end by itself once it is let go. */
const EXIT_WITHIN_MS = 10_000;

/**
 * One side in a process of its own, so that CPU and heap are its own. It lives as long as the contest (what the compiler has
 * learnt stays) and works only in its turns.
 */
export class Contender {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #title: string;

  /** @param signal ends the process, and with it a turn under way */
  constructor({ name, side, folder }: Entrant, match: Omit<Assignment, 'side'>, signal: AbortSignal) {
    const assignment: Assignment = { ...match, side };
    this.name = name;
    this.#title = `${name} in ${match.scenario}, ${match.contest}`;
    this.#process = fork(new URL('contender-process.js', folder), [JSON.stringify(assignment)], {
      execArgv: [...process.execArgv, '--expose-gc'],
      detached: true, // the terminal's Ctrl-C is for the parent alone, which ends this by the signal
      signal,
    });
    // Emitted when the signal aborts, also between turns; who awaits a turn is told by `turn`.
    this.#process.on('error', () => undefined);
  }

  /** @throws PeerNotAvailable if its side says so */
  async turn(): Promise<Figures> {
    const answered = new AbortController();
    try {
      const answer = once(this.#process, 'message', { signal: answered.signal });
      const exit = once(this.#process, 'exit', { signal: answered.signal }).then(([code]) => {
        throw new Error(`${this.#title}: its process ended with ${String(code)}`);
      });
      this.#process.send('turn');
      const [message] = (await Promise.race([answer, exit])) as [Answer];
      if ('notAvailable' in message) throw new PeerNotAvailable(message.notAvailable);
      if ('error' in message) throw new Error(`${this.#title}: ${message.error}`);
      return message.figures;
    } finally {
      answered.abort();
    }
  }

  /** A client that keeps its process running after all is closed has a leak: that is said, and the process ended. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    const overdue = setTimeout(() => {
      process.stderr.write(`${this.#title}: something keeps the process running; it is killed\n`);
      this.#process.kill('SIGKILL');
    }, EXIT_WITHIN_MS);
    this.#process.disconnect();
    await exited;
    clearTimeout(overdue);
  }
}
