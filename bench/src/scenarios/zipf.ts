import { fillByTemplate } from '../parallel/backlog.js';
import { boundsOf, hottestOf } from '../parallel/bounds.js';
import { reading, wholeOf } from '../parallel/reading.js';
import { COMMON_SETTINGS, defineScenario, type Contest, type Figures, type Scenario, type Turn } from '../scenario.js';
import type { TopicPlan } from '../topics.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 1,
  partitions: 4,
  keys: 100_000,
  concurrency: 100,
  /** What a handler waits. */
  workMs: 50,
  /** How long a turn takes where a bound is reached: there are as many records. */
  runMs: 8000,
};
type ZipfSettings = typeof settings;

const SKEWS = [0.5, 0.7, 0.9, 0.99];

/**
 * Uneven keys. The records of a topic cannot be handled faster than all slots together, nor than the most frequent key alone; a
 * turn handles all of them, and `efficiency` is of the lower of both. What is held meanwhile is bounded: see `ofBuffer`.
 */
const withSlots = (concurrency: number): Scenario =>
  defineScenario<ZipfSettings>({
    settings: { ...settings, concurrency },
    contests: Object.fromEntries(SKEWS.map((skew) => [`zipf ${skew}`, contest(skew)])),
  });

export const zipf = withSlots(100);
export const zipf1k = withSlots(1000);

function contest(skew: number): Contest<ZipfSettings> {
  return {
    topic: (settings) => plan(settings, skew),
    hearken: hearken(skew),
    peers: {},
    compared: [],
    gates: [
      { figure: 'efficiency', atLeast: 0.97 },
      { figure: 'ofBuffer', atMost: 2 },
    ],
  };
}

/** Where the most frequent key binds, fewer records make the same time. */
function plan({ partitions, keys, size, concurrency, workMs, runMs }: ZipfSettings, skew: number): TopicPlan {
  const most = Math.ceil((concurrency / workMs) * runMs);
  const { share } = hottestOf({ records: most, keys, skew });
  const { slots, hottestKey } = boundsOf({ concurrency, latencyMs: workMs, hottestShare: share });
  const records = Math.ceil((Math.min(slots, hottestKey) * runMs) / 1000);
  return { partitions, records, keys, size, skew, fill: fillByTemplate };
}

/**
 * The container's own buffer, and a window of as many records, shared by the partitions: that holds the most frequent key often
 * enough for it never to wait for a record. It is looked at after each poll, so more is held for some time: `ofBuffer`.
 */
function hearken(skew: number): Turn<ZipfSettings> {
  return async (context) => {
    const { concurrency, workMs, keys, partitions } = context.settings;
    const { records } = plan(context.settings, skew);
    const buffer = Math.max(1000, 2 * concurrency);
    const figures: Figures = await reading(
      context,
      {
        ...{ concurrency, workMs, keys, hottest: hottestOf({ records, keys, skew }) },
        properties: { bufferRecords: buffer, windowRecords: Math.ceil(buffer / partitions) },
      },
      wholeOf(context, records),
    );
    return { ...figures, ofBuffer: (figures.windowMax ?? NaN) / buffer };
  };
}
