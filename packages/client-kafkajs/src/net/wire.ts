import type { Socket } from 'node:net';
import type { KafkaError, Timer } from '@hearken/core';
import { readCorrelationId } from '@hearken/protocol';
import { KafkaConnectionError, RequestTimeoutError } from '../errors.js';
import type { ResolvedKafkaOptions } from '../kafka-options.js';
import { formatAddress, type Address } from './address.js';
import { closedByPeer, connectTimedOut, garbled, socketFailure, type ConnectionContext } from './connection-failure.js';
import { FrameReader } from './frame-reader.js';
import { InFlight, type Exchange } from './in-flight.js';
import { openSocket } from './open-socket.js';

const MAX_CORRELATION_ID = 2 ** 31 - 1;
const KEEP_ALIVE_MS = 60_000;
const NO_ANSWER = Buffer.alloc(0);

/**
 * A socket that carries requests and their answers: frames, correlation, time-outs. Connected once and closed once. A
 * request that gets no answer in time closes it, because what comes after could not be told apart from a late answer, and
 * rejects everything else in flight before anyone can retry anything.
 */
export class Wire {
  readonly address: Address;
  readonly #options: ResolvedKafkaOptions;
  readonly #onClose: (error: KafkaError) => void;
  readonly #inFlight: InFlight;
  readonly #frames = new FrameReader((frame) => this.#onFrame(frame));
  #socket: Socket | undefined;
  #connectTimer: Timer | undefined;
  #progress: ConnectionContext['progress'] = 'connecting';
  #nextCorrelationId = 0;
  #closedBy: KafkaError | undefined;

  /** @param onClose told once, with the reason, after everything in flight was rejected with it */
  constructor(address: Address, options: ResolvedKafkaOptions, onClose: (error: KafkaError) => void) {
    this.address = address;
    this.#options = options;
    this.#onClose = onClose;
    this.#inFlight = new InFlight(options.clock, (late) => this.#onTimeout(late));
  }

  get closedBy(): KafkaError | undefined {
    return this.#closedBy;
  }

  /** Whether it did what it is there for; until then a close hints at a wrong protocol. */
  get isProven(): boolean {
    return this.#progress === 'proven';
  }

  proven(): void {
    this.#progress = 'proven';
  }

  /** Resolves when the socket stands, TLS included. A failure is told to `onClose` alone: it closes the wire. */
  connect(): Promise<void> {
    const { clock, connectionTimeoutMs } = this.#options;
    this.#connectTimer = clock.setTimer(
      () => this.close(connectTimedOut(this.#context, connectionTimeoutMs)),
      connectionTimeoutMs,
    );
    return new Promise((resolve) =>
      this.#open(() => {
        this.#connectTimer?.clear();
        this.#progress = 'connected';
        resolve();
      }),
    );
  }

  /** Writes the request now, or rejects it if the wire is closed. Never throws. */
  write(exchange: Exchange): void {
    const socket = this.#socket;
    if (this.#closedBy !== undefined || socket === undefined) {
      exchange.reject(this.#closedError());
      return;
    }
    const correlationId = this.#nextCorrelationId;
    let chunks: readonly Buffer[];
    try {
      chunks = exchange.encode(correlationId);
    } catch (error) {
      exchange.reject(error); // nothing was written: the next request goes on
      return;
    }
    this.#nextCorrelationId = correlationId === MAX_CORRELATION_ID ? 0 : correlationId + 1;
    const remove = this.#inFlight.add(exchange, correlationId);
    writeAll(socket, chunks, (error) => {
      if (exchange.expectsAnswer || error) return; // an error closes the wire, which rejects it
      remove();
      this.proven(); // nothing else could prove it
      exchange.resolve(NO_ANSWER);
    });
  }

  /** Resolves when everything in flight is settled; undefined if nothing is in flight. */
  settled(): Promise<void> | undefined {
    return this.#inFlight.whenEmpty();
  }

  /** Gives what is in flight more time: the broker said that it takes a break. */
  extendTimeouts(byMs: number): void {
    this.#inFlight.extend(byMs);
  }

  /** Destroys the socket and rejects what is in flight. Idempotent: the first reason stays. */
  close(reason: KafkaError): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = reason;
    this.#connectTimer?.clear();
    this.#socket?.destroy();
    for (const exchange of this.#inFlight.takeAll()) exchange.reject(reason);
    this.#onClose(reason);
  }

  get #context(): ConnectionContext {
    const { ssl, sasl } = this.#options;
    return { address: this.address, tls: ssl !== undefined, sasl: sasl !== undefined, progress: this.#progress };
  }

  #open(onConnect: () => void): void {
    let socket: Socket;
    try {
      socket = openSocket(this.address, this.#options, this.#frames, { onConnect, onGarbled: this.#onGarbled });
    } catch (error) {
      this.close(socketFailure(error instanceof Error ? error : new Error(String(error)), this.#context));
      return;
    }
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS); // a peer that went without a word is noticed, also while nothing is asked
    // Kept for the socket's life: an 'error' nobody listens to ends the process.
    socket.on('error', (error) => this.close(socketFailure(error, this.#context)));
    socket.on('end', () => this.close(closedByPeer(this.#context)));
    socket.on('close', () => this.close(closedByPeer(this.#context)));
    socket.on('timeout', () => this.close(closedByPeer(this.#context, new Error('the socket timed out'))));
  }

  readonly #onGarbled = ({ message }: Error): void => {
    const hint = this.isProven ? '' : ': is this the port of something else, or of a TLS listener (set ssl)?';
    this.close(garbled(this.#context, `${message}${hint}`));
  };

  #onFrame(frame: Buffer): void {
    const correlationId = readCorrelationId(frame);
    const exchange = this.#inFlight.take(correlationId);
    if (exchange !== undefined) exchange.resolve(frame);
    else
      this.close(
        garbled(this.#context, `an answer came (correlation id ${correlationId}) that is not the next one due`),
      );
  }

  #onTimeout(late: Exchange): void {
    const message = `${formatAddress(this.address)} did not answer ${late.name} within ${late.timeoutMs} ms`;
    const error = new RequestTimeoutError(message);
    late.reject(error);
    this.close(
      new KafkaConnectionError(`the connection was closed: ${message}`, { code: 'CONNECTION_CLOSED', cause: error }),
    );
  }

  #closedError(): KafkaError {
    return (
      this.#closedBy ??
      new KafkaConnectionError(`${formatAddress(this.address)} is not connected`, { code: 'CONNECTION_CLOSED' })
    );
  }
}

/** One writev for all chunks. */
function writeAll(socket: Socket, chunks: readonly Buffer[], onWritten: (error?: Error | null) => void): void {
  const last = chunks.length - 1;
  if (last > 0) socket.cork();
  chunks.forEach((chunk, i) => socket.write(chunk, i === last ? onWritten : undefined));
  if (last > 0) socket.uncork();
}
