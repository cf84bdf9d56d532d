import { isKafkaError, type KafkaError, type Timer } from '@hearken/core';
import { errorCodes } from '@hearken/protocol';
import type { Mechanism, SASLOptions } from 'kafkajs';
import { AuthenticationError, KafkaConnectionError } from '../errors.js';
import type { ResolvedKafkaOptions } from '../kafka-options.js';
import { formatAddress, type Address } from './address.js';
import { kafkajsInternals, kafkajsLogger, type KafkajsRequest, type KafkajsVersions } from './kafkajs-internals.js';

/** What a session needs of its connection. */
interface SaslConnection {
  /** Sends one of kafkajs' requests, whatever waits, and gives the body of the answer. */
  exchange(request: KafkajsRequest): Promise<Buffer>;
  onTimeout(reason: KafkaError): void;
}

/**
 * Who we are on a connection, for as long as the broker believes it (KIP-368). Authenticates by kafkajs' authenticator, which
 * brings all its mechanisms and the user's own provider. There is no timer between: whoever sends asks whether it is due.
 */
export class SaslSession {
  readonly #address: Address;
  readonly #sasl: SASLOptions | Mechanism;
  readonly #options: ResolvedKafkaOptions;
  readonly #connection: SaslConnection;
  /** On the monotonic clock. */
  #renewAt = Infinity;
  #timer: Timer | undefined;

  constructor(
    address: Address,
    sasl: SASLOptions | Mechanism,
    options: ResolvedKafkaOptions,
    connection: SaslConnection,
  ) {
    this.#address = address;
    this.#sasl = sasl;
    this.#options = options;
    this.#connection = connection;
  }

  /** Whether it has to be renewed before anything else is sent. */
  get isDue(): boolean {
    return this.#options.clock.monotonic() >= this.#renewAt;
  }

  /**
   * Begins or renews the session. One that takes longer than `authenticationTimeout` is told to the connection, because the
   * user's own provider may never settle.
   * @throws AuthenticationError, or what ended the exchange
   */
  async authenticate(versions: KafkajsVersions): Promise<void> {
    const { clock, authenticationTimeoutMs, reauthenticationThresholdMs } = this.#options;
    this.#timer = clock.setTimer(() => this.#connection.onTimeout(this.#tooLong()), authenticationTimeoutMs);
    try {
      const lifetimeMs = await this.#exchange(versions);
      this.#renewAt = clock.monotonic() + renewAfterMs(lifetimeMs, reauthenticationThresholdMs);
    } finally {
      this.abandon();
    }
  }

  /** The connection is gone: leaves no timer behind. */
  abandon(): void {
    this.#timer?.clear();
  }

  /** @returns how long the session lasts in milliseconds, 0 for without end */
  async #exchange(versions: KafkajsVersions): Promise<number> {
    const shim = {
      ...this.#address,
      sasl: this.#view(),
      send: async (request: KafkajsRequest): Promise<unknown> => {
        const decoded = await request.response.decode(await this.#connection.exchange(request));
        this.#checkMechanism(decoded as { errorCode: number; enabledMechanisms?: readonly string[] });
        this.#checkToken(decoded as { authBytes?: Buffer });
        return request.response.parse(decoded);
      },
    };
    const { SaslAuthenticator } = kafkajsInternals();
    const authenticator = new SaslAuthenticator(shim, kafkajsLogger(this.#options.logger), versions, true);
    try {
      await authenticator.authenticate();
    } catch (error) {
      throw isKafkaError(error) ? error : this.#refused(error);
    }
    return Number(authenticator.sessionLifetime);
  }

  /**
   * kafkajs writes the provider it chose, and for AWS a session token, into this object. The user's own stays untouched: a
   * view takes the writes and still shows a password that was changed since.
   */
  #view(): SASLOptions | Mechanism {
    const view = Object.create(this.#sasl) as Record<string, unknown>;
    if ('oauthBearerProvider' in this.#sasl) {
      const { oauthBearerProvider } = this.#sasl;
      const value = (): Promise<unknown> => oauthBearerProvider().catch((error: unknown) => this.#noToken(error));
      Object.defineProperty(view, 'oauthBearerProvider', { value });
    }
    return view as unknown as SASLOptions | Mechanism;
  }

  /** Where tokens come from may be away for a moment, as a broker may. */
  #noToken(cause: unknown): never {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `${formatAddress(this.#address)}: sasl.oauthBearerProvider failed: ${reason}`;
    throw new KafkaConnectionError(message, { code: 'CONNECTION_FAILED', cause });
  }

  #checkMechanism({
    errorCode,
    enabledMechanisms = [],
  }: {
    errorCode: number;
    enabledMechanisms?: readonly string[];
  }): void {
    const address = formatAddress(this.#address);
    const code = 'UNSUPPORTED_SASL_MECHANISM';
    if (errorCode === errorCodes.ILLEGAL_SASL_STATE) {
      throw new AuthenticationError(`${address} is a listener without SASL: leave out sasl`, { code });
    }
    if (errorCode === errorCodes.UNSUPPORTED_SASL_MECHANISM) {
      const offered = enabledMechanisms.join(', ') || 'none';
      const message = `${address} does not offer the SASL mechanism ${this.#sasl.mechanism}; it offers ${offered}`;
      throw new AuthenticationError(message, { code });
    }
  }

  /** A broker that refuses a token says so in place of an error code (RFC 7628, 3.2.2), which kafkajs takes for a success. */
  #checkToken({ authBytes }: { authBytes?: Buffer }): void {
    const refusal = authBytes?.subarray(4).toString() ?? ''; // kafkajs puts the size before it
    if (refusal !== '' && this.#sasl.mechanism.toUpperCase() === 'OAUTHBEARER') throw new Error(refusal);
  }

  #refused(cause: unknown): AuthenticationError {
    const hint = 'username' in this.#sasl ? ': check sasl.username and sasl.password' : '';
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new AuthenticationError(`${formatAddress(this.#address)} refused the credentials${hint} (${reason})`, {
      cause,
    });
  }

  #tooLong(): KafkaConnectionError {
    const message = `${formatAddress(this.#address)}: authentication took longer than ${this.#options.authenticationTimeoutMs} ms`;
    return new KafkaConnectionError(message, { code: 'CONNECTION_FAILED' });
  }
}

/** When to renew: by the threshold before the end; short sessions at half of it, as brokers refuse it twice within a second. */
export function renewAfterMs(lifetimeMs: number, thresholdMs: number): number {
  return lifetimeMs === 0 ? Infinity : Math.max(lifetimeMs - thresholdMs, lifetimeMs / 2);
}
