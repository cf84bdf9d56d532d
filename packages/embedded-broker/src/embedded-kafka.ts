import { Headers, type Clock, type ConsumerRecord } from '@hearken/core';
import type { ApiName } from './faults/apis.js';
import { Faults } from './faults/faults.js';
import type { RecordedRequest } from './faults/recorded-request.js';
import { RequestLog, type AwaitRequestOptions } from './faults/request-log.js';
import type { RequestMatch } from './faults/request-match.js';
import type { GroupDescription } from './groups/group-description.js';
import type { BrokerHost, StoredRecord } from './host.js';
import { InlineHost } from './inline-host.js';
import { resolveOptions, resolveTopicOptions, type EmbeddedKafkaOptions, type TopicOption } from './options.js';
import { WorkerHost } from './worker/worker-host.js';

/**
 * A Kafka in your own process, for tests and quick starts: brokers on 127.0.0.1 that speak Kafka's protocol. Nothing is
 * written to disk.
 *
 * ```ts
 * await using kafka = await EmbeddedKafka.start({ topics: ['orders:3'] });
 * const template = new KafkaTemplate(new DefaultKafkaProducerFactory({ brokers: kafka.brokers }));
 * ```
 */
export class EmbeddedKafka implements AsyncDisposable {
  /** Makes the brokers misbehave: rules for requests, and what can befall brokers, groups and logs. */
  readonly faults: Faults;
  readonly #host: BrokerHost;
  readonly #requests: RequestLog;

  private constructor(host: BrokerHost, clock: Clock) {
    this.#host = host;
    this.#requests = new RequestLog({ clock });
    this.faults = new Faults(host, this.#requests);
    host.onEvent((event) => this.#requests.take(event));
  }

  /**
   * Resolves when all brokers listen and the topics are there.
   * @throws KafkaConfigError `INVALID_CONFIG` for options that are unusable
   * @throws EmbeddedKafkaError `PORT_IN_USE`, `LISTEN_FAILED`; `REFUSED` for a topic that cannot be made
   */
  static async start(options: EmbeddedKafkaOptions = {}): Promise<EmbeddedKafka> {
    const resolved = resolveOptions(options);
    const host = await (resolved.mode === 'worker' ? WorkerHost.start(resolved) : InlineHost.start(resolved));
    return new EmbeddedKafka(host, resolved.clock);
  }

  /** `'127.0.0.1:port'` of each broker: what clients take as their list of brokers. */
  get brokers(): string[] {
    return this.#host.addresses.map(({ host, port }) => `${host}:${port}`);
  }

  /**
   * Makes topics. They are gone after a reset, unlike those of the options.
   * @throws KafkaConfigError `INVALID_CONFIG`; EmbeddedKafkaError `REFUSED` if there is one of that name
   */
  async addTopics(...topics: readonly TopicOption[]): Promise<void> {
    await this.#host.addTopics(resolveTopicOptions(topics));
  }

  /**
   * What is in a topic now, by partition and offset, as a consumer would get it that reads committed records only.
   * @throws EmbeddedKafkaError `UNKNOWN_TOPIC`
   */
  async records(topic: string): Promise<ConsumerRecord[]> {
    const records = await this.#host.records(topic);
    return records.map(consumerRecord);
  }

  /** The groups that there are, with their members. */
  groups(): Promise<GroupDescription[]> {
    return this.#host.groups();
  }

  /**
   * The last requests that the brokers got, oldest first: 1 000 of them, or fewer if they are about more than 100 000
   * partitions together.
   */
  get requests(): readonly RecordedRequest[] {
    return this.#requests.all();
  }

  /**
   * Resolves when a broker gets a request that is meant, from now on and before it is handled.
   * @param match conditions as those of a rule, or a function
   * @throws KafkaConfigError for conditions that cannot be; EmbeddedKafkaError `REQUEST_NOT_SEEN` after
   *   `options.timeoutMs` (10 000), with what came instead; `STOPPED`, `WORKER_FAILED`
   */
  awaitRequest<Name extends ApiName = ApiName>(
    match: (RequestMatch & { readonly api?: Name | undefined }) | ((request: RecordedRequest) => boolean),
    options?: AwaitRequestOptions,
  ): Promise<RecordedRequest<Name>> {
    return this.#requests.awaitRequest(match, options);
  }

  /**
   * Makes everything as it was after {@link start}, ports included: connections close, records, groups, faults and topics
   * go, and the topics of the options are made anew. For between two tests.
   */
  async reset(): Promise<void> {
    await this.#host.reset();
    this.#requests.clear();
  }

  /** Resolves when ports are free and nothing is left that would keep the process alive. Idempotent. */
  async stop(): Promise<void> {
    await this.#host.stop();
    this.#requests.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

const consumerRecord = ({ key, value, headers, ...record }: StoredRecord): ConsumerRecord => ({
  ...record,
  key: asBuffer(key),
  value: asBuffer(value),
  headers: Headers.from(headers.map(([name, value]) => [name, asBuffer(value)] as const)),
});

/** What was sent between threads comes as plain bytes. */
const asBuffer = (bytes: Uint8Array | null): Buffer | null =>
  bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
