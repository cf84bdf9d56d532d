import { createRequire } from 'node:module';
import { isKafkaError, type KafkaError } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import {
  apiVersionsApi,
  decodeResponse,
  encodeRequest,
  errorCodes,
  type Api,
  type ApiVersionsResponse,
} from '@hearken/protocol';
import { brokerError, KafkaConnectionError } from '../errors.js';
import type { ResolvedKafkaOptions } from '../kafka-options.js';
import { formatAddress, type Address } from './address.js';
import type { Exchange } from './in-flight.js';
import { frameKafkajsRequest, kafkajsApi, type KafkajsRequest } from './kafkajs-internals.js';
import { SaslSession } from './sasl-session.js';
import { SendGate } from './send-gate.js';
import { SpokenVersions } from './spoken-versions.js';
import { Throttle } from './throttle.js';
import { Wire } from './wire.js';

/** How one request is to be sent. */
export interface SendOptions {
  /** How long the answer may take, from the writing of the request. @default the client's `requestTimeoutMs` */
  readonly timeoutMs?: number | undefined;
  /** Bounds on the version, inside what both sides speak. */
  readonly minVersion?: number | undefined;
  readonly maxVersion?: number | undefined;
  /** False where the broker does not answer (Produce with acks 0): resolves with undefined once the bytes left. @default true */
  readonly expectResponse?: boolean | undefined;
}

/** A request, or what makes it for the negotiated version at the moment it is written. */
export type RequestOf<Rq> = Rq | ((version: number) => Rq);

/** Knows the client's name; version 4 adds nothing we read and costs older brokers another round. */
const API_VERSIONS_VERSION = 3;

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
const CLIENT_SOFTWARE = { clientSoftwareName: 'hearken', clientSoftwareVersion: version };

/**
 * A connection to one broker: opened once, closed once. A reconnect is a new object, so nothing half-read or half-sent
 * outlives its socket. Requests are written in the order of the calls, also over a renewal of the SASL session (KIP-368)
 * and while the broker throttles this client (KIP-219): meanwhile they are held, and their time has not begun.
 */
export class Connection {
  readonly #options: ResolvedKafkaOptions;
  readonly #wire: Wire;
  readonly #opened = deferred();
  #versions: SpokenVersions;
  readonly #throttle: Throttle;
  readonly #gate: SendGate;
  /** Undefined without SASL. */
  readonly #session: SaslSession | undefined;

  /** @param onClose told once, when the connection is closed by anyone, also while it opens */
  constructor(
    address: Address,
    options: ResolvedKafkaOptions,
    onClose: (reason: KafkaError) => void = () => undefined,
  ) {
    this.#options = options;
    this.#versions = new SpokenVersions(address, []);
    this.#throttle = new Throttle(options.clock);
    this.#gate = new SendGate({
      obstacle: () => this.#obstacle(),
      pass: (exchange) => this.#wire.write(exchange),
      onFailure: (error) => this.close(this.#describe(error)),
    });
    this.#wire = new Wire(address, options, (reason) => {
      this.#session?.abandon();
      this.#throttle.abandon();
      this.#gate.reject(reason);
      this.#opened.reject(reason);
      onClose(reason);
    });
    this.#session =
      options.sasl &&
      new SaslSession(address, options.sasl, options, {
        exchange: (request) => this.#exchangeKafkajs(request, (exchange) => this.#wire.write(exchange)),
        onTimeout: (reason) => this.close(reason),
      });
    this.#opened.promise.catch(() => undefined); // `open` gives it to whoever opens; closed before that, nobody waits
  }

  get address(): Address {
    return this.#wire.address;
  }

  get isClosed(): boolean {
    return this.#wire.closedBy !== undefined;
  }

  /** Whether it answered a request beyond its handshake: what listens there is a broker that takes us. */
  get isProven(): boolean {
    return this.#wire.isProven;
  }

  /**
   * Connects, asks which versions the broker speaks, authenticates. Called once.
   * @throws KafkaConnectionError or AuthenticationError, which say what to do
   */
  open(): Promise<void> {
    this.#shakeHands().then(
      () => this.#opened.resolve(),
      (error: unknown) => this.close(this.#describe(error)),
    );
    return this.#opened.promise;
  }

  /**
   * Sends a request. Nothing happens between the call and the writing, so calls keep their order.
   * @throws KafkaError what closed the connection; `REQUEST_TIMED_OUT`, `UNSUPPORTED_VERSION`, `INVALID_RESPONSE`
   */
  async send<Rq, Rs>(api: Api<Rq, Rs>, request: RequestOf<Rq>, options: SendOptions = {}): Promise<Rs> {
    const version = this.#versions.choose(api.name, api.key, {
      minVersion: Math.max(api.minVersion, options.minVersion ?? 0),
      maxVersion: Math.min(api.maxVersion, options.maxVersion ?? Infinity),
    });
    const expectsAnswer = options.expectResponse !== false;
    const frame = await this.#exchange(
      {
        name: api.name,
        timeoutMs: options.timeoutMs ?? this.#options.requestTimeoutMs,
        expectsAnswer,
        encode: (correlationId) => this.#encode(api, version, correlationId, request),
      },
      (exchange) => this.#gate.enter(exchange),
    );
    if (!expectsAnswer) return undefined as Rs;
    this.#wire.proven();
    const response = this.#decode(api, version, frame);
    this.#beThrottled((response as { readonly throttleTimeMs?: number }).throttleTimeMs);
    return response;
  }

  /** Sends one of kafkajs' requests, by its own codec in the highest version both know. Resolves with the decoded answer. */
  async sendKafkajs(name: string, args: unknown, { timeoutMs }: Pick<SendOptions, 'timeoutMs'> = {}): Promise<unknown> {
    const api = kafkajsApi(name);
    const version = this.#versions.choose(name, api.apiKey, { minVersion: 0, maxVersion: api.newest });
    const request = api.make(version, args);
    const body = await this.#exchangeKafkajs(request, (exchange) => this.#gate.enter(exchange), timeoutMs);
    this.#wire.proven();
    const decoded = await request.response.decode(body).catch((cause: unknown) => {
      throw this.#unreadable(name, cause);
    });
    this.#beThrottled((decoded as { readonly clientSideThrottleTime?: number }).clientSideThrottleTime);
    return decoded;
  }

  /** Destroys the socket and rejects everything in flight, held or opening with the reason. Idempotent: the first stays. */
  close(reason: KafkaError): void {
    this.#wire.close(reason);
  }

  async #shakeHands(): Promise<void> {
    await this.#wire.connect();
    this.#versions = new SpokenVersions(this.address, (await this.#askVersions()).apiKeys);
    await this.#session?.authenticate(this.#versions.table);
  }

  /** A broker older than the version asked for answers UNSUPPORTED_VERSION; all know version 0 (KIP-511). */
  async #askVersions(): Promise<ApiVersionsResponse> {
    const response = await this.#askVersionsIn(API_VERSIONS_VERSION);
    const isRefused = response.errorCode === errorCodes.UNSUPPORTED_VERSION;
    const answer = isRefused ? await this.#askVersionsIn(0) : response;
    if (answer.errorCode !== 0) throw brokerError(answer.errorCode, 'ApiVersions');
    return answer;
  }

  async #askVersionsIn(version: number): Promise<ApiVersionsResponse> {
    const frame = await this.#exchange(
      {
        name: apiVersionsApi.name,
        timeoutMs: this.#options.requestTimeoutMs,
        expectsAnswer: true,
        encode: (correlationId) => this.#encode(apiVersionsApi, version, correlationId, CLIENT_SOFTWARE),
      },
      (exchange) => this.#wire.write(exchange),
    );
    return this.#decode(apiVersionsApi, version, frame);
  }

  #exchange(exchange: Omit<Exchange, 'resolve' | 'reject'>, start: (exchange: Exchange) => void): Promise<Buffer> {
    return new Promise((resolve, reject) => start({ ...exchange, resolve, reject }));
  }

  /** A renewal waits for what is in flight, because that may be held back for minutes and the renewal behind it may not. */
  #obstacle(): Promise<void> | undefined {
    if (this.isClosed) return undefined;
    const throttled = this.#throttle.wait();
    if (throttled !== undefined || this.#session?.isDue !== true) return throttled;
    return this.#wire.settled() ?? this.#session.authenticate(this.#versions.table);
  }

  /** The broker answers what it has got already later by as much. */
  #beThrottled(throttleTimeMs: number | undefined): void {
    if (throttleTimeMs === undefined || throttleTimeMs <= 0) return;
    const { logger } = this.#options;
    logger.debug({ ...this.address, throttleTimeMs }, 'over the quota: the broker throttles this connection');
    this.#wire.extendTimeouts(this.#throttle.begin(throttleTimeMs));
  }

  #encode<Rq>(api: Api<Rq, unknown>, version: number, correlationId: number, request: RequestOf<Rq>): Buffer[] {
    const made = typeof request === 'function' ? (request as (version: number) => Rq)(version) : request;
    return encodeRequest(api, version, { correlationId, clientId: this.#options.clientId }, made);
  }

  #decode<Rs>(api: Api<unknown, Rs>, version: number, frame: Buffer): Rs {
    try {
      return decodeResponse(api, version, frame);
    } catch (cause) {
      throw this.#unreadable(api.name, cause);
    }
  }

  #unreadable(name: string, cause: unknown): KafkaConnectionError {
    const message = `${formatAddress(this.address)} sent an answer to ${name} that cannot be read`;
    return new KafkaConnectionError(message, { code: 'INVALID_RESPONSE', cause });
  }

  async #exchangeKafkajs(
    request: KafkajsRequest,
    start: (exchange: Exchange) => void,
    timeoutMs = this.#options.requestTimeoutMs,
  ): Promise<Buffer> {
    const body = (await request.request.encode()).buffer;
    const frame = await this.#exchange(
      {
        name: request.request.apiName,
        timeoutMs,
        expectsAnswer: true,
        encode: (correlationId) => frameKafkajsRequest(request, body, correlationId, this.#options.clientId),
      },
      start,
    );
    return frame.subarray(4);
  }

  /** Codec mistakes and a throwing option of the user's end here; everything else is an error of ours already. */
  #describe(error: unknown): KafkaError {
    if (isKafkaError(error)) return error;
    return new KafkaConnectionError(`the handshake with ${formatAddress(this.address)} failed: ${String(error)}`, {
      code: 'CONNECTION_FAILED',
      cause: error,
    });
  }
}
