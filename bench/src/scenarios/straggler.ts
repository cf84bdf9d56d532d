import { setTimeout as sleep } from 'node:timers/promises';
import type { HandlerProbe } from '../handler-probe.js';
import { withAdmin } from '../kafkajs-peer.js';
import { fillByTemplate } from '../parallel/backlog.js';
import { reading, type Reader } from '../parallel/reading.js';
import { COMMON_SETTINGS, defineScenario, type Figures, type TurnContext } from '../scenario.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 1,
  /** All that comes behind the straggler is behind it in its partition. */
  partitions: 1,
  keys: 100_000,
  concurrency: 100,
  /** What a handler waits, but for one. */
  workMs: 50,
  /** What that one waits. */
  stragglerMs: 30_000,
  /** Not measured, at the beginning of a turn. */
  settleMs: 2000,
  /** Before the straggler, to compare with. */
  calmMs: 10_000,
};
type StragglerSettings = typeof settings;
type Context = TurnContext<StragglerSettings>;

/** More records than the handlers can take in the time. */
const SURPLUS = 1.1;
const LOOK_EVERY_MS = 1000;

/** One record that takes half a minute, while all slots are busy: what it costs the others, and what is held meanwhile. */
export const straggler = defineScenario<StragglerSettings>({
  settings,
  topic: ({ partitions, keys, size, ...settings }) => ({
    ...{ partitions, keys, size, fill: fillByTemplate },
    records: Math.ceil(
      SURPLUS * (settings.concurrency / settings.workMs) * (settings.settleMs + settings.calmMs + settings.stragglerMs),
    ),
  }),
  contests: {
    'one record that takes long': {
      isWarmedUp: false,
      hearken,
      peers: {},
      compared: [],
      gates: [{ figure: 'dip', atMost: 0.02 }],
    },
  },
});

/** `dip`: by how much fewer are handled a second. The straggler's slot is one of them. */
async function hearken(context: Context): Promise<Figures> {
  const { concurrency, workMs, keys, stragglerMs, settleMs, calmMs } = context.settings;
  const straggles = once(stragglerMs);
  const measure = async (probe: HandlerProbe, reader: Reader): Promise<Figures> => {
    const { perSecond: calmPerSecond = NaN } = await probe.window(settleMs, calmMs);
    straggles.next = true;
    const [figures, metadataChars] = await Promise.all([
      probe.window(0, stragglerMs),
      longestMetadata(context, reader, stragglerMs),
    ]);
    const dip = 1 - (figures.perSecond ?? NaN) / calmPerSecond;
    return { ...figures, calmPerSecond, dip, metadataChars };
  };
  const init = { concurrency, workMs, keys, takesMs: () => straggles.take() ?? workMs };
  return reading(context, { ...init, properties: { offsetMap: true } }, measure);
}

/** Taken once, when it is said that it is next. */
function once(value: number): { next: boolean; take: () => number | undefined } {
  return {
    next: false,
    take() {
      if (!this.next) return undefined;
      this.next = false;
      return value;
    },
  };
}

/** What the group keeps beside the offset, in characters, at most. */
async function longestMetadata({ brokers, topic }: Context, { groupId }: Reader, forMs: number): Promise<number> {
  const until = performance.now() + forMs - LOOK_EVERY_MS;
  let longest = 0;
  await withAdmin(brokers, async (admin) => {
    while (performance.now() < until) {
      await sleep(LOOK_EVERY_MS);
      const offsets = await admin.fetchOffsets({ groupId, topics: [topic] });
      const texts = offsets.flatMap(({ partitions }) => partitions).map(({ metadata }) => metadata?.length ?? 0);
      longest = Math.max(longest, ...texts);
    }
  });
  return longest;
}
