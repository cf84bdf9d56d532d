import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { deferred, type Deferred } from '@hearken/core/internal';
import { decodeResponse, encodeRequest, readCorrelationId, type Api } from '@hearken/protocol';

interface InFlight {
  readonly answer: Deferred<unknown>;
  readonly decode: (frame: Buffer) => unknown;
}

/** A client that sends what it is told and takes answers as they come, in whichever order. */
export class RawClient implements Disposable {
  /** Resolves when the broker has closed the connection, with all bytes that were no whole answer. */
  readonly closed: Promise<Buffer>;
  readonly #socket: Socket;
  readonly #clientId: string;
  readonly #inFlight = new Map<number, InFlight>();
  #bytes = Buffer.alloc(0);
  #lastId = 0;

  private constructor(socket: Socket, clientId: string) {
    this.#socket = socket;
    this.#clientId = clientId;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => undefined); // 'close' follows
    this.closed = once(socket, 'close').then(() => this.#bytes);
  }

  /** @param broker `host:port` */
  static async connect(broker: string, clientId = 'raw'): Promise<RawClient> {
    const [host, port] = broker.split(':');
    const socket = connect(Number(port), host);
    await once(socket, 'connect');
    return new RawClient(socket, clientId);
  }

  /** The answer, if one comes. */
  send<Request, Response>(api: Api<Request, Response>, version: number, request: Request): Promise<Response> {
    const correlationId = ++this.#lastId;
    const answer = deferred<unknown>();
    this.#inFlight.set(correlationId, { answer, decode: (frame) => decodeResponse(api, version, frame) });
    const header = { correlationId, clientId: this.#clientId };
    this.#socket.write(Buffer.concat(encodeRequest(api, version, header, request)));
    return answer.promise as Promise<Response>;
  }

  close(): void {
    this.#socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    while (this.#bytes.length >= 4 && this.#bytes.length >= 4 + this.#bytes.readInt32BE(0)) {
      const end = 4 + this.#bytes.readInt32BE(0);
      const frame = this.#bytes.subarray(4, end);
      this.#bytes = this.#bytes.subarray(end);
      const { answer, decode } = this.#inFlight.get(readCorrelationId(frame))!;
      answer.resolve(decode(frame));
    }
  }
}
