import { randomUUID } from 'node:crypto';
import { HandlerProbe } from '../handler-probe.js';
import { KeyChains } from '../key-chains.js';
import { connectConsumer, PARTITIONS_CONSUMED_CONCURRENTLY } from '../kafkajs-peer.js';
import { after, reading } from '../parallel/reading.js';
import { COMMON_SETTINGS, defineScenario, type Figures, type TurnContext } from '../scenario.js';
import { deleteGroup } from '../topics.js';

const settings = {
  ...COMMON_SETTINGS,
  keys: 100_000,
  concurrency: 100,
  /** What a handler waits. */
  workMs: 50,
  /** Not measured, at the beginning of a turn. */
  settleMs: 2000,
  measureMs: 8000,
};
type ParallelSettings = typeof settings;

/** More records than the handlers can take in the time, so that no turn runs dry. */
const SURPLUS = 1.5;

/**
 * Handlers that wait. `efficiency` is the rate over what the delivered handler latency allows: rate / (concurrency / mean
 * latency); 1 is a handler on every slot all the time. Both sides keep the order of each key, and it is checked.
 */
export const parallel = defineScenario<ParallelSettings>({
  settings,
  topic: ({ partitions, keys, size, ...settings }) => ({
    partitions,
    records: Math.ceil(SURPLUS * (settings.concurrency / settings.workMs) * (settings.settleMs + settings.measureMs)),
    keys,
    size,
  }),
  contests: {
    'key order': {
      hearken,
      peers: { kafkajs },
      compared: ['perSecond'],
      gates: [{ figure: 'efficiency', atLeast: 0.98 }],
    },
  },
});

function hearken(context: TurnContext<ParallelSettings>): Promise<Figures> {
  const { concurrency, workMs, keys, settleMs, measureMs } = context.settings;
  return reading(context, { concurrency, workMs, keys }, (probe) => probe.window(settleMs, measureMs));
}

/** kafkajs has no key order: this is the loop a careful user writes in `eachBatch`, with the slots shared by all partitions. */
async function kafkajs({ brokers, topic, settings }: TurnContext<ParallelSettings>): Promise<Figures> {
  const groupId = `bench-${randomUUID()}`;
  const probe = new HandlerProbe(settings);
  const chains = new KeyChains(settings.concurrency);
  const consumer = await connectConsumer(brokers, groupId);
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      partitionsConsumedConcurrently: PARTITIONS_CONSUMED_CONCURRENTLY,
      eachBatch: ({ batch }) =>
        chains.run(batch.messages, async ({ key, offset }) => {
          const startedAt = probe.start(key, Number(offset));
          await after(settings.workMs);
          probe.end(key, startedAt);
        }),
    });
    return await probe.window(settings.settleMs, settings.measureMs);
  } finally {
    chains.stop();
    await consumer.disconnect();
    await deleteGroup(brokers, groupId);
  }
}
