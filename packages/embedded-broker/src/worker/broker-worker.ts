import { parentPort } from 'node:worker_threads';
import { defaultLogger, systemClock } from '@hearken/core';
import type { BrokerEvent } from '../faults/recorded-request.js';
import { InlineHost } from '../inline-host.js';
import type { Call, WorkerMessage, WorkerOptions } from './messages.js';
import { toPlainError } from './plain-error.js';

// What runs in the worker's thread: a host as it runs inline, asked by messages.

/** Carries out calls as they come, several at once, and mirrors what the brokers tell of requests. */
class BrokerWorker {
  readonly #post: (message: WorkerMessage) => void;
  #host: InlineHost | undefined;
  /** A message for each event would cost more than the request that it is about. */
  #events: BrokerEvent[] = [];

  constructor(post: (message: WorkerMessage) => void) {
    this.#post = post;
  }

  async take({ id, command, args }: Call): Promise<void> {
    try {
      const value: unknown = await this.#run(command, args);
      this.#flush(); // first what happened before it
      this.#post({ kind: 'result', id, value });
    } catch (error) {
      this.#post({ kind: 'failure', id, error: toPlainError(error) });
    }
  }

  async #run(command: Call['command'], args: readonly unknown[]): Promise<unknown> {
    if (command === 'start') return this.#start(args[0] as WorkerOptions);
    const host = this.#host as unknown as Partial<Record<string, (...args: readonly unknown[]) => unknown>> | undefined;
    return host?.[command]?.(...args); // a stop may come where no start succeeded
  }

  async #start(options: WorkerOptions): Promise<InlineHost['addresses']> {
    this.#host = await InlineHost.start({ ...options, clock: systemClock, logger: defaultLogger });
    this.#host.onEvent((event) => this.#tell(event));
    return this.#host.addresses;
  }

  #tell(event: BrokerEvent): void {
    if (this.#events.push(event) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (this.#events.length === 0) return;
    this.#post({ kind: 'events', events: this.#events });
    this.#events = [];
  }
}

if (parentPort !== null) {
  const port = parentPort;
  const worker = new BrokerWorker((message) => port.postMessage(message));
  port.on('message', (call: Call) => void worker.take(call));
}
