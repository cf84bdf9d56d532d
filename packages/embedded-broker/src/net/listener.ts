import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { deferred, type Deferred } from '@hearken/core/internal';
import { EmbeddedKafkaError } from '../errors.js';
import { Connection, type ConnectionOptions } from './connection.js';

/** Clients are told this address, so it is no name: what a name resolves to differs between machines. */
export const LISTEN_HOST = '127.0.0.1';

/** Where one broker can be reached: opened, and after a close opened again on the same port. */
export class Listener {
  readonly #optionsOf: () => ConnectionOptions;
  readonly #connections = new Set<Connection>();
  #server: Server | undefined;
  /** While the broker is paused. */
  #pause: Deferred<void> | undefined;
  #port: number;

  /**
   * @param port 0 for any free one; {@link port} has it after {@link open}
   * @param connectionOptions asked for each connection
   */
  constructor(port: number, connectionOptions: () => ConnectionOptions) {
    this.#port = port;
    this.#optionsOf = connectionOptions;
  }

  get port(): number {
    return this.#port;
  }

  get openConnections(): number {
    return this.#connections.size;
  }

  /** Fine if it is open. @throws EmbeddedKafkaError `PORT_IN_USE`, `LISTEN_FAILED` */
  async open(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => reject(listenFailed(this.#port, cause)));
      server.listen(this.#port, LISTEN_HOST, resolve);
    });
    server.removeAllListeners('error');
    server.on('error', (error) => this.#optionsOf().logger.error({ error }, 'the listener failed'));
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Resolves when the port is free and the last socket closed, which are destroyed at once. Idempotent. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
    this.reset();
    await closed;
  }

  /** Closes the connections, not the port. */
  reset(): void {
    this.resume();
    for (const connection of this.#connections) connection.close();
  }

  /** Connections are still accepted, as by the system on behalf of a process that is stopped. */
  pause(): void {
    this.#pause ??= deferred();
  }

  resume(): void {
    this.#pause?.resolve();
    this.#pause = undefined;
  }

  #accept(socket: Socket): void {
    const connection: Connection = new Connection(
      socket,
      this.#optionsOf(),
      () => this.#pause?.promise,
      () => this.#connections.delete(connection),
    );
    this.#connections.add(connection);
  }
}

function listenFailed(port: number, cause: Error): EmbeddedKafkaError {
  const inUse = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
  const message = inUse ? `port ${port} is in use` : `cannot listen on ${LISTEN_HOST}:${port}`;
  return new EmbeddedKafkaError(message, { code: inUse ? 'PORT_IN_USE' : 'LISTEN_FAILED', cause });
}
