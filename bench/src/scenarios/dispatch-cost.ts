import { setImmediate as turn } from 'node:timers/promises';
import { Headers, MessageListenerContainer, type ConsumerRecord, type ConsumerRecords } from 'hearken';
import { pollOf, PreparedConsumer } from '../parallel/prepared-consumer.js';
import { keyNumber, keyNumbers, keyOf } from '../payloads.js';
import { COMMON_SETTINGS, defineScenario, type Figures, type TurnContext } from '../scenario.js';
import { Stopwatch } from '../stopwatch.js';

const settings = {
  ...COMMON_SETTINGS,
  keys: 100_000,
  concurrency: 100,
  /** Records that wait for a slot when it begins. */
  buffer: 20_000,
  /** Of one poll. */
  poll: 500,
  /** How often the buffer is filled and emptied in a turn. */
  rounds: 50,
};
type CostSettings = typeof settings;

const NO_HEADERS = Headers.from();

/**
 * What a record costs a container, and nothing else: no broker, no client, handlers that do nothing. All slots are taken until
 * the buffer is full; then all of it goes at once. Making the records is not counted.
 */
export const dispatchCost = defineScenario<CostSettings>({
  settings,
  contests: {
    'full buffer, key order': {
      hearken,
      peers: {},
      compared: [],
      gates: [{ figure: 'cpuMicrosPerMessage', atMost: 0.5 }],
    },
  },
});

async function hearken({ topic, settings }: TurnContext<CostSettings>): Promise<Figures> {
  const { partitions, concurrency, buffer, rounds } = settings;
  const consumer = new PreparedConsumer(topic, partitions);
  const records = new Records(topic, settings);
  const last = new Float64Array(settings.keys).fill(-1);
  let gate: Promise<void> | undefined;
  let isChecked = false;
  let violations = 0;
  const check = ({ key, timestamp }: ConsumerRecord): void => {
    const number = keyNumber(key);
    if (!((last[number] ?? NaN) < timestamp)) violations++;
    last[number] = timestamp;
  };
  const container = new MessageListenerContainer(
    { groupId: 'bench', maxPollIntervalMs: 300_000, createConsumer: () => consumer },
    {
      topics: [topic],
      ordering: 'key',
      concurrency,
      bufferRecords: 2 * buffer, // it polls while half of that is free
      bufferBytes: Number.MAX_SAFE_INTEGER,
      listener: (record) => {
        if (isChecked) check(record);
        return gate;
      },
    },
  );
  const cpuMicros = { intake: 0, drain: 0 };
  let seconds = 0;
  const lap = (phase: keyof typeof cpuMicros, stopwatch: Stopwatch): void => {
    const { seconds: took = NaN, cpuMicrosPerMessage = NaN } = stopwatch.lap(1);
    cpuMicros[phase] += cpuMicrosPerMessage;
    seconds += took;
  };
  const round = async (): Promise<void> => {
    const polls = records.next();
    let open = (): void => undefined;
    gate = new Promise<void>((resolve) => (open = resolve));
    const intake = new Stopwatch();
    consumer.give(polls);
    while (container.metrics().queued < buffer) await turn();
    lap('intake', intake);
    const drain = new Stopwatch();
    gate = undefined;
    open();
    while (container.metrics().processed < records.made) await turn();
    lap('drain', drain);
  };
  await container.start();
  for (let i = 0; i < rounds; i++) await round();
  const messages = records.made;
  const figures = {
    messages,
    microsPerMessage: (1_000_000 * seconds) / messages,
    cpuMicrosPerMessage: (cpuMicros.intake + cpuMicros.drain) / messages,
    intakeMicros: cpuMicros.intake / messages,
    drainMicros: cpuMicros.drain / messages,
  };
  isChecked = true;
  await round();
  await container.stop();
  if (consumer.committedRecords !== records.made) throw new Error(`${consumer.committedRecords} records are committed`);
  if (violations > 0) throw new Error(`${violations} records were handled out of their key's order`);
  return figures;
}

/** What fills all slots and the buffer, over and over, as a consumer would poll it. */
class Records {
  /** How many there were; each has its number for a timestamp. */
  made = 0;
  readonly #topic: string;
  readonly #settings: CostSettings;
  readonly #nextKey: () => number;
  readonly #offsets: number[] = [];
  readonly #value: Buffer;

  constructor(topic: string, settings: CostSettings) {
    this.#topic = topic;
    this.#settings = settings;
    this.#nextKey = keyNumbers(settings.keys, 0);
    this.#value = Buffer.alloc(settings.size, 'x');
  }

  next(): ConsumerRecords[] {
    const { concurrency, buffer, poll } = this.#settings;
    const polls: ConsumerRecords[] = [];
    for (let left = concurrency + buffer; left > 0; left -= poll) {
      polls.push(
        pollOf(
          this.#topic,
          Array.from({ length: Math.min(poll, left) }, () => this.#make()),
        ),
      );
    }
    return polls;
  }

  #make(): ConsumerRecord {
    const number = this.#nextKey();
    const partition = number % this.#settings.partitions;
    const offset = this.#offsets[partition] ?? 0;
    this.#offsets[partition] = offset + 1;
    return {
      topic: this.#topic,
      partition,
      offset,
      timestamp: this.made++,
      timestampType: 'create-time',
      key: keyOf(number),
      value: this.#value,
      headers: NO_HEADERS,
      sizeInBytes: this.#settings.size,
    };
  }
}
