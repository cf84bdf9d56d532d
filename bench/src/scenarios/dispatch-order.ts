import { fillByTemplate } from '../parallel/backlog.js';
import { hottestOf } from '../parallel/bounds.js';
import { fifoOfLanes, hashedLanes, type Schedule } from '../parallel/policies.js';
import { reading, wholeOf, type Reading } from '../parallel/reading.js';
import { COMMON_SETTINGS, defineScenario, type Turn } from '../scenario.js';
import type { TopicPlan } from '../topics.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 1,
  partitions: 4,
  keys: 100_000,
  concurrency: 400,
  /** Records that are held, about, whoever decides which is next. */
  buffer: 4000,
  /** What a handler waits. */
  workMs: 50,
  /** Records in the topic; a turn reads all of them. */
  n: 80_000,
};
type OrderSettings = typeof settings;

const SKEW = 0.5;

const plan = ({ partitions, n, keys, size }: OrderSettings): TopicPlan => ({
  ...{ partitions, records: n, keys, size, skew: SKEW },
  fill: fillByTemplate,
});

/**
 * Whose turn it is: the key with the oldest record, as the container has it, beside keys that take turns and keys spread over as
 * many lanes as there are slots. Those two are listeners in no order, each with as many records at once as the container holds,
 * which hand them on as their policy has it. All else is the same: the container, its commits, the broker, the handlers.
 */
export const dispatchOrder = defineScenario<OrderSettings>({
  settings,
  topic: plan,
  contests: {
    [`zipf ${SKEW}`]: {
      hearken: oldestFirst(),
      peers: { 'keys in turns': scheduled(fifoOfLanes), 'hashed lanes': scheduled(hashedLanes) },
      compared: ['perSecond', 'windowP99', 'windowMax', 'waitMaxMs'],
      gates: [
        { figure: 'perSecond', against: 'keys in turns', atLeast: 1.25 },
        { figure: 'windowMax', against: 'keys in turns', atMost: 0.1 },
      ],
    },
  },
});

function oldestFirst(): Turn<OrderSettings> {
  return turn(({ buffer, concurrency }) => ({ properties: { bufferRecords: buffer - concurrency } }));
}

function scheduled(scheduleOf: (slots: number) => Schedule): Turn<OrderSettings> {
  return turn(({ buffer, concurrency }) => {
    const schedule = scheduleOf(concurrency);
    return {
      schedule: (handle, { key }) => schedule(key, handle),
      properties: { ordering: 'none', concurrency: buffer, bufferRecords: 0 },
    };
  });
}

function turn(how: (settings: OrderSettings) => Partial<Reading>): Turn<OrderSettings> {
  return (context) => {
    const { concurrency, workMs, keys, n } = context.settings;
    const init = { concurrency, workMs, keys, hottest: hottestOf(plan(context.settings)) };
    return reading(context, { ...init, ...how(context.settings) }, wholeOf(context, n));
  };
}
