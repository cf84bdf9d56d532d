import { setTimeout as sleep } from 'node:timers/promises';
import { LevelSender } from '../priority/level-sender.js';
import { withLevels } from '../priority/level-topics.js';
import { flipkart, kafkajsReaders, priorityReader } from '../priority/readers.js';
import { COMMON_SETTINGS, defineScenario, type Turn } from '../scenario.js';
import { cpuOver } from '../stopwatch.js';
import type { LevelTopics } from '../priority/level-topics.js';
import { doing, type Work } from '../priority/work.js';
import type { Reader } from '../priority/readers.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 1,
  /** Not measured, at the beginning of a turn. */
  settleMs: 3000,
  measureMs: 10_000,
};
type IdleSettings = typeof settings;

const LEVELS = 3;
/** Of a peer that must be told. */
const SLOTS = 50;

/** Three levels and no records. That all levels work is seen first. */
export const priorityIdle = defineScenario<IdleSettings>({
  settings,
  contests: {
    'three levels, embedded broker': {
      hearken: idling((brokers, topics, work) => priorityReader(brokers, topics, {}, doing(work))),
      peers: {
        'kafkajs, a consumer a level': idling((brokers, topics, work) => kafkajsReaders(brokers, topics, doing(work))),
        "Flipkart's client": idling((brokers, topics, work) => flipkart(brokers, topics, SLOTS, work)),
      },
      compared: ['coreShare'],
      gates: [{ figure: 'coreShare', atMost: 0.01 }],
      broker: 'embedded',
    },
  },
});

type Read = (brokers: string[], topics: LevelTopics, work: Work) => Promise<Reader>;

function idling(read: Read): Turn<IdleSettings> {
  return ({ brokers, settings }) =>
    withLevels(brokers, { levels: LEVELS, partitions: settings.partitions }, async (topics) => {
      const seen = new Set<number>();
      const reader = await read(brokers, topics, { takesMs: () => 1, started: (level) => void seen.add(level) });
      try {
        const sender = new LevelSender(brokers, topics, settings.size);
        await Promise.all(topics.names.map((_, level) => sender.send(level, 1)));
        await sender.close();
        while (seen.size < LEVELS) await sleep(10);
        return await cpuOver(settings, reader.cpuMs);
      } finally {
        await reader.stop();
      }
    });
}
