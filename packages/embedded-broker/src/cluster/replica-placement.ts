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

/**
 * The replicas of partitions `from`, `from + 1`, …: by two numbers, they go round the brokers, so that partition 0 is led by
 * the first broker, partition 1 by the second.
 * @throws BrokerError `INVALID_PARTITIONS`, `INVALID_REPLICATION_FACTOR`, `INVALID_REPLICA_ASSIGNMENT`
 */
export function placeReplicas(nodeIds: readonly number[], spec: PartitionSpec, from = 0): (readonly number[])[] {
  if (spec.assignments !== undefined) return spec.assignments.map((replicas) => checkedReplicas(nodeIds, replicas));
  const { partitions, replicationFactor } = spec;
  if (!(partitions > 0)) throw new BrokerError('INVALID_PARTITIONS', 'Number of partitions must be larger than 0.');
  if (!(replicationFactor > 0)) {
    throw new BrokerError('INVALID_REPLICATION_FACTOR', 'Replication factor must be larger than 0.');
  }
  if (replicationFactor > nodeIds.length) {
    const message = `Unable to replicate the partition ${replicationFactor} time(s): there are ${nodeIds.length} brokers.`;
    throw new BrokerError('INVALID_REPLICATION_FACTOR', message);
  }
  return Array.from({ length: partitions }, (_, i) => inTurn(nodeIds, from + i).slice(0, replicationFactor));
}

function checkedReplicas(nodeIds: readonly number[], replicas: readonly number[]): readonly number[] {
  const areDistinct = new Set(replicas).size === replicas.length;
  if (replicas.length > 0 && areDistinct && replicas.every((nodeId) => nodeIds.includes(nodeId))) return replicas;
  const message = `The manual partition assignment [${replicas.join(', ')}] must name brokers, each once.`;
  throw new BrokerError('INVALID_REPLICA_ASSIGNMENT', message);
}

function inTurn(nodeIds: readonly number[], turn: number): number[] {
  const first = turn % nodeIds.length;
  return [...nodeIds.slice(first), ...nodeIds.slice(0, first)];
}
