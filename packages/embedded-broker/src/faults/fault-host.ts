import type { FaultSpec } from './fault-spec.js';
import type { BrokerEvent } from './recorded-request.js';

/** What has a coordinator: a group by its id, a transactional producer by its transactional id. */
export type CoordinatorType = 'group' | 'transaction';

/**
 * What {@link Faults} asks of the broker, wherever it runs: commands and answers are plain data, but for the function of a
 * `respond` rule. Every one may reject with an `EmbeddedKafkaError`.
 */
export interface FaultHost {
  /** From when it resolves on, the rule is in force. @returns its id */
  addRule(spec: FaultSpec): Promise<number>;
  removeRule(id: number): Promise<void>;
  clearRules(): Promise<void>;
  /** The listener is told of every request, in order. One listener, set once. */
  onEvent(listener: (event: BrokerEvent) => void): void;

  brokerDown(nodeId: number): Promise<void>;
  brokerUp(nodeId: number): Promise<void>;
  brokerPause(nodeId: number): Promise<void>;
  brokerResume(nodeId: number): Promise<void>;

  moveLeader(topic: string, partition: number, toNode: number): Promise<void>;
  moveCoordinator(type: CoordinatorType, key: string, toNode: number): Promise<void>;

  /** @param member its member id or its group instance id @returns whether there was such a member */
  evictMember(groupId: string, member: string): Promise<boolean>;
  forceRebalance(groupId: string): Promise<void>;

  truncateLog(topic: string, partition: number, offset: number): Promise<void>;
  setLogStart(topic: string, partition: number, offset: number): Promise<void>;
  corruptBatch(topic: string, partition: number, offset: number): Promise<void>;
}
