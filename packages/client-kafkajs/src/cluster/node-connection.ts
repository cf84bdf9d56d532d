import { codeOf, type KafkaError } from '@hearken/core';
import { KafkaConnectionError } from '../errors.js';
import type { ResolvedKafkaOptions } from '../kafka-options.js';
import type { Address } from '../net/address.js';
import { Connection } from '../net/connection.js';
import { backOffMs } from './back-off.js';
import type { Pauses } from './pauses.js';

/**
 * The place of one connection, for one node and role: makes it on first use and anew after it closed, one at a time however
 * many ask, and after a growing pause if the last ones came to nothing.
 */
export class NodeConnection {
  readonly address: Address;
  readonly #options: ResolvedKafkaOptions;
  readonly #pauses: Pauses;
  /** The connection, settled or not; undefined before the first and after one closed. */
  #current: Promise<Connection> | undefined;
  #connection: Connection | undefined;
  /** Connections in a row that closed before they answered anything. */
  #failures = 0;
  #retryAt = 0;
  #wasOpen = false;
  #closedBy: KafkaError | undefined;

  constructor(address: Address, options: ResolvedKafkaOptions, pauses: Pauses) {
    this.address = address;
    this.#options = options;
    this.#pauses = pauses;
  }

  /**
   * The open connection. While it lives everyone gets the same promise, settled or not, so that requests go out in the
   * order in which they were asked for.
   * @throws KafkaConnectionError, AuthenticationError
   */
  get(): Promise<Connection> {
    return (this.#current ??= this.#connect());
  }

  /** For good. */
  close(reason: KafkaError): void {
    this.#closedBy ??= reason;
    this.#connection?.close(reason);
  }

  async #connect(): Promise<Connection> {
    const waitMs = this.#retryAt - this.#options.clock.monotonic();
    if (waitMs > 0) await this.#pauses.pause(waitMs);
    if (this.#closedBy !== undefined) throw this.#closedBy;
    const connection = new Connection(this.address, this.#options, (reason) => this.#onClose(connection, reason));
    this.#connection = connection;
    try {
      await connection.open();
    } catch (error) {
      throw this.#wasOpen ? error : advertised(error);
    }
    this.#wasOpen = true;
    return connection;
  }

  #onClose({ isProven }: Connection, reason: KafkaError): void {
    const { logger, clock } = this.#options;
    logger.debug({ ...this.address, reason }, 'connection closed');
    this.#failures = isProven ? 0 : this.#failures + 1;
    this.#retryAt = isProven ? 0 : clock.monotonic() + backOffMs(this.#failures, Math.random());
    this.#current = undefined;
  }
}

/** An address nobody could ever connect to is often one that only makes sense inside the brokers' own network. */
function advertised(error: unknown): unknown {
  if (codeOf(error) !== 'CONNECTION_FAILED') return error;
  const message = `${(error as KafkaError).message} (the brokers gave this address: see their advertised.listeners)`;
  return new KafkaConnectionError(message, { code: 'CONNECTION_FAILED', cause: error });
}
