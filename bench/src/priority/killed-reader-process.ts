// Reads levels until it is killed, or stops when whoever started it lets it go.
import { setTimeout as sleep } from 'node:timers/promises';
import { DefaultKafkaConsumerFactory, PriorityListenerContainer } from 'hearken';
import type { Handled, KilledReaderInit } from './killed-reader.js';
import { numberOf } from './level-sender.js';

/** The killed one's partitions come to the next when its session has ended. */
const SESSION_MS = 6000;

const { brokers, logical, levels, groupId, capacity, workMs } = JSON.parse(process.argv[2] ?? '') as KilledReaderInit;
const container = new PriorityListenerContainer(
  new DefaultKafkaConsumerFactory(
    { brokers, clientId: 'bench-hearken' },
    { groupId, autoOffsetReset: 'earliest', sessionTimeoutMs: SESSION_MS, heartbeatIntervalMs: SESSION_MS / 10 },
  ),
  {
    topics: [logical],
    levels,
    capacity,
    ordering: 'none',
    startTimeoutMs: 10 * SESSION_MS,
    listener: async ({ value }, _context, { priority }) => {
      await sleep(workMs);
      await tell([priority, numberOf(value)]);
    },
  },
);
process.on('disconnect', () => void container.stop());
await container.start();

/** Resolves when the record is on its way out of the process. */
function tell(handled: Handled): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(handled, () => resolve());
    else resolve();
  });
}
