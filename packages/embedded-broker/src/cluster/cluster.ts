import type { Clock } from '@hearken/core';
import { BrokerError } from '../broker-error.js';
import type { BrokerConfig, ConfigTexts } from '../config/broker-config.js';
import { TopicConfig } from '../config/topic-config.js';
import { GroupCoordinator } from '../groups/group-coordinator.js';
import { PartitionLog } from '../log/partition-log.js';
import type { ProducerIds } from '../transactions/producer-ids.js';
import { TransactionCoordinator } from '../transactions/transaction-coordinator.js';
import { BrokerNode } from './broker-node.js';
import { Coordinators, type CoordinatorType } from './coordinators.js';
import { Partition } from './partition.js';
import { placeReplicas, type PartitionSpec } from './replica-placement.js';
import { metricName, topicNameProblem } from './topic-name.js';
import { Topic } from './topic.js';

export interface ClusterOptions {
  /** How many; their ids count from 1. All are down at first. */
  readonly brokers: number;
  readonly clusterId: string;
  readonly clock: Clock;
  readonly config: BrokerConfig;
  readonly producerIds: ProducerIds;
}

/** A topic to be made. */
export interface TopicSpec extends Partial<PartitionSpec> {
  readonly configs?: ConfigTexts;
}

/**
 * Everything that the brokers know, once for all of them: they live in one thread, so nothing is copied and nothing is
 * locked. It has no sockets, and does not know which broker was asked: handlers do.
 */
export class Cluster {
  readonly clusterId: string;
  readonly clock: Clock;
  readonly config: BrokerConfig;
  readonly brokers: ReadonlyMap<number, BrokerNode>;
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
  readonly #topics = new Map<string, Topic>();
  readonly #topicsById = new Map<string, Topic>();
  readonly #namesByMetric = new Map<string, string>();
  readonly #coordinators: Coordinators;

  constructor({ brokers, clusterId, clock, config, producerIds }: ClusterOptions) {
    this.clusterId = clusterId;
    this.clock = clock;
    this.config = config;
    const nodeIds = Array.from({ length: brokers }, (_, i) => i + 1);
    this.brokers = new Map(nodeIds.map((nodeId) => [nodeId, new BrokerNode(nodeId)]));
    this.#coordinators = new Coordinators(nodeIds, this.#isLive);
    this.groups = new GroupCoordinator({
      clock,
      config: () => this.config.groups,
      partitionExists: (topic, partition) => this.partition(topic, partition) !== undefined,
    });
    this.transactions = new TransactionCoordinator({
      clock,
      producerIds,
      partition: ({ topic, partition }) => this.partition(topic, partition),
      groups: this.groups,
      config: () => this.config.transactions,
    });
  }

  /** Those that clients are told of. */
  get liveBrokers(): readonly BrokerNode[] {
    return [...this.brokers.values()].filter(({ isLive }) => isLive);
  }

  /** The first live broker; -1 without any. */
  get controllerId(): number {
    return this.liveBrokers[0]?.nodeId ?? -1;
  }

  /** @param port where it listens */
  brokerUp(nodeId: number, port: number): void {
    this.#handingOver(() => this.brokers.get(nodeId)?.up(port));
    this.#elect();
  }

  brokerDown(nodeId: number): void {
    this.#handingOver(() => this.brokers.get(nodeId)?.down());
    this.#elect();
  }

  topic(name: string): Topic | undefined {
    return this.#topics.get(name);
  }

  topicById(id: string): Topic | undefined {
    return this.#topicsById.get(id);
  }

  topics(): Iterable<Topic> {
    return this.#topics.values();
  }

  partition(topic: string, index: number): Partition | undefined {
    return this.#topics.get(topic)?.partitions[index];
  }

  /**
   * @param options.validateOnly makes nothing: the topic returned is none of the cluster's
   * @throws BrokerError `INVALID_TOPIC_EXCEPTION`, `TOPIC_ALREADY_EXISTS`, `INVALID_PARTITIONS`,
   * `INVALID_REPLICATION_FACTOR`, `INVALID_REPLICA_ASSIGNMENT`, `INVALID_CONFIG`
   */
  createTopic(name: string, { configs = {}, ...spec }: TopicSpec = {}, { validateOnly = false } = {}): Topic {
    this.#checkNewName(name);
    const topic = new Topic(name, new TopicConfig(this.config, configs));
    const { partitions, replicationFactor } = this.config;
    topic.partitions.push(...this.#newPartitions(topic, { partitions, replicationFactor, ...spec }));
    if (validateOnly) return topic;
    this.#topics.set(name, topic);
    this.#topicsById.set(topic.id, topic);
    this.#namesByMetric.set(metricName(name), name);
    return topic;
  }

  /** Makes a topic that somebody asked for; undefined where that makes none, or none may have this name. */
  autoCreate(name: string): Topic | undefined {
    if (!this.config.autoCreateTopics || topicNameProblem(name) !== undefined) return undefined;
    return this.#namesByMetric.has(metricName(name)) ? undefined : this.createTopic(name);
  }

  /** Its records and committed offsets go with it. @throws BrokerError `UNKNOWN_TOPIC_OR_PARTITION` */
  deleteTopic(name: string): void {
    const topic = this.#requireTopic(name);
    this.#topics.delete(name);
    this.#topicsById.delete(topic.id);
    this.#namesByMetric.delete(metricName(name));
    this.groups.topicDeleted(name);
    for (const partition of topic.partitions) partition.tellChange();
  }

  /**
   * @param count how many there shall be, in all
   * @param options.assignments the replicas of those that come new
   * @throws BrokerError `UNKNOWN_TOPIC_OR_PARTITION`, `INVALID_PARTITIONS`, `INVALID_REPLICA_ASSIGNMENT`
   */
  createPartitions(
    name: string,
    count: number,
    { assignments, validateOnly = false }: { assignments?: PartitionSpec['assignments']; validateOnly?: boolean } = {},
  ): void {
    const topic = this.#requireTopic(name);
    const { partitions } = topic;
    if (count === partitions.length) {
      throw new BrokerError('INVALID_PARTITIONS', `Topic already has ${count} partition(s).`);
    }
    if (count < partitions.length) {
      const message = `The topic ${name} currently has ${partitions.length} partition(s); ${count} would not be an increase.`;
      throw new BrokerError('INVALID_PARTITIONS', message);
    }
    if (assignments !== undefined && assignments.length !== count - partitions.length) {
      const message = `Attempted to add ${count - partitions.length} additional partition(s), but only ${assignments.length} assignment(s) were specified.`;
      throw new BrokerError('INVALID_REPLICA_ASSIGNMENT', message);
    }
    const replicationFactor = partitions[0]?.replicas.length ?? 1;
    const added = this.#newPartitions(topic, { partitions: count - partitions.length, replicationFactor, assignments });
    if (!validateOnly) partitions.push(...added);
  }

  /** Makes a broker the leader of a partition. @throws BrokerError `UNKNOWN_TOPIC_OR_PARTITION`, `REPLICA_NOT_AVAILABLE` */
  moveLeader(topic: string, index: number, toNodeId: number): void {
    const partition = this.#requireTopic(topic).partitions[index];
    if (partition === undefined)
      throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', `${topic} has no partition ${index}`);
    if (!partition.isr.includes(toNodeId) || !this.#isLive(toNodeId)) {
      throw new BrokerError('REPLICA_NOT_AVAILABLE', `broker ${toNodeId} has no live replica of ${topic}-${index}`);
    }
    partition.lead(toNodeId);
  }

  /** @returns node id; -1 if no broker is live */
  coordinatorOf(type: CoordinatorType, key: string): number {
    return this.#coordinators.of(type, key);
  }

  moveCoordinator(type: CoordinatorType, key: string, toNodeId: number): void {
    this.#handingOver(() => this.#coordinators.move(type, key, toNodeId));
  }

  /** Groups that a change gives another coordinator go on from what was written down of them. */
  #handingOver(change: () => void): void {
    const before = Array.from(this.groups.groupIds, (id) => ({ id, coordinator: this.coordinatorOf('group', id) }));
    change();
    for (const { id, coordinator } of before) {
      if (this.coordinatorOf('group', id) !== coordinator) this.groups.coordinatorMoved(id);
    }
  }

  /** Clears all timers and lets go whatever waits. */
  close(): void {
    this.groups.close();
    this.transactions.close();
  }

  #newPartitions(topic: Topic, spec: PartitionSpec): Partition[] {
    const first = topic.partitions.length;
    const live = this.liveBrokers.map(({ nodeId }) => nodeId);
    const down = [...this.brokers.keys()].filter((nodeId) => !live.includes(nodeId));
    return placeReplicas({ live, down }, spec, first).map((replicas, i) => {
      const log = new PartitionLog({
        config: () => topic.config,
        clock: this.clock,
        producerExpirationMs: this.config.producerIdExpirationMs,
      });
      const partition = new Partition(topic.name, first + i, replicas, log);
      partition.elect(this.#isLive);
      return partition;
    });
  }

  #checkNewName(name: string): void {
    const problem = topicNameProblem(name);
    if (problem !== undefined) throw new BrokerError('INVALID_TOPIC_EXCEPTION', `Topic name is invalid: ${problem}`);
    if (this.#topics.has(name)) throw new BrokerError('TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`);
    const other = this.#namesByMetric.get(metricName(name));
    if (other !== undefined) {
      throw new BrokerError('INVALID_TOPIC_EXCEPTION', `Topic '${name}' collides with existing topic: ${other}`);
    }
  }

  #requireTopic(name: string): Topic {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic '${name}'`);
    return topic;
  }

  #elect(): void {
    for (const { partitions } of this.topics()) for (const partition of partitions) partition.elect(this.#isLive);
  }

  readonly #isLive = (nodeId: number): boolean => this.brokers.get(nodeId)?.isLive ?? false;
}
