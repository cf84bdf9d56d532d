import { constants } from 'node:os';
import type { Clock, Logger } from '@hearken/core';

/** What is needed of node's `process`. */
export interface HostProcess {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
  exitCode?: number | string | null | undefined;
  exit(code: number): unknown;
}

export const HOST: HostProcess = process;

export interface ProcessSignalsInit {
  readonly signals: readonly NodeJS.Signals[];
  readonly host: HostProcess;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly exitAfterMs: number;
  /** The first signal. */
  readonly onStop: () => void;
  /** The second. */
  readonly onAbort: () => void;
}

/** How long what a second signal aborted may take to end, in milliseconds. */
const ABORT_MS = 2_000;

/**
 * Makes of signals a stop, and of how the application ended an exit code. A third signal is the system's again, and ends the
 * process at once.
 */
export class ProcessSignals {
  readonly #init: ProcessSignalsInit;
  readonly #listeners = new Map<NodeJS.Signals, () => void>();
  /** Those that came. */
  readonly #received: NodeJS.Signals[] = [];

  constructor(init: ProcessSignalsInit) {
    this.#init = init;
  }

  listen(): void {
    for (const signal of this.#init.signals) {
      const listener = (): void => this.#receive(signal);
      this.#listeners.set(signal, listener);
      this.#init.host.on(signal, listener);
    }
  }

  /**
   * The application is over. Whoever stops it by a call keeps the process; after a signal or an error it ends.
   * @param wasStarting somebody awaits the start and would only be told that it failed: the process ends at once
   */
  over(failure: { readonly error: unknown } | undefined, wasStarting: boolean): void {
    this.#deafen();
    if (this.#received.length === 0 && (failure === undefined || wasStarting)) return;
    const code = this.#exitCode(failure !== undefined);
    this.#init.host.exitCode = code;
    if (wasStarting || this.#received.length > 1) this.#init.host.exit(code);
    else this.#exitLater(code);
  }

  #receive(signal: NodeJS.Signals): void {
    const { logger, clock, host, onStop, onAbort } = this.#init;
    this.#received.push(signal);
    if (this.#received.length === 1) {
      logger.info({ signal }, 'stopping: listeners drain; a second signal aborts them');
      onStop();
      return;
    }
    logger.warn({ signal }, 'aborting: listeners that still run are cut off, and their records come again');
    this.#deafen();
    onAbort();
    clock.setTimer(() => host.exit(this.#exitCode(false)), ABORT_MS, { keepAlive: false });
  }

  #exitCode(isFailed: boolean): number {
    const [, second] = this.#received;
    if (second !== undefined) return 128 + constants.signals[second];
    return isFailed ? 1 : 0;
  }

  #exitLater(code: number): void {
    const { clock, logger, host, exitAfterMs } = this.#init;
    const exit = (): void => {
      logger.warn({ code }, `something still runs ${exitAfterMs} ms after the application stopped: the process ends`);
      host.exit(code);
    };
    clock.setTimer(exit, exitAfterMs, { keepAlive: false });
  }

  #deafen(): void {
    for (const [signal, listener] of this.#listeners) this.#init.host.off(signal, listener);
    this.#listeners.clear();
  }
}
