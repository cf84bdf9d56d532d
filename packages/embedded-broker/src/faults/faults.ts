import { integer } from '@hearken/core/internal';
import type { BrokerHost } from '../host.js';
import type { ApiName } from './apis.js';
import { checked } from './checked.js';
import type { FaultMatch } from './fault-match.js';
import { FaultRuleBuilder } from './fault-rule-builder.js';
import { FaultRule } from './fault-rule.js';
import type { RequestLog } from './request-log.js';

/** What can be done to one broker of the cluster. */
export interface BrokerFaults {
  /** Stops it: its connections close, its partitions and groups get another broker, as far as there is one. */
  down(): Promise<void>;
  /** Starts it again, at the same port. */
  up(): Promise<void>;
  /** It takes connections and requests, and answers nothing, as a process that is stopped or far away. */
  pause(): Promise<void>;
  /** It goes on with what came meanwhile. */
  resume(): Promise<void>;
}

/** What can be done to one consumer group. */
export interface GroupFaults {
  /**
   * Takes a member out of the group, as if its session had timed out.
   * @param member its member id, or its group instance id @returns whether there was such a member
   */
  evict(member: string): Promise<boolean>;
  /** Has all its members join anew. @returns whether there is such a group */
  forceRebalance(): Promise<boolean>;
  /** Makes another broker its coordinator. */
  moveCoordinator(toNode: number): Promise<void>;
}

/** What can be done to one partition and its log. An offset that cannot be one is a KafkaConfigError. */
export interface PartitionFaults {
  /** Makes another broker its leader, in a new leader epoch. */
  moveLeader(toNode: number): Promise<void>;
  /** Loses the records from this offset on, as an unclean leader election does: the log goes on there in a new epoch. */
  truncate(offset: number): Promise<void>;
  /** Loses the records before this offset, as retention does. */
  setLogStart(offset: number): Promise<void>;
  /** Damages the batch with the record at this offset: its checksum is wrong from now on. */
  corruptBatch(offset: number): Promise<void>;
}

/** Makes the broker misbehave on purpose: request by request, or by what befalls brokers, groups and logs. */
export class Faults {
  readonly #host: BrokerHost;
  readonly #requests: RequestLog;

  /** @internal a broker has its own */
  constructor(host: BrokerHost, requests: RequestLog) {
    this.#host = host;
    this.#requests = requests;
  }

  /**
   * The beginning of a rule: which requests it takes. Rules are asked in the order in which they were made, and the first
   * one whose turn it is takes the request.
   * @throws KafkaConfigError that lists everything wrong with `match`
   */
  on<Name extends ApiName>(match: FaultMatch & { readonly api: Name }): FaultRuleBuilder<Name> {
    return new FaultRuleBuilder(match, (spec) => FaultRule.install(this.#host, this.#requests, spec));
  }

  /** Removes all rules; the requests that they hold are handled. What befell brokers, groups and logs stays. */
  clear(): Promise<void> {
    return this.#host.clearRules();
  }

  /** @param nodeId from 1 */
  broker(nodeId: number): BrokerFaults {
    const host = this.#host;
    return {
      down: () => host.brokerDown(nodeId),
      up: () => host.brokerUp(nodeId),
      pause: () => host.brokerPause(nodeId),
      resume: () => host.brokerResume(nodeId),
    };
  }

  group(groupId: string): GroupFaults {
    const host = this.#host;
    return {
      evict: (member) => host.evictMember(groupId, member),
      forceRebalance: () => host.forceRebalance(groupId),
      moveCoordinator: (toNode) => host.moveCoordinator('group', groupId, toNode),
    };
  }

  /** A transactional producer, by its transactional id. */
  transaction(transactionalId: string): Pick<GroupFaults, 'moveCoordinator'> {
    const host = this.#host;
    return { moveCoordinator: (toNode) => host.moveCoordinator('transaction', transactionalId, toNode) };
  }

  partition(topic: string, partition: number): PartitionFaults {
    const host = this.#host;
    return {
      moveLeader: (toNode) => host.moveLeader(topic, partition, toNode),
      truncate: async (offset) => host.truncateLog(topic, partition, checkedOffset('truncate', offset)),
      setLogStart: async (offset) => host.setLogStart(topic, partition, checkedOffset('setLogStart', offset)),
      corruptBatch: async (offset) => host.corruptBatch(topic, partition, checkedOffset('corruptBatch', offset)),
    };
  }
}

const checkedOffset = (method: string, offset: number): number =>
  checked(`faults.partition().${method}()`, 'offset', offset, integer(undefined));
