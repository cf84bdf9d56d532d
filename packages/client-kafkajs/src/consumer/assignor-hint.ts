import { assignorsOf, nameOf } from './assignors/assignors.js';
import { isRestricted } from './assignors/restricted.js';
import type { ResolvedConsumerOptions } from './consumer-options.js';

/** What the coordinator says a group shares its partitions out with; empty strings where it has not agreed on anything. */
export interface GroupInUse {
  /** `'consumer'`, if its members are consumers. */
  readonly protocolType: string;
  /** The assignor, as it is called on the wire. */
  readonly protocolData: string;
}

/**
 * What to do where a group refuses a member because they have no assignor in common.
 * @param group undefined if it could not be asked
 */
export function assignorHint(
  options: Pick<ResolvedConsumerOptions, 'partitionAssignors' | 'groupPartitions'>,
  group: GroupInUse | undefined,
): string {
  const isPart = options.groupPartitions !== undefined;
  const ours = isPart ? assignorsOf(options).map(({ protocolName }) => protocolName) : options.partitionAssignors;
  const named = `this member names ${ours.map(quoted).join(', ')}`;
  if (group !== undefined && group.protocolType !== '' && group.protocolType !== 'consumer')
    return `the members of the group are no consumers but of type ${quoted(group.protocolType)}; choose another groupId`;
  const others =
    group === undefined || group.protocolData === ''
      ? `the other members use no assignor that this one names (${named})`
      : `the group uses the assignor ${quoted(group.protocolData)} and ${named}`;
  if (isPart || isRestricted(group?.protocolData ?? ''))
    return `${others}; members of one group have to share out the same partitions of the same topics: stop those with others first, or choose another groupId`;
  if (group === undefined || group.protocolData === '')
    return `${others}; set the same partitionAssignors everywhere: most clients name ['range'], kafkajs ['kafkajs-round-robin']`;
  const known = nameOf(group.protocolData);
  return known === undefined
    ? `${others}; give the others one that is known here: range, roundrobin, cooperative-sticky`
    : `${others}; set partitionAssignors: [${quoted(known)}] on the consumer factory`;
}

const quoted = (name: string): string => `'${name}'`;
