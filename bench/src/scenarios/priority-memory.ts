import { setTimeout as sleep } from 'node:timers/promises';
import { fill, withLevels } from '../priority/level-topics.js';
import { priorityReader, type PriorityReader } from '../priority/readers.js';
import { COMMON_SETTINGS, defineScenario, type Figures, type TurnContext } from '../scenario.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 1,
  /** So large that the objects about a record are little beside it. */
  size: 16_384,
  /** Records that wait, over all levels. */
  backlog: 30_000,
  /** What a handler waits: so long that buffers fill. */
  workMs: 200,
  /** Keys and values that may be held beside those that run, over all levels. */
  bufferBytes: 25_165_824,
  fetchMaxBytes: 2_097_152,
  maxPartitionFetchBytes: 131_072,
  measureMs: 4000,
};
type MemorySettings = typeof settings;

const LEVELS = 3;
const LOOK_MS = 100;
const SETTLING = 5;

/** Slow handlers and a backlog on all levels: what is held of it is bounded by settings, not by the backlog. */
export const priorityMemory = defineScenario<MemorySettings>({
  settings,
  contests: {
    'three levels, embedded broker': {
      hearken,
      peers: {},
      compared: [],
      gates: [{ figure: 'ofBudget', atMost: 1 }],
      broker: 'embedded',
    },
  },
});

function hearken({ brokers, settings }: TurnContext<MemorySettings>): Promise<Figures> {
  const { partitions, backlog, size, bufferBytes, fetchMaxBytes, maxPartitionFetchBytes } = settings;
  return withLevels(brokers, { levels: LEVELS, partitions }, async (topics) => {
    await fill(brokers, topics.names, { records: Math.floor(backlog / LEVELS), size });
    for (let i = 0; i < SETTLING; i++) {
      held();
      await sleep(LOOK_MS); // what filling left is given back in the background
    }
    const before = held();
    const own = { buffer: { bytes: bufferBytes }, consumer: { fetchMaxBytes, maxPartitionFetchBytes } };
    const reader = await priorityReader(brokers, topics, own, () => sleep(settings.workMs));
    try {
      let [most, mostQueued] = [0, 0];
      for (const until = performance.now() + settings.measureMs; performance.now() < until;) {
        most = Math.max(most, held());
        mostQueued = Math.max(mostQueued, queuedBytes(reader));
        await sleep(LOOK_MS);
      }
      // Who knows what comes when holds what runs, and nothing before it starts.
      const optimumMib = (reader.container.capacity * size) / 2 ** 20;
      return { queuedMib: mostQueued / 2 ** 20, ...figures(most - before, settings), optimumMib };
    } finally {
      await reader.stop();
    }
  });
}

/** The budget: what was said, and one fetch. */
function figures(bytes: number, { bufferBytes, fetchMaxBytes }: MemorySettings): Figures {
  const budget = bufferBytes + fetchMaxBytes;
  return { heldMib: bytes / 2 ** 20, budgetMib: budget / 2 ** 20, ofBudget: bytes / budget };
}

const queuedBytes = ({ container }: PriorityReader): number =>
  container.metrics().levels.reduce((sum, level) => sum + level.queuedBytes, 0);

/** Objects and buffers that are in use. */
function held(): number {
  global.gc?.();
  const { heapUsed, external } = process.memoryUsage(); // buffers are external
  return heapUsed + external;
}
