import type { PartitionAssignor } from './assignor.js';
import { roundRobinAssignor } from './round-robin.js';

/**
 * Round robin under the name that kafkajs 2 uses for its default assigner, so that members of either kind can be in one
 * group. kafkajs' own leader gives every member of all topics that the leader wants; ours minds who wants what.
 */
export const kafkajsRoundRobinAssignor: PartitionAssignor = {
  ...roundRobinAssignor,
  protocolName: 'RoundRobinAssigner',
};
