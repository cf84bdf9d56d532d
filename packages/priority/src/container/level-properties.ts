import type { ContainerProperties } from '@hearken/listener';
import type { LevelPlace } from '../naming/level-place.js';
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

/** Whole topics, or partitions of them: `resolvePriorityProperties` refused both together. */
function sourcesOf(places: readonly LevelPlace[]): Pick<ContainerProperties, 'topics' | 'topicPartitions'> {
  if (places.every(({ partitions }) => partitions === undefined)) return { topics: places.map(({ topic }) => topic) };
  return {
    topicPartitions: places.flatMap(({ topic, partitions = [] }) =>
      partitions.map((partition) => ({ topic, partition })),
    ),
  };
}
