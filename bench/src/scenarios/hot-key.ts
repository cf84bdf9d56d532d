import { DefaultKafkaProducerFactory, KafkaTemplate } from 'hearken';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HandlerProbe } from '../handler-probe.js';
import { Histogram } from '../parallel/histogram.js';
import { reading, type Reading } from '../parallel/reading.js';
import { keyNumber, keyOf } from '../payloads.js';
import { uniform } from '../random.js';
import { COMMON_SETTINGS, defineScenario, type Contest, type Figures, type Gate, type Turn } from '../scenario.js';
import { withTopic } from '../topics.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 1,
  partitions: 4,
  keys: 10_000,
  concurrency: 100,
  /** What a handler waits. */
  workMs: 50,
  /** Records a second. */
  rate: 1000,
  /** Without the hot key, at the beginning of a turn, and not measured. */
  settleMs: 2000,
  /** For as long every second record has the hot key. */
  burstMs: 20_000,
};
type HotKeySettings = typeof settings;

const HOT = 0;
const TICK_MS = 5;

/** One key has half of what comes in, 25 times what one key can have handled. How long do the others wait? */
export const hotKey = defineScenario<HotKeySettings>({
  settings,
  contests: {
    'as it is': contest(() => ({})),
    'room for the burst': contest(({ rate, burstMs }) => ({ bufferRecords: Math.ceil((2 * rate * burstMs) / 1000) }), {
      figure: 'othersP99Ms',
      atMost: 1000,
    }),
  },
});

function contest(
  propertiesOf: (settings: HotKeySettings) => Reading['properties'],
  ...gates: Gate[]
): Contest<HotKeySettings> {
  return { hearken: (context) => turn(context, propertiesOf(context.settings)), peers: {}, compared: [], gates };
}

/** A topic of its own: another turn must not find what this one leaves unhandled. */
const turn = (
  { brokers, settings }: Parameters<Turn<HotKeySettings>>[0],
  properties: Reading['properties'] = {},
): Promise<Figures> => {
  const topic = `bench-hot-key-${randomUUID()}`;
  const { concurrency, workMs, keys } = settings;
  return withTopic(brokers, topic, { ...settings, records: 0 }, () => {
    const burst = new Burst(settings);
    const schedule: Reading['schedule'] = (key, handle, value) => {
      burst.started(key, value);
      return handle();
    };
    return reading({ brokers, topic }, { concurrency, workMs, keys, schedule, properties }, (probe) =>
      burst.run(brokers, topic, probe),
    );
  });
};

/** Sends at a steady pace, and times how long what is not of the hot key takes to its handler. */
class Burst {
  readonly #settings: HotKeySettings;
  readonly #waitsMs = new Histogram();
  readonly #random = uniform(0x5eed);
  #othersSent = 0;
  #othersStarted = 0;
  #hotStarted = 0;
  #isMeasured = false;

  constructor(settings: HotKeySettings) {
    this.#settings = settings;
  }

  started(key: Buffer | null, value: Buffer | null): void {
    if (keyNumber(key) === HOT) this.#hotStarted++;
    else {
      this.#othersStarted++;
      if (this.#isMeasured) this.#waitsMs.add(performance.now() - (value?.readDoubleLE(0) ?? NaN));
    }
  }

  async run(brokers: string[], topic: string, probe: HandlerProbe): Promise<Figures> {
    const { settleMs, burstMs } = this.#settings;
    await using template = new KafkaTemplate(new DefaultKafkaProducerFactory({ brokers, clientId: 'bench-feeder' }));
    const send = (number: number): Promise<unknown> => template.send(topic, this.#value(), { key: keyOf(number) });
    await this.#feed(settleMs, () => send(this.#other()));
    this.#isMeasured = true;
    let sent = 0;
    const [figures] = await Promise.all([
      probe.window(0, burstMs),
      this.#feed(burstMs, () => send(sent++ % 2 === 0 ? HOT : this.#other())),
    ]);
    const [p50, p99] = [0.5, 0.99].map((share) => this.#waitsMs.percentile(share));
    return {
      ...figures,
      ...{ othersP50Ms: p50 ?? NaN, othersP99Ms: p99 ?? NaN, othersMaxMs: this.#waitsMs.max },
      ...{ othersLeft: this.#othersSent - this.#othersStarted, hotHandled: this.#hotStarted },
    };
  }

  async #feed(forMs: number, send: () => Promise<unknown>): Promise<void> {
    const total = Math.round((forMs * this.#settings.rate) / 1000);
    const startedAt = performance.now();
    const sends: Promise<unknown>[] = [];
    while (sends.length < total) {
      const due = Math.min(total, ((performance.now() - startedAt) * this.#settings.rate) / 1000);
      while (sends.length < due) sends.push(send());
      await sleep(TICK_MS);
    }
    await Promise.all(sends);
  }

  #other(): number {
    this.#othersSent++;
    return 1 + Math.floor(this.#random() * (this.#settings.keys - 1));
  }

  #value(): Buffer {
    const value = Buffer.alloc(this.#settings.size, 'x');
    value.writeDoubleLE(performance.now(), 0);
    return value;
  }
}
