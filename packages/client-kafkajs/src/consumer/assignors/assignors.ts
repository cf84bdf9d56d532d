import type { AssignorName, ResolvedConsumerOptions } from '../consumer-options.js';
import type { PartitionAssignor } from './assignor.js';
import { cooperativeStickyAssignor } from './cooperative-sticky.js';
import { kafkajsRoundRobinAssignor } from './kafkajs-round-robin.js';
import { rangeAssignor } from './range.js';
import { restrictedTo } from './restricted.js';
import { roundRobinAssignor } from './round-robin.js';

const ASSIGNORS: Readonly<Record<AssignorName, PartitionAssignor>> = {
  range: rangeAssignor,
  'round-robin': roundRobinAssignor,
  'cooperative-sticky': cooperativeStickyAssignor,
  'kafkajs-round-robin': kafkajsRoundRobinAssignor,
};

/** What users call the assignor of that name on the wire; undefined for one that is not here. */
export const nameOf = (protocolName: string): AssignorName | undefined =>
  (Object.keys(ASSIGNORS) as AssignorName[]).find((name) => ASSIGNORS[name].protocolName === protocolName);

/** Those that a member names, in order of preference. */
export const assignorsOf = ({
  partitionAssignors,
  groupPartitions,
}: Pick<ResolvedConsumerOptions, 'partitionAssignors' | 'groupPartitions'>): readonly PartitionAssignor[] =>
  partitionAssignors.map((name) =>
    groupPartitions === undefined ? ASSIGNORS[name] : restrictedTo(groupPartitions, ASSIGNORS[name]),
  );

/**
 * Whether a member with these keeps partitions over a rebalance. Only if all its assignors let it: which one the group will
 * use is known too late, and while some members are eager, all have to be (Java's `ConsumerCoordinator` decides alike).
 */
export const isCooperative = (names: readonly AssignorName[]): boolean =>
  names.every((name) => ASSIGNORS[name].isCooperative);
