import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Recorder } from '@hearken/testing';
import { ROOT } from '../docs/documents.js';

/** A process of `examples/src/order-service.ts`. */
export class OrderService {
  /** What it prints. */
  readonly lines = new Recorder<string>();
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown[]>;
  #errors = '';
  #url = '';

  private constructor(name: string, brokers: string) {
    this.#child = spawn(process.execPath, [join(ROOT, 'examples/dist/order-service.js')], {
      env: { ...process.env, HEARKEN_BROKERS: brokers, ORDER_SERVICE: name, PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#exited = once(this.#child, 'close');
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    if (this.#child.stdout !== null) createInterface(this.#child.stdout).on('line', this.lines.record);
  }

  /**
   * Resolves when it takes orders.
   * @param brokers a Kafka's, or '' for one of its own
   */
  static async start(name: string, brokers: string): Promise<OrderService> {
    const service = new OrderService(name, brokers);
    const ended = service.#exited.then(() => Promise.reject(new Error(`it did not start:\n${service.#errors}`)));
    await Promise.race([service.lines.received(1), ended]);
    service.#url = /http:\S+$/.exec(service.lines.items[0] ?? '')?.[0] ?? '';
    return service;
  }

  /** Resolves with the status, or undefined if the order did not get in. Each on a connection of its own, so that one
   * that is refused or reset was surely not taken. */
  post(order: object): Promise<number | undefined> {
    return new Promise((resolve) => {
      const posting = request(this.#url, { method: 'POST', agent: false }, (response) => {
        response.resume().once('close', () => resolve(response.statusCode));
      });
      posting.once('error', () => resolve(undefined)).end(JSON.stringify(order));
    });
  }

  /** The ids of orders that it shipped, as often as it did. */
  get shipped(): string[] {
    return this.lines.items.filter((line) => line.startsWith('shipped ')).map((line) => line.slice('shipped '.length));
  }

  /** SIGTERM; resolves with the exit code and what was printed last. */
  async stop(): Promise<{ code: unknown; last: string | undefined }> {
    this.#child.kill('SIGTERM');
    const [code] = await this.#exited;
    return { code, last: this.lines.items.at(-1) };
  }

  /** For the end of a test that failed. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
