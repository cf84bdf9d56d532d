import type { TopicPartition, TopicPartitionOffset } from '@hearken/core';
import type { AssignedPartition } from '../container-properties.js';
import { lookUp, type OffsetSource, type SeekPosition } from './seek-position.js';

/** Where to begin with partitions for which that is said; one look-up for all that begin alike. */
export async function startOffsets(
  consumer: OffsetSource,
  given: readonly AssignedPartition[],
): Promise<readonly TopicPartitionOffset[]> {
  const known: TopicPartitionOffset[] = [];
  const asked = new Map<string, { readonly to: SeekPosition; readonly partitions: TopicPartition[] }>();
  for (const { topic, partition, offset } of given) {
    if (offset === undefined) continue;
    if (typeof offset === 'number') {
      known.push({ topic, partition, offset });
      continue;
    }
    const alike = asked.get(JSON.stringify(offset)) ?? { to: offset, partitions: [] };
    asked.set(JSON.stringify(offset), alike);
    alike.partitions.push({ topic, partition });
  }
  const found = await Promise.all([...asked.values()].map(({ to, partitions }) => lookUp(consumer, to, partitions)));
  return [...known, ...found.flat()];
}
