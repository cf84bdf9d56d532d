import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { json } from 'node:stream/consumers';
import { Recorder } from '@hearken/testing';
import { ROOT } from '../docs/documents.js';
import { until } from './until.js';

export interface Answer {
  readonly status: number | undefined;
  readonly content: unknown;
}

/** A process of `examples/src/order-service.ts`. */
export class OrderService {
  /** What it prints. */
  readonly lines = new Recorder<string>();
  /** Where it takes orders. */
  url = '';
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown[]>;
  #errors = '';

  private constructor(name: string, brokers: string, environment: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [join(ROOT, 'examples/dist/order-service.js')], {
      env: { ...process.env, HEARKEN_BROKERS: brokers, ORDER_SERVICE: name, PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#exited = once(this.#child, 'close');
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    if (this.#child.stdout !== null) createInterface(this.#child.stdout).on('line', this.lines.record);
  }

  /**
   * Resolves when it takes orders.
   * @param brokers a Kafka's, or '' for one of its own
   * @param environment more of it
   */
  static async start(
    name: string,
    brokers: string,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<OrderService> {
    const service = new OrderService(name, brokers, environment);
    const ended = service.#exited.then(() => Promise.reject(new Error(`it did not start:\n${service.#errors}`)));
    await Promise.race([service.lines.received(1), ended]);
    service.url = /http:\S+$/.exec(service.lines.items[0] ?? '')?.[0] ?? '';
    return service;
  }

  /** Resolves with the status, or undefined if the order did not get in. Each on a connection of its own, so that one
   * that is refused or reset was surely not taken. */
  async post(order: object): Promise<number | undefined> {
    return (await this.ask('POST', '/orders', JSON.stringify(order)))?.status;
  }

  /** Resolves with what is answered, or undefined if the request did not get in. */
  ask(method: string, path: string, body = ''): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const asking = request(new URL(path, this.url), { method, agent: false }, (response) => {
        json(response).then(
          (content) => resolve({ status: response.statusCode, content }),
          () => resolve(undefined),
        );
      });
      asking.once('error', () => resolve(undefined)).end(body);
    });
  }

  /** The ids of orders that it shipped, as often as it did. */
  get shipped(): string[] {
    return this.lines.items.filter((line) => line.startsWith('shipped ')).map((line) => line.slice('shipped '.length));
  }

  /** Resolves when a probe finds it ready. */
  async ready(): Promise<void> {
    await until('it is ready', async () => (await this.ask('GET', '/health'))?.status === 200);
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
