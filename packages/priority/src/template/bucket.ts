import { partitionForKey } from '@hearken/core/internal';
import type { Placing } from './lent-producer.js';

/**
 * Keeps records within the partitions of their level: by key as Java's client would among so many partitions; without a
 * key to one after the other.
 */
export function placingInto(partitions: readonly number[]): Placing {
  let next = 0;
  return (record) => {
    if (record.partition !== undefined) return record;
    const { key = null } = record;
    const index = key === null ? next++ % partitions.length : partitionForKey(key, partitions.length);
    return { ...record, partition: partitions[index] ?? 0 };
  };
}
