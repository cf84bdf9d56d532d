import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { decodeResponse, encodeRequest, readCorrelationId, type Api } from '@hearken/protocol';
import { Recorder } from '@hearken/testing';
import { FrameReader } from '../../dist/net/frame-reader.js';

/** A client that sends what it is told, and waits for nothing that it is not told to wait for. */
export class FrameClient {
  readonly socket: Socket;
  /** Frames without their size, in the order in which they came. */
  readonly answers = new Recorder<Buffer>();
  readonly closed: Promise<unknown>;
  readonly #frames = new FrameReader();
  #asked = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined); // a reset is one way to close
    socket.on('data', (chunk: Buffer) => {
      this.#frames.push(chunk);
      for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) {
        this.answers.record(frame);
      }
    });
  }

  /** @param broker its port, or `'host:port'` */
  static async open(broker: number | string): Promise<FrameClient> {
    const port = typeof broker === 'number' ? broker : Number(broker.split(':')[1]);
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    return new FrameClient(socket);
  }

  /** Sends and waits for the answer, which must be the next. */
  async ask<Request, Response>(
    api: Api<Request, Response>,
    version: number,
    request: NoInfer<Request>,
  ): Promise<Response> {
    const correlationId = this.tell(api, version, request);
    const frame = await this.answer(correlationId);
    return decodeResponse(api, version, frame);
  }

  /** @returns the correlation id, which counts from 1 */
  tell<Request>(api: Api<Request, unknown>, version: number, request: NoInfer<Request>): number {
    const correlationId = ++this.#asked;
    const header = { correlationId, clientId: 'raw' };
    this.socket.write(Buffer.concat(encodeRequest(api, version, header, request)));
    return correlationId;
  }

  /** The answer to a request; rejects if the connection closes before. */
  async answer(correlationId: number): Promise<Buffer> {
    const closed = this.closed.then(() => assert.fail('the connection was closed'));
    return Promise.race([this.answers.first((frame) => readCorrelationId(frame) === correlationId), closed]);
  }

  close(): void {
    this.socket.destroy();
  }
}
