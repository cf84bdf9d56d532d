import type { AssignorName } from '../consumer-options.js';
import type { PartitionAssignor } from './assignor.js';
import { rangeAssignor } from './range.js';
import { roundRobinAssignor } from './round-robin.js';

const ASSIGNORS: Readonly<Record<AssignorName, PartitionAssignor>> = {
  range: rangeAssignor,
  'round-robin': roundRobinAssignor,
};

export const assignorsOf = (names: readonly AssignorName[]): readonly PartitionAssignor[] =>
  names.map((name) => ASSIGNORS[name]);
