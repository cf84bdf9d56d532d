import { BrokerError } from '../broker-error.js';

/** How many partitions, and who may lead each: by two numbers, or partition by partition. */
export interface PartitionSpec {
  /** -1: the broker's default. */
  readonly partitions: number;
  /** Brokers that may lead a partition. -1: the broker's default. */
  readonly replicationFactor: number;
  /** The replicas of each partition, in place of the two numbers. */
  readonly assignments?: readonly (readonly number[])[] | undefined;
}

/** Node ids. */
export interface PlaceableBrokers {
  readonly live: readonly number[];
  readonly down: readonly number[];
}

/** As in Kafka's controller. */
const MAX_PARTITIONS_AT_ONCE = 10_000;

/**
 * The replicas of partitions `from`, `from + 1`, …: by two numbers, they go round the live brokers, so that partition 0 is
 * led by the first, partition 1 by the second; those that are down come last.
 * @throws BrokerError `INVALID_PARTITIONS`, `POLICY_VIOLATION`, `INVALID_REPLICATION_FACTOR`, `INVALID_REPLICA_ASSIGNMENT`
 */
export function placeReplicas(brokers: PlaceableBrokers, spec: PartitionSpec, from = 0): (readonly number[])[] {
  const { partitions, replicationFactor, assignments } = spec;
  const { live, down } = brokers;
  const nodeIds = [...live, ...down];
  if (assignments !== undefined) {
    checkAssignments(nodeIds, assignments, from > 0 ? replicationFactor : (assignments[0]?.length ?? 0));
    return [...assignments];
  }
  if (partitions > MAX_PARTITIONS_AT_ONCE) {
    throw new BrokerError('POLICY_VIOLATION', 'Excessively large number of partitions per request.');
  }
  if (!(replicationFactor > 0)) {
    const message = 'Replication factor must be larger than 0, or -1 to use the default value.';
    throw new BrokerError('INVALID_REPLICATION_FACTOR', message);
  }
  if (!(partitions > 0)) {
    throw new BrokerError('INVALID_PARTITIONS', 'Number of partitions was set to an invalid non-positive value.');
  }
  if (replicationFactor > nodeIds.length) {
    const message = `Unable to replicate the partition ${replicationFactor} time(s): The target replication factor of ${replicationFactor} cannot be reached because only ${nodeIds.length} broker(s) are registered.`;
    throw new BrokerError('INVALID_REPLICATION_FACTOR', message);
  }
  return Array.from({ length: partitions }, (_, i) => [...inTurn(live, from + i), ...down].slice(0, replicationFactor));
}

/** All alike in number, each of brokers that there are; told in Kafka's words. */
function checkAssignments(nodeIds: readonly number[], assignments: readonly (readonly number[])[], size: number): void {
  for (const replicas of assignments) {
    const problem = replicasProblem(nodeIds, replicas, size);
    if (problem !== undefined) {
      throw new BrokerError('INVALID_REPLICA_ASSIGNMENT', `The manual partition assignment includes ${problem}`);
    }
  }
}

function replicasProblem(nodeIds: readonly number[], replicas: readonly number[], size: number): string | undefined {
  if (replicas.length === 0) return 'an empty replica list.';
  const unknown = replicas.find((nodeId) => !nodeIds.includes(nodeId));
  if (unknown !== undefined) return `broker ${unknown}, but no such broker is registered.`;
  const twice = replicas.find((nodeId, i) => replicas.indexOf(nodeId) < i);
  if (twice !== undefined) return `the broker ${twice} more than once.`;
  if (replicas.length === size) return undefined;
  return `a partition with ${replicas.length} replica(s), but this is not consistent with previous partitions, which have ${size} replica(s).`;
}

function inTurn(nodeIds: readonly number[], turn: number): number[] {
  const first = turn % nodeIds.length;
  return [...nodeIds.slice(first), ...nodeIds.slice(0, first)];
}
