import { randomBytes } from 'node:crypto';
import { BrokerError } from './broker-error.js';
import { Cluster } from './cluster/cluster.js';
import type { CoordinatorType } from './cluster/coordinators.js';
import type { Partition } from './cluster/partition.js';
import { BrokerConfig } from './config/broker-config.js';
import { EmbeddedKafkaError } from './errors.js';
import { FaultRules } from './faults/fault-rules.js';
import type { FaultSpec } from './faults/fault-spec.js';
import type { BrokerEvent } from './faults/recorded-request.js';
import type { GroupDescription } from './groups/group-description.js';
import { createHandlers } from './handlers/index.js';
import type { BrokerAddress, BrokerHost, NewTopic, StoredRecord } from './host.js';
import { LISTEN_HOST, Listener } from './net/listener.js';
import type { ResolvedEmbeddedKafkaOptions } from './options.js';
import { ProducerIds } from './transactions/producer-ids.js';

/** The brokers in this thread: the listeners, and a cluster behind them. A reset puts a new cluster there. */
// Long because it is an interface whole; what it takes to answer is the cluster's.
export class InlineHost implements BrokerHost {
  readonly #options: ResolvedEmbeddedKafkaOptions;
  readonly #clusterId = randomBytes(16).toString('base64url');
  readonly #producerIds = new ProducerIds();
  readonly #eventListeners: ((event: BrokerEvent) => void)[] = [];
  readonly #faults: FaultRules;
  readonly #listeners: ReadonlyMap<number, Listener>;
  #cluster: Cluster;
  #handlers: ReturnType<typeof createHandlers>;
  #turn: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  private constructor(options: ResolvedEmbeddedKafkaOptions) {
    this.#options = options;
    this.#faults = new FaultRules({
      clock: options.clock,
      topicName: (id) => this.#cluster.topicById(id)?.name,
      onEvent: (event) => {
        for (const listener of this.#eventListeners) listener(event);
      },
    });
    this.#cluster = this.#newCluster();
    this.#handlers = createHandlers(this.#cluster);
    this.#listeners = new Map([...this.#cluster.brokers.keys()].map((nodeId) => [nodeId, this.#newListener(nodeId)]));
  }

  /** @throws EmbeddedKafkaError `PORT_IN_USE`, `LISTEN_FAILED`, `REFUSED` */
  static async start(options: ResolvedEmbeddedKafkaOptions): Promise<InlineHost> {
    const host = new InlineHost(options);
    try {
      await host.#begin();
      return host;
    } catch (error) {
      await host.stop();
      throw error;
    }
  }

  get addresses(): readonly BrokerAddress[] {
    return [...this.#listeners].map(([nodeId, { port }]) => ({ nodeId, host: LISTEN_HOST, port }));
  }

  addTopics(topics: readonly NewTopic[]): Promise<void> {
    return this.#asked(() => {
      for (const { topic, ...spec } of topics) this.#cluster.createTopic(topic, spec);
    });
  }

  async records(topic: string): Promise<StoredRecord[]> {
    this.#requireRunning();
    const known = this.#cluster.topic(topic);
    if (known === undefined) throw new EmbeddedKafkaError(`there is no topic '${topic}'`, { code: 'UNKNOWN_TOPIC' });
    const perPartition = await Promise.all(known.partitions.map(readRecords));
    return perPartition.flat();
  }

  groups(): Promise<GroupDescription[]> {
    return this.#asked(() => [...this.#cluster.groups.list()]);
  }

  addRule(rule: FaultSpec): Promise<number> {
    return this.#asked(() => this.#faults.add(rule));
  }

  removeRule(id: number): Promise<void> {
    return this.#asked(() => this.#faults.remove(id));
  }

  clearRules(): Promise<void> {
    return this.#asked(() => this.#faults.clear());
  }

  onEvent(listener: (event: BrokerEvent) => void): void {
    this.#eventListeners.push(listener);
  }

  brokerDown(nodeId: number): Promise<void> {
    return this.#inTurn(async () => {
      this.#requireRunning();
      const listener = this.#listener(nodeId);
      this.#cluster.brokerDown(nodeId);
      await listener.close();
    });
  }

  brokerUp(nodeId: number): Promise<void> {
    return this.#inTurn(async () => {
      this.#requireRunning();
      await this.#bringUp(nodeId, this.#listener(nodeId));
    });
  }

  brokerPause(nodeId: number): Promise<void> {
    return this.#asked(() => this.#listener(nodeId).pause());
  }

  brokerResume(nodeId: number): Promise<void> {
    return this.#asked(() => this.#listener(nodeId).resume());
  }

  moveLeader(topic: string, partition: number, toNodeId: number): Promise<void> {
    return this.#asked(() => this.#cluster.moveLeader(topic, partition, toNodeId));
  }

  moveCoordinator(type: CoordinatorType, key: string, toNodeId: number): Promise<void> {
    return this.#asked(() => {
      this.#listener(toNodeId);
      this.#cluster.moveCoordinator(type, key, toNodeId);
    });
  }

  evictMember(groupId: string, memberOrInstanceId: string): Promise<boolean> {
    return this.#asked(() => this.#cluster.groups.evict(groupId, memberOrInstanceId));
  }

  forceRebalance(groupId: string): Promise<boolean> {
    return this.#asked(() => this.#cluster.groups.forceRebalance(groupId));
  }

  truncateLog(topic: string, partition: number, offset: number): Promise<void> {
    return this.#asked(() => {
      const truncated = this.#partition(topic, partition);
      truncated.log.truncateTo(offset);
      truncated.lead(truncated.leaderId); // in a new epoch: by that consumers see that the log went another way
    });
  }

  setLogStart(topic: string, partition: number, offset: number): Promise<void> {
    return this.#asked(() => this.#partition(topic, partition).log.setLogStart(offset));
  }

  corruptBatch(topic: string, partition: number, offset: number): Promise<void> {
    return this.#asked(() => this.#partition(topic, partition).log.corruptBatch(offset));
  }

  reset(): Promise<void> {
    return this.#inTurn(async () => {
      this.#requireRunning();
      this.#faults.reset();
      this.#cluster.close();
      for (const listener of this.#listeners.values()) listener.reset();
      this.#cluster = this.#newCluster();
      this.#handlers = createHandlers(this.#cluster);
      await this.#begin();
    });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#inTurn(() => this.#stop());
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#faults.reset();
    this.#cluster.close();
    await Promise.all([...this.#listeners.values()].map((listener) => listener.close()));
  }

  async #begin(): Promise<void> {
    for (const [nodeId, listener] of this.#listeners) await this.#bringUp(nodeId, listener);
    await this.addTopics(this.#options.topics);
  }

  async #bringUp(nodeId: number, listener: Listener): Promise<void> {
    await listener.open();
    this.#cluster.brokerUp(nodeId, listener.port);
  }

  /** What opens and closes ports goes one by one: a port is free for `up` only when `down` is over. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(change, change);
    return this.#turn;
  }

  #newCluster(): Cluster {
    const { brokers, partitions, autoCreate, config, clock } = this.#options;
    return new Cluster({
      brokers,
      clusterId: this.#clusterId,
      clock,
      config: new BrokerConfig({
        'num.partitions': String(partitions),
        'default.replication.factor': String(brokers),
        'auto.create.topics.enable': String(autoCreate),
        ...config,
      }),
      producerIds: this.#producerIds,
    });
  }

  #newListener(nodeId: number): Listener {
    const { port, clock, logger } = this.#options;
    return new Listener(port === 0 ? 0 : port + nodeId - 1, () => ({
      nodeId,
      handlers: this.#handlers,
      faults: this.#faults,
      clock,
      logger,
    }));
  }

  #requireRunning(): void {
    if (this.#stopping !== undefined)
      throw new EmbeddedKafkaError('the embedded Kafka was stopped', { code: 'STOPPED' });
  }

  #listener(nodeId: number): Listener {
    const listener = this.#listeners.get(nodeId);
    if (listener !== undefined) return listener;
    throw new EmbeddedKafkaError(`there is no broker ${nodeId}`, { code: 'UNKNOWN_BROKER' });
  }

  #partition(topic: string, index: number): Partition {
    const partition = this.#cluster.partition(topic, index);
    if (partition !== undefined) return partition;
    throw new EmbeddedKafkaError(`there is no partition ${index} of '${topic}'`, { code: 'UNKNOWN_TOPIC' });
  }

  /** The brokers' refusals, in words of their own, are this API's. */
  #asked<T>(action: () => T): Promise<T> {
    return new Promise<T>((resolve) => {
      this.#requireRunning();
      resolve(action());
    }).catch((cause: unknown) => {
      if (!(cause instanceof BrokerError)) throw cause;
      throw new EmbeddedKafkaError(`${cause.errorName}: ${cause.message}`, { code: 'REFUSED', cause });
    });
  }
}

async function readRecords({ topic, index, log }: Partition): Promise<StoredRecord[]> {
  const records = await log.records();
  return records
    .filter(({ transaction }) => transaction === 'none' || transaction === 'committed')
    .map((record) => ({ topic, partition: index, ...record }));
}
