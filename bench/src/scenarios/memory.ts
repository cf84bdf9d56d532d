import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaTemplate,
  MessageListenerContainer,
} from 'hearken';
import { Carousel, payloads } from '../payloads.js';
import { COMMON_SETTINGS, defineScenario, type Figures, type TurnContext } from '../scenario.js';
import { median } from '../statistics.js';
import { deleteGroup } from '../topics.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 1,
  /** Records in all. */
  n: 10_000_000,
  /** Records before the first look: what the compiler and the heap need is there then. */
  first: 1_000_000,
  /** Looks over the rest of the records. */
  samples: 10,
  keys: 100_000,
  /** Promises outstanding, at most. */
  outstanding: 2000,
};
type MemorySettings = typeof settings;

const DISTINCT_PAYLOADS = 20_000;
/** How long the last records may take after the last send. */
const STRAGGLERS_MS = 60_000;

/** Records through a template and a container of one process: nothing may grow with them. */
export const memory = defineScenario<MemorySettings>({
  settings,
  topic: ({ partitions, keys, size }) => ({ partitions, records: 0, keys, size }),
  contests: {
    'template and container': {
      hearken,
      peers: {},
      compared: [],
      gates: [{ figure: 'growthMib', atMost: 50 }],
    },
  },
});

async function hearken({ brokers, topic, settings }: TurnContext<MemorySettings>): Promise<Figures> {
  const kafka = { brokers, clientId: 'bench-hearken' };
  const groupId = `bench-${randomUUID()}`;
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka));
  let received = 0;
  const count = (): void => {
    received++;
  };
  const container = new MessageListenerContainer(
    new DefaultKafkaConsumerFactory(kafka, { groupId, autoOffsetReset: 'latest' }),
    { topics: [topic], concurrency: settings.partitions, listener: count },
  );
  const source = new Carousel(payloads(DISTINCT_PAYLOADS, settings.keys, settings.size));
  let sent = 0;
  const rssAfter = async (count: number): Promise<number> => {
    for (const end = sent + count; sent < end; sent += settings.outstanding) {
      const sends = Array.from({ length: settings.outstanding }, () => {
        const { key, value } = source.next();
        return template.send(topic, value, { key });
      });
      await Promise.all(sends);
    }
    await until(() => received >= sent);
    return rssMib();
  };
  try {
    await container.start();
    const firstMib = await rssAfter(settings.first);
    const samples: number[] = [];
    const each = (settings.n - settings.first) / settings.samples;
    while (samples.length < settings.samples) samples.push(await rssAfter(each));
    if (received !== sent) throw new Error(`${received} of ${sent} records arrived`);
    const medianMib = median(samples);
    return { messages: sent, firstMib, medianMib, lastMib: samples.at(-1) ?? NaN, growthMib: medianMib - firstMib };
  } finally {
    await container.stop();
    await template.close();
    await deleteGroup(brokers, groupId);
  }
}

/** Without what only waits to be collected. */
async function rssMib(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    global.gc?.();
    await sleep(100); // memory of buffers is given back in the background
  }
  return process.memoryUsage.rss() / 2 ** 20;
}

async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + STRAGGLERS_MS;
  while (!isSo() && performance.now() < deadline) await sleep(10);
}
