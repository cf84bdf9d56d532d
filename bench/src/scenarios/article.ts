import { fillByTemplate } from '../parallel/backlog.js';
import { hottestOf } from '../parallel/bounds.js';
import { parallelConsumerWhole } from '../parallel/parallel-consumer.js';
import { reading, wholeOf } from '../parallel/reading.js';
import { COMMON_SETTINGS, defineScenario, type Contest, type Figures, type TurnContext } from '../scenario.js';
import type { TopicPlan } from '../topics.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 1,
  partitions: 4,
  keys: 10_000,
  concurrency: 100,
  /** What a handler waits. */
  workMs: 50,
  /** Records in the topic; with key order a turn reads all of them. */
  n: 40_000,
  /** Not measured, at the beginning of a turn that handles one record after the other. */
  settleMs: 1000,
  measureMs: 4000,
};
type ArticleSettings = typeof settings;
type Context = TurnContext<ArticleSettings>;

/** Messages a second of a node, before and after, as the article tells. */
const ARTICLE = { before: 20, after: 1700 };

const plan = ({ partitions, n, keys, size }: ArticleSettings): TopicPlan => ({
  partitions,
  records: n,
  keys,
  size,
  fill: fillByTemplate,
});

/**
 * The service that a well-known article took from 20 to 1 700 messages a second of a node: four partitions, 50 ms a message,
 * 100 handlers at once, 10 000 keys.
 */
export const article = defineScenario<ArticleSettings>({
  settings,
  topic: plan,
  contests: {
    'one record at a time': inPartitionOrder(() => 1),
    'one record a partition': inPartitionOrder(({ partitions }) => partitions),
    'key order': {
      hearken: byKey,
      peers: { 'Parallel Consumer': parallelConsumer },
      compared: ['perSecond', 'cpuMicrosPerMessage', 'maxRssMib'],
      gates: [
        { figure: 'efficiency', atLeast: 0.985 },
        { figure: 'perSecond', against: 'Parallel Consumer', atLeast: 0.99 },
        { figure: 'cpuMicrosPerMessage', against: 'Parallel Consumer', atMost: 0.5 },
      ],
    },
  },
});

function inPartitionOrder(slotsOf: (settings: ArticleSettings) => number): Contest<ArticleSettings> {
  return {
    hearken: async (context) => {
      const { keys, workMs, settleMs, measureMs } = context.settings;
      const concurrency = slotsOf(context.settings);
      const init = { concurrency, workMs, keys, properties: { ordering: 'partition' } as const };
      return besideTheArticle(await reading(context, init, (probe) => probe.window(settleMs, measureMs)));
    },
    peers: {},
    compared: [],
    gates: [],
  };
}

/** `efficiency` has the last records in it, when not all handlers have one any more. */
async function byKey(context: Context): Promise<Figures> {
  const { concurrency, workMs, keys, n } = context.settings;
  const init = { concurrency, workMs, keys, hottest: hottestOf(plan(context.settings)) };
  return besideTheArticle(await reading(context, init, wholeOf(context, n)));
}

async function parallelConsumer(context: Context): Promise<Figures> {
  const { concurrency, workMs, keys, n } = context.settings;
  const init = { concurrency, workMs, keys, hottest: hottestOf(plan(context.settings)) };
  return besideTheArticle(await parallelConsumerWhole(context, init, n));
}

const besideTheArticle = (figures: Figures): Figures => ({
  ...figures,
  timesArticleBefore: (figures.perSecond ?? NaN) / ARTICLE.before,
  timesArticleAfter: (figures.perSecond ?? NaN) / ARTICLE.after,
});
