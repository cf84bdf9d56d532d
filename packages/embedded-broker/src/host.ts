import type { CoordinatorType } from './cluster/coordinators.js';
import type { FaultSpec } from './faults/fault-spec.js';
import type { BrokerEvent } from './faults/recorded-request.js';
import type { GroupDescription } from './groups/group-description.js';

/** Where a broker listens. */
export interface BrokerAddress {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

/** A topic to be made. */
export interface NewTopic {
  readonly topic: string;
  /** @default the broker's `num.partitions` */
  readonly partitions?: number;
  /** Kafka's names and values for topic configs. */
  readonly configs?: Readonly<Record<string, string>>;
}

/** A record as it lies in a log. */
export interface StoredRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly timestampType: 'create-time' | 'log-append-time';
  readonly leaderEpoch: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly (readonly [key: string, value: Uint8Array | null])[];
}

/**
 * Where the brokers run: in this thread, or in one of their own. So arguments and results are plain data that can be cloned,
 * and everything that asks the brokers is asynchronous. What is refused rejects with an EmbeddedKafkaError.
 */
export interface BrokerHost {
  /** By node id. */
  readonly addresses: readonly BrokerAddress[];
  addTopics(topics: readonly NewTopic[]): Promise<void>;
  /** By partition, then offset; without those of transactions that are open or were aborted. */
  records(topic: string): Promise<StoredRecord[]>;
  groups(): Promise<GroupDescription[]>;

  /** @returns its id */
  addRule(rule: FaultSpec): Promise<number>;
  removeRule(id: number): Promise<void>;
  clearRules(): Promise<void>;
  /** Told of each request, when it comes and when it is over. */
  onEvent(listener: (event: BrokerEvent) => void): void;

  /** Its port and connections close; partitions that it led go to their next live replica. Fine if it is down. */
  brokerDown(nodeId: number): Promise<void>;
  /** On the same port as before. Fine if it is up. */
  brokerUp(nodeId: number): Promise<void>;
  /** It goes on accepting connections and requests, and answers none until it resumes. */
  brokerPause(nodeId: number): Promise<void>;
  brokerResume(nodeId: number): Promise<void>;
  moveLeader(topic: string, partition: number, toNodeId: number): Promise<void>;
  moveCoordinator(type: CoordinatorType, key: string, toNodeId: number): Promise<void>;
  /** @returns whether the group has such a member */
  evictMember(groupId: string, memberOrInstanceId: string): Promise<boolean>;
  forceRebalance(groupId: string): Promise<boolean>;
  truncateLog(topic: string, partition: number, offset: number): Promise<void>;
  setLogStart(topic: string, partition: number, offset: number): Promise<void>;
  corruptBatch(topic: string, partition: number, offset: number): Promise<void>;

  /** As just started, on the same ports: connections close, topics, groups and rules go, the first topics are made anew. */
  reset(): Promise<void>;
  /** Ports are free and nothing is left when it resolves. Idempotent. */
  stop(): Promise<void>;
}
