import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaTemplate,
  MessageListenerContainer,
} from 'hearken';
import { LatencyProbe } from '../latency-probe.js';
import { COMMON_SETTINGS, defineScenario, type Figures, type TurnContext } from '../scenario.js';
import { percentile } from '../statistics.js';
import { deleteGroup, withTopic } from '../topics.js';

const settings = {
  ...COMMON_SETTINGS,
  keys: 1000,
  /** Records the busy container has before it: more than it can take in a turn. */
  n: 200_000,
  /** How long its listener holds the event loop for each. */
  workMs: 1,
  /** Records a second for the second container. */
  rate: 100,
  /** Not measured, at the beginning of a turn. */
  settleMs: 2000,
  measureMs: 8000,
};
type BusySettings = typeof settings;

/** A listener that computes, on a long backlog: what else the process has to do must not wait for it. */
export const busy = defineScenario<BusySettings>({
  settings,
  topic: ({ partitions, n, keys, size }) => ({ partitions, records: n, keys, size }),
  contests: {
    'beside a busy container': {
      hearken,
      peers: {},
      compared: [],
      gates: [
        { figure: 'timerP99Ms', atMost: 10 },
        { figure: 'p99Ms', atMost: 10 },
      ],
    },
  },
});

/** The second container's records go by a topic of their own; both containers, the template and the timer share a process. */
function hearken(context: TurnContext<BusySettings>): Promise<Figures> {
  const { brokers, topic, settings } = context;
  const second = `${topic}-second-${randomInt(2 ** 31)}`;
  return withTopic(brokers, second, { ...settings, records: 0 }, () => measure(context, second));
}

async function measure({ brokers, topic, settings }: TurnContext<BusySettings>, second: string): Promise<Figures> {
  const kafka = { brokers, clientId: 'bench-hearken' };
  const groupId = `bench-${randomUUID()}`;
  const factory = new DefaultKafkaConsumerFactory(kafka, { groupId, autoOffsetReset: 'earliest' });
  const probe = new LatencyProbe(settings, 1);
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka));
  const concurrency = settings.partitions;
  const busy = new MessageListenerContainer(factory, { topics: [topic], concurrency, listener: work(settings.workMs) });
  const other = new MessageListenerContainer(factory, {
    topics: [second],
    groupId: `${groupId}-second`,
    concurrency,
    listener: ({ value }) => probe.received(value),
  });
  const timer = new TimerProbe();
  try {
    await Promise.all([busy.start(), other.start()]);
    const figures = await probe.run(({ key, value }) => template.send(second, value, { key }));
    const { processed } = busy.metrics();
    if (processed >= settings.n) throw new Error('the busy container ran out of records');
    return { ...figures, ...timer.figures(), busyRecords: processed };
  } finally {
    timer.stop();
    await Promise.all([busy.stop(), other.stop()]);
    await template.close();
    for (const group of [groupId, `${groupId}-second`]) await deleteGroup(brokers, group);
  }
}

/** An asynchronous listener, as users write it, that never waits. */
const work = (workMs: number) => async (): Promise<void> => {
  await Promise.resolve();
  const until = performance.now() + workMs;
  while (performance.now() < until);
};

/** How much later than asked for a timer fires, again and again. */
class TimerProbe {
  static readonly #AFTER_MS = 10;
  readonly #latesMs: number[] = [];
  #stopped = false;

  constructor() {
    void this.#run();
  }

  stop(): void {
    this.#stopped = true;
  }

  figures(): Figures {
    return { timerP50Ms: percentile(this.#latesMs, 0.5), timerP99Ms: percentile(this.#latesMs, 0.99) };
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const due = performance.now() + TimerProbe.#AFTER_MS;
      await sleep(TimerProbe.#AFTER_MS);
      this.#latesMs.push(performance.now() - due);
    }
  }
}
