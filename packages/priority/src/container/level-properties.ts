import type { ConsumerFactory } from '@hearken/core';
import type { ContainerProperties } from '@hearken/listener';
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
    topics: [...new Set(registry.places(priority).map(({ topic }) => topic))],
    ...(groupId === undefined ? {} : { groupId: naming.group(groupId, priority) }),
    ...buffers[priority],
    clientIdSuffix: `${(rest.clientIdSuffix as string | undefined) ?? ''}-p${priority}`,
  };
}

/** By topic, the partitions that are this level's; not of topics that are its as a whole. */
export function partitionsOf(registry: PriorityRegistry, priority: number): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, readonly number[]>();
  for (const { topic, partitions } of registry.places(priority))
    if (partitions !== undefined) found.set(topic, [...(found.get(topic) ?? []), ...partitions]);
  return found;
}

/**
 * Makes the consumers of a level. Where it is partitions of a topic, its group shares out those and no others: levels of one
 * topic are groups beside each other, each as a topic of its own would have it.
 */
export function factoryOfLevel(
  factory: ConsumerFactory,
  registry: PriorityRegistry,
  priority: number,
): ConsumerFactory {
  const groupPartitions = partitionsOf(registry, priority);
  if (groupPartitions.size === 0) return factory;
  const { groupId, maxPollIntervalMs, fetchMaxBytes } = factory;
  return {
    groupId,
    maxPollIntervalMs,
    ...(fetchMaxBytes === undefined ? {} : { fetchMaxBytes }),
    takesGroupPartitions: true,
    createConsumer: (overrides) => factory.createConsumer({ ...overrides, groupPartitions }),
  };
}
