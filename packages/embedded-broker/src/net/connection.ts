import type { Socket } from 'node:net';
import type { Clock, Logger, Timer } from '@hearken/core';
import { deferred, StateMachine, type Deferred } from '@hearken/core/internal';
import { encodeResponse } from '@hearken/protocol';
import type { FaultHook } from '../faults/fault-hook.js';
import { ClosesConnection, type RequestContext } from '../handlers/handler.js';
import { FrameReader } from './frame-reader.js';
import { readIncoming, type Handlers, type Incoming } from './incoming.js';

export interface ConnectionOptions {
  readonly nodeId: number;
  readonly handlers: Handlers;
  /** Has requests handled. */
  readonly faults: FaultHook;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What may have come in behind the request that is served, before the socket is left alone. */
const BACKLOG_BYTES = 64 * 1024;

/**
 * One client's socket. Serves one request at a time, in order, as Kafka does: a fetch or a join that waits holds back
 * whatever the client sends behind it. An answer must have left before the next request is looked at, so a client that
 * does not read is not written to without end.
 *
 * - `idle`: waits for a whole request.
 * - `serving`: a request is being handled, or its answer is on its way. The socket is read on, up to a backlog: only so can
 *   a client that leaves be noticed.
 * - `left`: the client has gone while it was served. What it had sent is handled yet, as in Kafka: a producer with `acks` 0
 *   writes and leaves.
 * - `closed`: nothing is handled any more.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #frames = new FrameReader();
  readonly #gone = new AbortController();
  readonly #clientHost: string;
  readonly #state = new StateMachine('a connection', {
    initial: 'idle',
    moves: {
      idle: ['serving', 'closed'],
      serving: ['idle', 'left', 'closed'],
      left: ['closed'],
      closed: [],
    },
  });
  readonly #resumed: () => Promise<void> | undefined;
  readonly #onClosed: () => void;
  /** While nothing else may be served: an answer waits for the client to read, or the client is throttled. */
  #rest: Deferred<void> | undefined;
  #muteTimer: Timer | undefined;

  /**
   * @param resumed while the broker is paused, resolves when it is no more: nothing is served before, and nothing answered,
   *   as by a process that is stopped; what clients sent that have left by then is handled yet
   * @param onClosed told once, when nothing will be handled any more: later than the socket's end where clients left
   */
  constructor(
    socket: Socket,
    options: ConnectionOptions,
    resumed: () => Promise<void> | undefined,
    onClosed: () => void,
  ) {
    this.#socket = socket;
    this.#options = options;
    this.#resumed = resumed;
    this.#onClosed = onClosed;
    this.#clientHost = `/${socket.remoteAddress ?? ''}`;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => this.#rest?.resolve());
    socket.on('end', () => this.#leave());
    socket.on('close', () => this.#leave());
    // Kept for the socket's life: an 'error' nobody listens to ends the process. 'close' follows it.
    socket.on('error', (error) => this.#log('debug', error, 'a client went away'));
  }

  /** Destroys the socket at once; what waits is aborted, what else came in is dropped. Idempotent. */
  close(): void {
    this.#moveToClosed();
    this.#socket.destroy();
  }

  #leave(): void {
    if (this.#state.is('serving')) {
      this.#state.moveTo('left');
      this.#release();
    } else if (this.#state.is('idle')) this.#moveToClosed();
    this.#socket.destroy();
  }

  #moveToClosed(): void {
    if (this.#state.is('closed')) return;
    this.#state.moveTo('closed');
    this.#release();
    this.#onClosed();
  }

  /** Lets go whatever waits for this client. */
  #release(): void {
    this.#gone.abort();
    this.#muteTimer?.clear();
    this.#rest?.resolve();
  }

  #onData(chunk: Buffer): void {
    if (this.#state.is('left', 'closed')) return;
    this.#frames.push(chunk);
    if (this.#state.is('idle')) void this.#serve();
    else if (this.#frames.bufferedBytes > BACKLOG_BYTES) this.#socket.pause();
  }

  /** Never rejects. */
  async #serve(): Promise<void> {
    this.#state.moveTo('serving');
    try {
      await this.#serveAll();
    } catch (error) {
      if (error instanceof ClosesConnection)
        this.#log('debug', error, 'the connection is closed in place of an answer');
      else this.#log('error', error, 'a request could not be handled: its connection is closed'); // and nothing else ends
      this.close();
    }
    if (this.#state.is('left')) this.#moveToClosed();
    if (!this.#state.is('serving')) return;
    this.#state.moveTo('idle');
    this.#socket.resume();
  }

  async #serveAll(): Promise<void> {
    for (;;) {
      await this.#resumed();
      const incoming = this.#next();
      if (incoming === undefined) return;
      await this.#serveOne(incoming);
    }
  }

  /** The next request, once it is whole. A client that sends what is none is at its end. */
  #next(): Incoming | undefined {
    if (this.#state.is('closed')) return undefined;
    try {
      const frame = this.#frames.next();
      return frame && readIncoming(this.#options.handlers, frame);
    } catch (error) {
      this.#log('warn', error, 'a request cannot be read, or is not served: its connection is closed');
      this.close();
      return undefined;
    }
  }

  async #serveOne(incoming: Incoming): Promise<void> {
    const context: RequestContext = {
      version: incoming.version,
      clientId: incoming.header.clientId,
      clientHost: this.#clientHost,
      nodeId: this.#options.nodeId,
      signal: this.#gone.signal,
    };
    const { handler, request, sizeBytes } = incoming;
    const handle = (): unknown => incoming.handle(request, context);
    const outcome = await this.#options.faults.serve({ handler, request, context, sizeBytes }, handle);
    await this.#resumed();
    if (!this.#state.is('serving')) return;
    if (outcome.kind === 'closed') this.close();
    if (outcome.kind === 'truncated') this.#writeLast(encode(incoming, outcome.response), outcome.afterBytes);
    if (outcome.kind === 'answered') await this.#answer(encode(incoming, outcome.response), outcome.muteMs);
  }

  async #answer(chunks: readonly Buffer[], muteMs?: number): Promise<void> {
    if (!writeAll(this.#socket, chunks)) await this.#resting();
    if (muteMs !== undefined) await this.#mute(muteMs);
  }

  #writeLast(chunks: readonly Buffer[], bytes: number): void {
    this.#socket.write(Buffer.concat(chunks).subarray(0, bytes));
    this.#moveToClosed();
    this.#socket.destroySoon();
  }

  async #mute(forMs: number): Promise<void> {
    if (!this.#state.is('serving')) return;
    const rest = this.#resting();
    this.#muteTimer = this.#options.clock.setTimer(() => this.#rest?.resolve(), forMs);
    await rest;
  }

  #resting(): Promise<void> {
    this.#rest = deferred();
    return this.#rest.promise;
  }

  #log(level: keyof Logger, error: unknown, message: string): void {
    const { logger, nodeId } = this.#options;
    logger[level]({ error, nodeId, client: this.#clientHost }, message);
  }
}

const encode = ({ handler, version, header }: Incoming, response: unknown): Buffer[] =>
  encodeResponse(handler.api, version, header.correlationId, response);

/** One writev for all chunks; whether the client keeps up. */
function writeAll(socket: Socket, chunks: readonly Buffer[]): boolean {
  socket.cork();
  let keepsUp = true;
  for (const chunk of chunks) keepsUp = socket.write(chunk);
  socket.uncork();
  return keepsUp;
}
