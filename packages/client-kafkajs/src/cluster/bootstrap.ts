import { KafkaConfigError, type KafkaError } from '@hearken/core';
import { deferred, describe, type Deferred } from '@hearken/core/internal';
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
      const addresses = await this.#addresses();
      for (const [text, address] of addresses) {
        if (!failures.has(text)) failures.set(text, silent(text)); // until it says something
        try {
          return await this.#ask(address, this.#options.bootstrapTimeoutMs / addresses.length);
        } catch (error) {
          if (!isRetriable(error) || this.#search !== search) throw error;
          failures.set(text, error);
        }
      }
      await this.#pauses.pause(backOffMs(round, Math.random()));
      if (this.#search !== search) throw noBroker(failures, this.#options.bootstrapTimeoutMs);
    }
  }

  /** @param shareMs so that one address that says nothing leaves time for the others */
  async #ask(address: Address, shareMs: number): Promise<MetadataResponse> {
    const requestTimeoutMs = Math.min(this.#options.requestTimeoutMs, Math.ceil(shareMs));
    const connection = new Connection(address, { ...this.#options, requestTimeoutMs });
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
    const list = typeof brokers === 'function' ? await told(brokers) : brokers;
    return list.map((text) => [text, parseAddress(text) ?? unusable(String(addressProblem(text)))]);
  }
}

/** What the user's function says. */
async function told(brokers: () => readonly string[] | Promise<readonly string[]>): Promise<readonly string[]> {
  let list: unknown;
  try {
    list = await brokers();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KafkaConnectionError(`the brokers function failed: ${why}`, { code: 'CONNECTION_FAILED', cause });
  }
  if (Array.isArray(list) && list.length > 0) return list as string[];
  return unusable(`must be an array with at least one 'host:port', got ${describe(list)}`);
}

function unusable(message: string): never {
  throw new KafkaConfigError('what the brokers function returned', [{ path: 'kafka.brokers', message }]);
}

const silent = (text: string): KafkaConnectionError =>
  new KafkaConnectionError(`${text}: it did not answer: is it a Kafka broker, and not overloaded?`, {
    code: 'CONNECTION_FAILED',
  });

function noBroker(failures: ReadonlyMap<string, KafkaError>, timeoutMs: number): KafkaConnectionError {
  const said = [...failures.values()];
  const details = said.length === 0 ? 'no address answered' : said.map(({ message }) => message).join('; ');
  return new KafkaConnectionError(`no broker could be reached within ${timeoutMs} ms: ${details}`, {
    code: 'CONNECTION_FAILED',
    cause: said.at(-1),
  });
}
