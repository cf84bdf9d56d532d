import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { decodeResponse, encodeRequest, readCorrelationId, type Api } from '@hearken/protocol';

interface Asker {
  readonly resolve: (frame: Buffer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A connection that sends what it is told and checks only what Kafka promises of every connection: answers come in the
 * order of the requests. For what no client shows or dares.
 */
export class RawConnection implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #clientId: string | null;
  readonly #askers: Asker[] = [];
  /** Resolves when the connection is over, whoever closed it. */
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);
  #correlationId = 0;

  private constructor(socket: Socket, clientId: string | null) {
    this.#socket = socket;
    this.#clientId = clientId;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    void this.closed.then(() => this.#refuse(new Error('the connection is closed')));
    socket.on('error', (error) => this.#refuse(error)); // a reset is how a broker may close
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  /** @param address host:port */
  static async open(address: string, clientId: string | null = 'raw'): Promise<RawConnection> {
    const at = address.lastIndexOf(':');
    const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)), noDelay: true });
    await once(socket, 'connect');
    return new RawConnection(socket, clientId);
  }

  /** Sends at once, whatever is outstanding. Rejects if the connection ends before the answer. */
  async ask<Request, Response>(
    api: Api<Request, Response>,
    version: number,
    request: NoInfer<Request>,
  ): Promise<Response> {
    const correlationId = this.tell(api, version, request);
    const frame = await this.nextAnswer();
    assert.equal(readCorrelationId(frame), correlationId, `the answer to ${api.name} is that to another request`);
    return decodeResponse(api, version, frame);
  }

  /** Sends what has no answer. Returns the correlation id that it went with. */
  tell<Request>(api: Api<Request, unknown>, version: number, request: NoInfer<Request>): number {
    const correlationId = ++this.#correlationId;
    for (const chunk of encodeRequest(api, version, { correlationId, clientId: this.#clientId }, request)) {
      this.write(chunk);
    }
    return correlationId;
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** The next frame that nobody waits for yet, without its size. */
  nextAnswer(): Promise<Buffer> {
    if (this.#socket.destroyed) return Promise.reject(new Error('the connection is closed'));
    return new Promise((resolve, reject) => this.#askers.push({ resolve, reject }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.closed;
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= 4) {
      const end = 4 + this.#received.readInt32BE();
      if (this.#received.length < end) return;
      const frame = this.#received.subarray(4, end);
      this.#received = this.#received.subarray(end);
      const asker = this.#askers.shift();
      if (asker === undefined) this.#socket.destroy(new Error('an answer that nobody asked for'));
      else asker.resolve(frame);
    }
  }

  #refuse(error: unknown): void {
    for (const { reject } of this.#askers.splice(0)) reject(error);
  }
}
