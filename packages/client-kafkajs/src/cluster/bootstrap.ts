import { KafkaConfigError, type KafkaError } from '@hearken/core';
import { deferred, type Deferred } from '@hearken/core/internal';
import { metadataApi, type MetadataResponse } from '@hearken/protocol';
import { isRetriable, KafkaConnectionError } from '../errors.js';
import type { ResolvedKafkaOptions } from '../kafka-options.js';
import { addressProblem, formatAddress, parseAddress, type Address } from '../net/address.js';
import { Connection } from '../net/connection.js';
import { backOffMs } from './back-off.js';
import { metadataRequest } from './metadata.js';
import type { Pauses } from './pauses.js';

/**
 * Finds out which brokers there are, from the addresses the user gave. Uses a connection of its own for the one question and
 * closes it, so that every other connection belongs to a node.
 */
export class Bootstrap {
  readonly #options: ResolvedKafkaOptions;
  readonly #pauses: Pauses;
  /** The search under way. */
  #search: Deferred<MetadataResponse> | undefined;
  #connection: Connection | undefined;

  constructor(options: ResolvedKafkaOptions, pauses: Pauses) {
    this.#options = options;
    this.#pauses = pauses;
  }

  /**
   * The brokers, told by the first address that answers. Calls at the same time share one search, which takes at most
   * `bootstrapTimeoutMs`.
   * @throws KafkaConnectionError `CONNECTION_FAILED` with what each address said; AuthenticationError and `TLS_FAILED` at once
   */
  find(): Promise<MetadataResponse> {
    return (this.#search ?? this.#begin()).promise;
  }

  /** Rejects a search under way. */
  close(reason: KafkaError): void {
    this.#search?.reject(reason);
    this.#search = undefined;
    this.#connection?.close(reason);
  }

  /** Bounded from outside: a broker that accepts and says nothing, or a `brokers` function that never settles, ends too. */
  #begin(): Deferred<MetadataResponse> {
    const { clock, bootstrapTimeoutMs } = this.#options;
    const search = deferred<MetadataResponse>();
    const failures = new Map<string, KafkaError>();
    const timer = clock.setTimer(() => this.close(noBroker(failures, bootstrapTimeoutMs)), bootstrapTimeoutMs);
    const end = (): void => {
      timer.clear();
      if (this.#search === search) this.#search = undefined;
    };
    search.promise.then(end, end);
    this.#search = search;
    this.#tryAll(search, failures).then(search.resolve, search.reject);
    return search;
  }

  /** Round after round over all addresses, until one answers or the search is over. */
  async #tryAll(search: Deferred<MetadataResponse>, failures: Map<string, KafkaError>): Promise<MetadataResponse> {
    for (let round = 1; ; round++) {
      for (const [text, address] of await this.#addresses()) {
        try {
          return await this.#ask(address);
        } catch (error) {
          if (!isRetriable(error) || this.#search !== search) throw error;
          failures.set(text, error);
        }
      }
      await this.#pauses.pause(backOffMs(round, Math.random()));
      if (this.#search !== search) throw noBroker(failures, this.#options.bootstrapTimeoutMs);
    }
  }

  async #ask(address: Address): Promise<MetadataResponse> {
    const connection = new Connection(address, this.#options);
    this.#connection = connection;
    try {
      await connection.open();
      // Empty topics ask for the brokers alone (from version 1 on).
      const response = await connection.send(metadataApi, metadataRequest([], false), { minVersion: 1 });
      if (response.brokers.length > 0) return response;
      const message = `${formatAddress(address)} knows no brokers yet: it is starting, or has no cluster`;
      throw new KafkaConnectionError(message, { code: 'CONNECTION_FAILED' });
    } finally {
      connection.close(new KafkaConnectionError('the brokers are known', { code: 'CLIENT_CLOSED' }));
    }
  }

  async #addresses(): Promise<[text: string, address: Address][]> {
    const { brokers } = this.#options;
    const list = typeof brokers === 'function' ? await brokers() : brokers;
    return list.map((text) => [text, parseAddress(text) ?? notAnAddress(text)]);
  }
}

function notAnAddress(text: unknown): never {
  throw new KafkaConfigError('what the brokers function returned', [
    { path: 'kafka.brokers', message: String(addressProblem(text)) },
  ]);
}

function noBroker(failures: ReadonlyMap<string, KafkaError>, timeoutMs: number): KafkaConnectionError {
  const said = [...failures.values()];
  const details = said.length === 0 ? 'no address answered' : said.map(({ message }) => message).join('; ');
  return new KafkaConnectionError(`no broker could be reached within ${timeoutMs} ms: ${details}`, {
    code: 'CONNECTION_FAILED',
    cause: said.at(-1),
  });
}
