import kafkajs from 'kafkajs';
import {
  DefaultKafkaConsumerFactory,
  KafkaAdmin,
  type Consumer,
  type ConsumerOptions,
  type KafkaOptions,
  type NewTopic,
} from 'hearken';
import {
  apiVersionsApi,
  errorCodes,
  errorName,
  findCoordinatorApi,
  listOffsetsApi,
  negotiate,
  offsetFetchApi,
  type Api,
  type VersionRange,
} from '@hearken/protocol';
import { uniqueName } from '../support/kafka.js';
import { RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

/** A Kafka that runs, and how to be rid of it. */
export interface RunningBroker {
  readonly brokers: readonly string[];
  stop(): Promise<void>;
}

/** What the cases do with a broker. They share it: each has topics, groups and ids of its own. */
export class ContractBroker {
  readonly #start: () => Promise<RunningBroker>;
  readonly #opened: AsyncDisposable[] = [];
  #versions: ReadonlyMap<number, VersionRange> = new Map<number, VersionRange>();
  #running: RunningBroker | undefined;
  #admin: KafkaAdmin | undefined;
  #wire: Promise<RawConnection> | undefined;

  constructor(start: () => Promise<RunningBroker>) {
    this.#start = start;
  }

  /** Bootstrap servers. */
  get brokers(): string[] {
    if (this.#running === undefined) throw new Error('the broker does not run: ask inside a case');
    return [...this.#running.brokers];
  }

  get kafka(): KafkaOptions {
    return { brokers: this.brokers, clientId: 'contract' };
  }

  get admin(): KafkaAdmin {
    return (this.#admin ??= new KafkaAdmin(this.kafka));
  }

  /** The case's connection for requests that are answered at once. */
  get wire(): Promise<RawConnection> {
    return (this.#wire ??= this.connect());
  }

  async start(): Promise<void> {
    this.#running = await this.#start();
    const nobody = { clientSoftwareName: '', clientSoftwareVersion: '' };
    const { apiKeys } = await (await this.wire).ask(apiVersionsApi, 0, nobody);
    this.#versions = new Map(apiKeys.map(({ apiKey, ...range }) => [apiKey, range]));
    await this.#coordinatorsServe();
    await this.release();
  }

  /** What still asks for something is refused from now on. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await this.release();
    await this.#admin?.close();
    await running?.stop();
  }

  /** The highest version of an API that we and the broker speak. */
  version({ key, name, ...ours }: Api<unknown, unknown>): number {
    const version = negotiate(ours, this.#versions.get(key));
    if (version === undefined) throw new Error(`the broker offers no version of ${name} that we speak`);
    return version;
  }

  /** All versions of an API that we and the broker speak. */
  versionsOf(api: Api<unknown, unknown>): number[] {
    const first = Math.max(api.minVersion, this.#versions.get(api.key)?.minVersion ?? 0);
    return Array.from({ length: this.version(api) - first + 1 }, (_, i) => first + i);
  }

  /** Asks on {@link wire}, in {@link version} unless another is given. */
  async ask<Request, Response>(
    api: Api<Request, Response>,
    request: NoInfer<Request>,
    version = this.version(api),
  ): Promise<Response> {
    return (await this.wire).ask(api, version, request);
  }

  /** A connection of the case's own, closed when the case is over. */
  async connect(clientId?: string | null): Promise<RawConnection> {
    return this.during(await RawConnection.open(this.brokers[0]!, clientId));
  }

  #kafkajs(): kafkajs.Kafka {
    return new kafkajs.Kafka({ brokers: this.brokers, clientId: 'kafkajs', logLevel: kafkajs.logLevel.NOTHING });
  }

  kafkajsAdmin(): Promise<kafkajs.Admin> {
    return this.#connected(this.#kafkajs().admin());
  }

  kafkajsProducer(config?: kafkajs.ProducerConfig): Promise<kafkajs.Producer> {
    return this.#connected(this.#kafkajs().producer(config));
  }

  /** Hears of a rebalance at once, where kafkajs' own is up to 5 s late. */
  kafkajsConsumer(config: kafkajs.ConsumerConfig): Promise<kafkajs.Consumer> {
    return this.#connected(this.#kafkajs().consumer({ maxWaitTimeInMs: 100, heartbeatInterval: 100, ...config }));
  }

  /** A consumer of ours. */
  consumer(options: ConsumerOptions = {}): Consumer {
    const consumer = new DefaultKafkaConsumerFactory(this.kafka, options).createConsumer();
    this.during({ [Symbol.asyncDispose]: () => consumer.close() });
    return consumer;
  }

  /** Makes a topic; its leaders lead when this resolves. */
  async topic(partitions = 1, config: NewTopic['config'] = {}): Promise<string> {
    const topic = uniqueName('contract');
    await this.admin.createTopics([{ topic, partitions, config }]);
    // Kafka names a leader some milliseconds before that broker knows of it.
    await until('the leaders know that they are', () => this.#leads(topic, partitions));
    return topic;
  }

  /** Lets go of it when the case is over, last come first. */
  during<T extends AsyncDisposable>(opened: T): T {
    this.#opened.push(opened);
    return opened;
  }

  async release(): Promise<void> {
    this.#wire = undefined;
    for (const opened of this.#opened.splice(0).reverse()) await opened[Symbol.asyncDispose]();
  }

  async #leads(topic: string, count: number): Promise<boolean> {
    const partitions = Array.from({ length: count }, (_, i) => ({
      partitionIndex: i,
      currentLeaderEpoch: -1,
      timestamp: -1,
    }));
    const request = { replicaId: -1, isolationLevel: 0, topics: [{ name: topic, partitions }] };
    const { topics } = await this.ask(listOffsetsApi, request);
    return topics.every((answer) => answer.partitions.every(({ errorCode }) => errorCode === 0));
  }

  /** For one case. */
  async #connected<T extends { connect(): Promise<void>; disconnect(): Promise<void> }>(client: T): Promise<T> {
    this.during({ [Symbol.asyncDispose]: () => client.disconnect() });
    await client.connect();
    return client;
  }

  /** Kafka makes the topics of its coordinators when they are asked for first, and loads each of their partitions then. */
  async #coordinatorsServe(): Promise<void> {
    for (const keyType of [0, 1]) {
      await until('there is a coordinator', async () => {
        const { errorCode } = await this.ask(findCoordinatorApi, { key: 'any', keyType });
        return errorCode === 0;
      });
    }
    const groupIds = Array.from({ length: 64 }, (_, i) => `warm-${i}`); // some for every partition
    await until('groups are loaded', async () => {
      const answers = await Promise.all(
        groupIds.map((groupId) => this.ask(offsetFetchApi, { groupId, topics: [], requireStable: false })),
      );
      return answers.every(({ errorCode }) => errorCode === 0);
    });
  }
}

/** Kafka's name of the error, `'NONE'` without: what an assertion compares, so that its failure can be read. */
export const nameOf = ({ errorCode }: { readonly errorCode: number }): string =>
  errorCode === errorCodes.NONE ? 'NONE' : errorName(errorCode);
