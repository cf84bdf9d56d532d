import type { ContainerProperties } from '@hearken/listener';
import type { LevelPlace } from '../naming/level-place.js';
import type { PriorityRegistry } from '../naming/priority-registry.js';
import type { ResolvedPriorityProperties } from './resolved-properties.js';

/** What a level's container is told: the user's properties, and where the level lives. */
export function levelProperties<K, V>(
  { rest, registry, naming, buffers }: ResolvedPriorityProperties,
  priority: number,
  groupOfFactory: string | undefined,
): Partial<ContainerProperties<K, V>> {
  const groupId = (rest.groupId as string | undefined) ?? groupOfFactory;
  return {
    ...rest,
    ...sourcesOf(registry.places(priority)),
    ...(groupId === undefined ? {} : { groupId: naming.group(groupId, priority) }),
    ...buffers[priority],
    clientIdSuffix: `${(rest.clientIdSuffix as string | undefined) ?? ''}-p${priority}`,
  };
}

/** Whether the level's consumer is told its partitions. It is no member of a group then: no other process takes part of them. */
export const isToldPartitions = (registry: PriorityRegistry, priority: number): boolean =>
  havePartitions(registry.places(priority));

const havePartitions = (places: readonly LevelPlace[]): boolean =>
  places.some(({ partitions }) => partitions !== undefined);

/** Whole topics, or partitions of them: `resolvePriorityProperties` refused both together. */
function sourcesOf(places: readonly LevelPlace[]): Pick<ContainerProperties, 'topics' | 'topicPartitions'> {
  if (!havePartitions(places)) return { topics: places.map(({ topic }) => topic) };
  return {
    topicPartitions: places.flatMap(({ topic, partitions = [] }) =>
      partitions.map((partition) => ({ topic, partition })),
    ),
  };
}
