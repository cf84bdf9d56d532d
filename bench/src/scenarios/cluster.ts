import { randomUUID } from 'node:crypto';
import { fillByTemplate } from '../parallel/backlog.js';
import { Member } from '../parallel/member.js';
import { COMMON_SETTINGS, defineScenario, type Figures, type TurnContext } from '../scenario.js';
import { deleteGroup } from '../topics.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 1,
  /** One for each process. */
  partitions: 4,
  keys: 10_000,
  /** In each process. */
  concurrency: 100,
  /** What a handler waits. */
  workMs: 50,
  /** Not measured, when all members have their partition. */
  settleMs: 2000,
  measureMs: 10_000,
};
type ClusterSettings = typeof settings;

/** More records than the handlers can take in the time, also where the keys of one partition are more than of another. */
const SURPLUS = 1.4;
/** Messages a second of the article's four nodes. */
const ARTICLE = 7000;

/** The article's cluster: as many processes as partitions, each with its slots. */
export const cluster = defineScenario<ClusterSettings>({
  settings,
  topic: ({ partitions, keys, size, ...settings }) => ({
    ...{ partitions, keys, size, fill: fillByTemplate },
    records: Math.ceil(
      SURPLUS * partitions * (settings.concurrency / settings.workMs) * (settings.settleMs + settings.measureMs),
    ),
  }),
  contests: {
    'a process a partition': {
      hearken,
      peers: {},
      compared: [],
      gates: [
        { figure: 'efficiency', atLeast: 0.98 },
        { figure: 'timesArticle', atLeast: 1 },
      ],
    },
  },
});

/** Sums over the processes; means of what is told of each record, and the worst of what is waited for. */
async function hearken({ brokers, topic, settings }: TurnContext<ClusterSettings>): Promise<Figures> {
  const groupId = `bench-${randomUUID()}`;
  const { partitions, concurrency, workMs, keys } = settings;
  const init = { brokers, topic, groupId, concurrency, workMs, keys };
  const members = Array.from({ length: partitions }, () => new Member(init));
  try {
    await Promise.all(members.map((member) => member.hasItsPartition()));
    const all = await Promise.all(members.map((member) => member.measure(settings)));
    const of = (name: string): number[] => all.map((figures) => figures[name] ?? NaN);
    const sum = (name: string): number => of(name).reduce((total, value) => total + value, 0);
    const mean = (name: string): number => sum(name) / partitions;
    return {
      ...{ messages: sum('messages'), perSecond: sum('perSecond'), timesArticle: sum('perSecond') / ARTICLE },
      ...{ efficiency: mean('efficiency'), ofSlots: mean('ofSlots'), handlerMs: mean('handlerMs') },
      ...{ cpuMicrosPerMessage: mean('cpuMicrosPerMessage'), maxRssMib: sum('maxRssMib') },
      loopDelayP99Ms: Math.max(...of('loopDelayP99Ms')),
    };
  } finally {
    await Promise.all(members.map((member) => member.stop()));
    await deleteGroup(brokers, groupId);
  }
}
