import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DefaultErrorHandler,
  DefaultKafkaProducerFactory,
  KafkaTemplate,
  NonRetriable,
  type ConsumerRecord,
} from 'hearken';
import type { HandlerProbe } from '../handler-probe.js';
import { Histogram } from '../parallel/histogram.js';
import { reading, type Reader, type Reading } from '../parallel/reading.js';
import { keyNumber, keyOf } from '../payloads.js';
import { uniform } from '../random.js';
import {
  COMMON_SETTINGS,
  defineScenario,
  type Contest,
  type Figures,
  type Gate,
  type TurnContext,
} from '../scenario.js';
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
  settleMs: 1000,
  /** For as long every second record has the hot key. */
  burstMs: 20_000,
};
type HotKeySettings = typeof settings;

/** What is done about it. */
interface Remedy {
  readonly properties: (settings: HotKeySettings, template: KafkaTemplate) => NonNullable<Reading['properties']>;
  /** A record of the hot key that waited so long is refused, once, and its key is parked. @default none is */
  readonly parksAfterMs?: number;
}

const HOT = 0;
const TICK_MS = 5;
const OTHERS_P99: Gate = { figure: 'othersP99Ms', atMost: 1000 };
const PARKED = '-parked';

/** One key has half of what comes in, 25 times what one key can have handled. How long do the others wait? */
export const hotKey = defineScenario<HotKeySettings>({
  settings,
  contests: {
    'as it is': contest({ properties: () => ({}) }),
    'room for the burst': contest(
      { properties: ({ rate, burstMs }) => ({ bufferRecords: Math.ceil((2 * rate * burstMs) / 1000) }) },
      OTHERS_P99,
    ),
    'its key parked': contest(
      {
        parksAfterMs: 500,
        properties: ({ concurrency }, template) => ({
          concurrency,
          errorHandler: new DefaultErrorHandler({ onExhausted: 'parkKey' }),
          parking: { template, suffix: PARKED },
        }),
      },
      OTHERS_P99,
    ),
  },
});

function contest(remedy: Remedy, ...gates: Gate[]): Contest<HotKeySettings> {
  return { isWarmedUp: false, hearken: (context) => turn(context, remedy), peers: {}, compared: [], gates };
}

/** Topics of its own: another turn must not find what this one leaves unhandled. */
function turn({ brokers, settings }: TurnContext<HotKeySettings>, remedy: Remedy): Promise<Figures> {
  const topic = `bench-hot-key-${randomUUID()}`;
  const plan = { ...settings, records: 0 };
  return withTopic(brokers, topic, plan, () =>
    withTopic(brokers, topic + PARKED, plan, async () => {
      await using template = new KafkaTemplate(new DefaultKafkaProducerFactory({ brokers, clientId: 'bench-hearken' }));
      const burst = new Burst(settings, remedy.parksAfterMs);
      const { concurrency, workMs, keys } = settings;
      const schedule: Reading['schedule'] = (handle, record) => {
        burst.started(record);
        return handle();
      };
      const atOnce = concurrency + (remedy.parksAfterMs === undefined ? 0 : 1); // what is parked has a slot of its own
      const init = { concurrency: atOnce, workMs, keys, schedule, properties: remedy.properties(settings, template) };
      const send = (key: Buffer, value: Buffer): Promise<unknown> => template.send(topic, value, { key });
      return await reading({ brokers, topic }, init, (probe, reader) => burst.run(send, probe, reader));
    }),
  );
}

/** Sends at a steady pace, and times how long what is not of the hot key takes to its handler. */
class Burst {
  readonly #settings: HotKeySettings;
  readonly #waitsMs = new Histogram();
  readonly #random = uniform(0x5eed);
  /** Records of others that wait, by their number: when they were sent. */
  readonly #waiting = new Map<number, number>();
  #parksAfterMs: number;
  #sent = 0;
  #hotStarted = 0;
  #measuredFrom = Infinity;

  constructor(settings: HotKeySettings, parksAfterMs = Infinity) {
    this.#settings = settings;
    this.#parksAfterMs = parksAfterMs;
  }

  /** @throws NonRetriable for the record of the hot key that has waited long enough, once */
  started({ key, value }: ConsumerRecord): void {
    const number = value?.readInt32LE(0) ?? NaN;
    const sentAt = value?.readDoubleLE(4) ?? NaN;
    if (keyNumber(key) !== HOT) this.#ended(number, sentAt);
    else if (performance.now() - sentAt < this.#parksAfterMs) this.#hotStarted++;
    else {
      this.#parksAfterMs = Infinity;
      throw new NonRetriable('this key has too many records');
    }
  }

  async run(
    send: (key: Buffer, value: Buffer) => Promise<unknown>,
    probe: HandlerProbe,
    { container }: Reader,
  ): Promise<Figures> {
    const { settleMs, burstMs } = this.#settings;
    const sendNext = (key: number): Promise<unknown> => send(keyOf(key), this.#next(key));
    await this.#feed(settleMs, () => sendNext(this.#other()));
    this.#measuredFrom = performance.now();
    let sent = 0;
    const feeding = this.#feed(burstMs, () => sendNext(sent++ % 2 === 0 ? HOT : this.#other()));
    const figures = await probe.window(0, burstMs).finally(() => feeding);
    const othersLeft = this.#waiting.size;
    for (const [number, sentAt] of this.#waiting) this.#ended(number, sentAt); // they wait still: at least that long
    const [p50, p99] = [0.5, 0.99].map((share) => this.#waitsMs.percentile(share));
    return {
      ...figures,
      ...{ othersP50Ms: p50 ?? NaN, othersP99Ms: p99 ?? NaN, othersMaxMs: this.#waitsMs.max },
      ...{ othersLeft, hotHandled: this.#hotStarted, hotParked: container.metrics().parked },
    };
  }

  #ended(number: number, sentAt: number): void {
    if (sentAt >= this.#measuredFrom) this.#waitsMs.add(performance.now() - sentAt);
    this.#waiting.delete(number);
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
    return 1 + Math.floor(this.#random() * (this.#settings.keys - 1));
  }

  /** The value of the next record, which says its number and when it was sent. */
  #next(key: number): Buffer {
    const [number, now] = [this.#sent++, performance.now()];
    if (key !== HOT) this.#waiting.set(number, now);
    const value = Buffer.alloc(this.#settings.size, 'x');
    value.writeInt32LE(number, 0);
    value.writeDoubleLE(now, 4);
    return value;
  }
}
