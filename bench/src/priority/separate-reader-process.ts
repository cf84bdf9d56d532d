// Reads levels from a `start` to a `stop`, again and again, until it is killed or whoever started it lets it go.
import { setTimeout as sleep } from 'node:timers/promises';
import { DefaultKafkaConsumerFactory, PriorityListenerContainer } from 'hearken';
import { numberOf } from './level-sender.js';
import type { Command, SeparateReaderInit, Told } from './separate-reader.js';

/** A killed one's partitions come to the next when its session has ended. */
const SESSION_MS = 6000;

const { brokers, logical, levels, groupId, capacity, workMs } = JSON.parse(process.argv[2] ?? '') as SeparateReaderInit;
const factory = new DefaultKafkaConsumerFactory(
  { brokers, clientId: 'bench-hearken' },
  { groupId, autoOffsetReset: 'earliest', sessionTimeoutMs: SESSION_MS, heartbeatIntervalMs: SESSION_MS / 10 },
);
let container: PriorityListenerContainer | undefined;

process.on('message', (command: Command) => {
  const done = command === 'start' ? start() : container?.stop();
  void Promise.resolve(done).then(() => tell(command));
});
process.on('disconnect', () => void container?.stop());

function start(): Promise<void> {
  container = new PriorityListenerContainer(factory, {
    topics: [logical],
    levels,
    capacity,
    ordering: 'none',
    startTimeoutMs: 10 * SESSION_MS,
    listener: async ({ value }, _context, { priority }) => {
      await sleep(workMs);
      await tell([priority, numberOf(value)]);
    },
  });
  return container.start();
}

/** Resolves when it is on its way out of the process. */
function tell(what: Told): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(what, () => resolve());
    else resolve();
  });
}
