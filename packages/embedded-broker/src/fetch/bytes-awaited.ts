import type { Clock } from '@hearken/core';
import { BrokerError } from '../broker-error.js';
import type { Partition } from '../cluster/partition.js';
import type { IsolationLevel } from '../log/partition-log.js';

/** A partition that a fetch waits for. */
export interface AwaitedPartition {
  readonly partition: Partition;
  readonly fromOffset: number;
  /** More than this does not count. */
  readonly maxBytes: number;
}

interface AwaitOptions {
  readonly minBytes: number;
  readonly maxWaitMs: number;
  readonly isolation: IsolationLevel;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Resolves when there are enough bytes to be read, when one of the partitions cannot be read any more, when the time is up
 * or when nobody waits for it. An append costs a look at its own partition, however many others there are.
 */
export function bytesAwaited(awaited: readonly AwaitedPartition[], options: AwaitOptions): Promise<void> {
  const { minBytes, maxWaitMs, isolation, clock, signal } = options;
  const countedBytes = awaited.map((one) => readableBytes(one, isolation));
  let totalBytes = countedBytes.reduce((sum, bytes) => sum + bytes, 0);
  if (totalBytes >= minBytes || signal.aborted) return Promise.resolve();

  return new Promise((resolve) => {
    const end = (): void => {
      for (const leave of leaves) leave();
      resolve();
    };
    const timer = clock.setTimer(end, maxWaitMs, { keepAlive: false });
    signal.addEventListener('abort', end);
    const leaves = [() => timer.clear(), () => signal.removeEventListener('abort', end)];
    awaited.forEach((one, i) => {
      const look = (): void => {
        const bytes = readableBytes(one, isolation);
        totalBytes += bytes - (countedBytes[i] ?? 0);
        countedBytes[i] = bytes;
        if (totalBytes >= minBytes) end();
      };
      leaves.push(one.partition.log.onReadable(look), one.partition.onLeaderChange(end));
    });
  });
}

/** Infinity for an offset that is not there any more: that is news enough. */
function readableBytes({ partition, fromOffset, maxBytes }: AwaitedPartition, isolation: IsolationLevel): number {
  try {
    return Math.min(maxBytes, partition.log.readableBytes(fromOffset, isolation));
  } catch (error) {
    if (error instanceof BrokerError) return Infinity;
    throw error;
  }
}
