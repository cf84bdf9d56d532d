import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  FixedBackOff,
  KafkaTemplate,
  MessageListenerContainer,
} from 'hearken';
import { LatencyProbe } from '../latency-probe.js';
import { keyOf, type Payload } from '../payloads.js';
import { COMMON_SETTINGS, defineScenario, type Figures, type Turn } from '../scenario.js';
import { Stopwatch } from '../stopwatch.js';
import { deleteGroup } from '../topics.js';

const settings = {
  ...COMMON_SETTINGS,
  keys: 1000,
  concurrency: 100,
  /** For how long the one record fails, and the others are measured. */
  retryMs: 8000,
  /** From one attempt at it to the next. */
  backOffMs: 100,
  /** Paced sends a second, where latency is measured. */
  rate: 1000,
  /** Not measured, at the beginning of a turn with paced sends. */
  settleMs: 2000,
  /** Sends that are outstanding, where the rate is measured. */
  outstanding: 2000,
};
type RetryingSettings = typeof settings;

/** Sends to a container that listens, and measures what arrives. */
interface Meter {
  received(value: Buffer | null): void;
  run(send: (payload: Payload) => Promise<unknown>): Promise<Figures>;
}

const CURSED = Buffer.from('the key of the record that fails');

/** What one record that fails, and is tried again all the time, costs those behind other keys. Beside it the same without one. */
export const retrying = defineScenario<RetryingSettings>({
  settings,
  topic: ({ partitions, size, keys }) => ({ partitions, records: 0, keys, size }),
  contests: {
    rate: {
      hearken: listening(rateMeter, 'one fails'),
      peers: { 'none fails': listening(rateMeter, 'none fails') },
      compared: ['perSecond', 'cpuMicrosPerMessage'],
      gates: [{ figure: 'perSecond', against: 'none fails', atLeast: 0.97 }],
    },
    latency: {
      hearken: listening(latencyMeter, 'one fails'),
      peers: { 'none fails': listening(latencyMeter, 'none fails') },
      compared: ['p50Ms', 'p99Ms'],
      gates: [{ figure: 'p99Ms', against: 'none fails', atMost: 1.2 }],
    },
  },
});

/** Rejects unless the record that is to fail did so all the time: it may be late, on a machine that has too much to do. */
function listening(
  meterOf: (settings: RetryingSettings) => Meter,
  mode: 'one fails' | 'none fails',
): Turn<RetryingSettings> {
  return async (context) => {
    const { brokers, topic, settings } = context;
    const kafka = { brokers, clientId: 'bench-hearken' };
    const groupId = `bench-${randomUUID()}`;
    const meter = meterOf(settings);
    let attempts = 0;
    const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka));
    const container = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(kafka, { groupId, autoOffsetReset: 'latest' }),
      {
        topics: [topic],
        ordering: 'key',
        concurrency: settings.concurrency,
        windowRecords: 100_000_000, // or the partition of the record that fails would wait for it before its time is over
        errorHandler: new DefaultErrorHandler({
          backOff: new FixedBackOff({ intervalMs: settings.backOffMs, maxRetries: Number.MAX_SAFE_INTEGER }),
        }),
        // eslint-disable-next-line @typescript-eslint/require-await -- as a user's listener is
        listener: async ({ key, value }) => {
          if (key?.equals(CURSED) !== true) meter.received(value);
          else {
            attempts++;
            throw new Error('this one fails');
          }
        },
      },
    );
    try {
      await container.start();
      if (mode === 'one fails') await template.send(topic, Buffer.from('x'), { key: CURSED });
      const figures = await meter.run(({ key, value }) => template.send(topic, value, { key }));
      const expected = mode === 'one fails' ? settings.retryMs / settings.backOffMs / 4 : 0;
      if (attempts < expected) throw new Error(`${attempts} attempts at the record that fails`);
      return { ...figures, attempts };
    } finally {
      await container.stop({ immediate: true });
      await template.close();
      await deleteGroup(brokers, groupId);
    }
  };
}

function rateMeter(settings: RetryingSettings): Meter {
  return new RateMeter(settings);
}

function latencyMeter({ retryMs, ...pace }: RetryingSettings): Meter {
  return new LatencyProbe({ ...pace, measureMs: retryMs }, randomInt(2 ** 31));
}

/** A send follows each record that was heard, so as many are on their way all the time. */
class RateMeter implements Meter {
  readonly #settings: RetryingSettings;
  readonly #value: Buffer;
  #heard = 0;
  #next: () => void = () => undefined;

  constructor(settings: RetryingSettings) {
    this.#settings = settings;
    this.#value = Buffer.alloc(settings.size, 'x');
  }

  received(): void {
    this.#heard++;
    this.#next();
  }

  async run(send: (payload: Payload) => Promise<unknown>): Promise<Figures> {
    const { keys, outstanding, retryMs } = this.#settings;
    const failed = new AbortController();
    let sent = 0;
    this.#next = () => {
      send({ key: keyOf(sent++ % keys), value: this.#value }).catch((error: unknown) => failed.abort(error));
    };
    const stopwatch = new Stopwatch();
    for (let i = 0; i < outstanding; i++) this.#next();
    await sleep(retryMs);
    this.#next = () => undefined;
    failed.signal.throwIfAborted();
    return stopwatch.lap(this.#heard);
  }
}
