import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  FixedBackOff,
  MessageListenerContainer,
  type ConsumerRecord,
} from 'hearken';
import { HandledLog } from '../priority/handled-log.js';
import { KilledReader } from '../priority/killed-reader.js';
import { LevelSender, numberOf } from '../priority/level-sender.js';
import { withLevels, type LevelTopics } from '../priority/level-topics.js';
import { priorityReader, type PriorityReader } from '../priority/readers.js';
import { COMMON_SETTINGS, defineScenario, type Contest, type Figures, type TurnContext } from '../scenario.js';
import { percentile } from '../statistics.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 1,
  capacity: 20,
  /** What a handler waits. */
  workMs: 5,
  /** Records a second of each of the two lower levels, and of the urgent one. */
  lowPerSecond: 500,
  urgentPerSecond: 200,
  /** How long each fault lasts, and the time without one before them. */
  phaseMs: 3000,
  /** Between two rebalances of the lowest level. */
  rebalanceMs: 1000,
  kills: 2,
};
type FaultSettings = typeof settings;
type Context = TurnContext<FaultSettings>;

const LEVELS = 3;
const [LOWEST, MIDDLE, URGENT] = [0, 1, 2];
/** Slots that a level may take whose listeners hang. */
const MOST_SLOTS = 5;
const EVERY = 10;
/** The sessions of who was killed end meanwhile. */
const TAKEOVER_MS = 30_000;
/** Records that a process has handled before it is killed, for each of its slots. */
const BUSY_ROUNDS = 10;
/** A container's default. */
const COMMIT_INTERVAL_MS = 100;

type Fault = 'none' | 'poison' | 'throw' | 'hang' | 'rebalance';
/** The first is not measured: what follows has what it needs. */
const FAULTS: readonly Fault[] = ['none', 'none', 'poison', 'throw', 'hang', 'rebalance'];

/** What goes wrong in the lower levels loses no record, and the urgent level does not notice. */
export const priorityFaults = defineScenario<FaultSettings>({
  settings,
  contests: {
    'faults of the lower levels, embedded broker': { ...faults(), broker: 'embedded' },
    'kill -9, embedded broker': { ...killing(), broker: 'embedded' },
    'faults of the lower levels': faults(),
    'kill -9': killing(),
  },
});

function faults(): Contest<FaultSettings> {
  return {
    hearken: (context) => inTurn(context),
    peers: {},
    compared: [],
    gates: [
      { figure: 'lost', atMost: 0 },
      { figure: 'blastRadius', atMost: 1.1 },
    ],
  };
}

function killing(): Contest<FaultSettings> {
  return {
    hearken: killed,
    peers: {},
    compared: [],
    gates: [
      { figure: 'lost', atMost: 0 },
      { figure: 'ofUncommitted', atMost: 1 },
    ],
  };
}

/** One container lives through all of them: `blastRadius` is the worst p99 of an urgent record's wait over the one without a fault. */
function inTurn({ brokers, settings }: Context): Promise<Figures> {
  return withLevels(brokers, { levels: LEVELS, partitions: settings.partitions }, async (topics) => {
    const listener = new FaultyListener(settings.workMs);
    const sender = new LevelSender(brokers, topics, settings.size);
    const reader = await priorityReader(
      brokers,
      topics,
      { ...containerProperties(settings, listener) },
      (level, value) => listener.handle(level, numberOf(value)),
    );
    const p99Ms: Record<string, number> = {};
    try {
      for (const fault of FAULTS)
        p99Ms[fault] = await phase(fault, { brokers, settings, topics, sender, reader, listener });
      const lost = await listener.log.lost(sender.sent);
      const { none = NaN, ...others } = p99Ms;
      return {
        lost,
        duplicates: listener.log.duplicates,
        blastRadius: Math.max(...Object.values(others)) / none,
        ...Object.fromEntries(Object.entries(p99Ms).map(([fault, ms]) => [`${fault}P99Ms`, ms])),
      };
    } finally {
      await reader.stop();
      await sender.close();
    }
  });
}

/** A poisonous record is tried three times; then it is given away, which is an end too. */
const containerProperties = (
  { capacity }: FaultSettings,
  listener: FaultyListener,
): Parameters<typeof priorityReader>[2] => ({
  capacity,
  levels: [{ maxSlots: MOST_SLOTS }, {}, {}],
  errorHandler: new DefaultErrorHandler({
    backOff: new FixedBackOff({ intervalMs: 20, maxRetries: 2 }),
    recoverer: ({ topic, value }: ConsumerRecord) => listener.gaveUp(Number(topic.slice(-1)), numberOf(value)),
  }),
});

interface Stage {
  readonly brokers: string[];
  readonly settings: FaultSettings;
  readonly topics: LevelTopics;
  readonly sender: LevelSender;
  readonly reader: PriorityReader;
  readonly listener: FaultyListener;
}

/** The p99 of the waits of urgent records while the fault lasts. */
async function phase(fault: Fault, stage: Stage): Promise<number> {
  const { settings, sender, listener } = stage;
  const { lowPerSecond, urgentPerSecond, phaseMs } = settings;
  listener.begin(fault);
  await Promise.all([
    sender.pace(LOWEST, lowPerSecond, phaseMs),
    sender.pace(MIDDLE, lowPerSecond, phaseMs),
    paceUrgent(sender, urgentPerSecond, phaseMs, listener),
    ...(fault === 'rebalance' ? [rebalances(stage)] : []),
  ]);
  return listener.end();
}

/** One by one, so that each has a time of its own. */
async function paceUrgent(
  sender: LevelSender,
  perSecond: number,
  durationMs: number,
  listener: FaultyListener,
): Promise<void> {
  const until = performance.now() + durationMs;
  const sends: Promise<void>[] = [];
  while (performance.now() < until) {
    listener.sent((sender.sent[URGENT] ?? 0) + 1);
    sends.push(sender.send(URGENT, 1));
    await sleep(1000 / perSecond);
  }
  await Promise.all(sends);
}

/** Another member joins the lowest level's group and leaves it, and handles what it is given. */
async function rebalances({ brokers, settings, topics, reader, listener }: Stage): Promise<void> {
  for (let at = 0; at < settings.phaseMs; at += settings.rebalanceMs) {
    const other = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(
        { brokers, clientId: 'bench-other' },
        { groupId: `${reader.groupId}-${LOWEST}`, autoOffsetReset: 'earliest' },
      ),
      { topics: [topics.names[LOWEST] ?? ''], listener: ({ value }) => listener.handle(LOWEST, numberOf(value)) },
    );
    await other.start();
    await sleep(settings.rebalanceMs / 2);
    await other.stop();
    await sleep(settings.rebalanceMs / 2);
  }
}

/** Does what the fault of the hour is, and notes what was handled and how long urgent records waited. */
class FaultyListener {
  readonly log = new HandledLog(LEVELS);
  readonly #workMs: number;
  readonly #sentAt = new Map<number, number>();
  readonly #thrown = new Set<string>();
  #waitsMs: number[] = [];
  #fault: Fault = 'none';
  #endOfPhase: Promise<void> = Promise.resolve();
  #endPhase: () => void = () => undefined;

  constructor(workMs: number) {
    this.#workMs = workMs;
  }

  begin(fault: Fault): void {
    this.#fault = fault;
    this.#waitsMs = [];
    this.#endOfPhase = new Promise((resolve) => (this.#endPhase = resolve));
  }

  /** What hangs goes on. */
  end(): number {
    this.#endPhase();
    return percentile(this.#waitsMs, 0.99);
  }

  sent(urgent: number): void {
    this.#sentAt.set(urgent, performance.now());
  }

  gaveUp(level: number, number: number): void {
    this.log.handled(level, number);
  }

  async handle(level: number, number: number): Promise<void> {
    const sentAt = level === URGENT ? this.#sentAt.get(number) : undefined;
    if (sentAt !== undefined) this.#waitsMs.push(performance.now() - sentAt);
    if (level !== URGENT && number % EVERY === 0) await this.#misbehave(level, number);
    await sleep(this.#workMs);
    this.log.handled(level, number);
  }

  async #misbehave(level: number, number: number): Promise<void> {
    if (this.#fault === 'poison' && level === LOWEST) throw new Error('poison');
    if (this.#fault === 'throw' && level === MIDDLE && !this.#thrown.has(String(number))) {
      this.#thrown.add(String(number));
      throw new Error('once');
    }
    if (this.#fault === 'hang' && level === LOWEST) await this.#endOfPhase;
  }
}

/** A process that reads is killed again and again; the next takes over what it had not committed. */
function killed({ brokers, settings }: Context): Promise<Figures> {
  const { capacity, workMs, partitions, kills, phaseMs, lowPerSecond } = settings;
  return withLevels(brokers, { levels: LEVELS, partitions }, async ({ logical, names }) => {
    const log = new HandledLog(LEVELS);
    const sender = new LevelSender(brokers, { logical, names }, settings.size);
    const init = { brokers, logical, levels: LEVELS, groupId: `bench-${randomUUID()}`, capacity, workMs };
    const start = (): KilledReader => new KilledReader(init, ([level, number]) => log.handled(level, number));
    let reader = start();
    try {
      const sending = Promise.all(names.map((_, level) => sender.pace(level, lowPerSecond, (kills + 1) * phaseMs)));
      sending.catch(() => undefined); // told below
      for (let kill = 0; kill < kills; kill++) {
        await handlesAgain(log, settings);
        await reader.kill();
        reader = start();
      }
      await sending;
      const lost = await log.lost(sender.sent, TAKEOVER_MS);
      return {
        lost,
        duplicates: log.duplicates,
        kills,
        ofUncommitted: log.duplicates / (kills * uncommitted(settings)),
      };
    } finally {
      await reader.stop();
      await sender.close();
    }
  });
}

/** It has taken over and is in the middle of its work. */
async function handlesAgain(log: HandledLog, { capacity, phaseMs }: FaultSettings): Promise<void> {
  const enough = log.total + BUSY_ROUNDS * capacity;
  const deadline = performance.now() + TAKEOVER_MS;
  while (log.total < enough) {
    if (performance.now() > deadline) throw new Error('nobody handles records any more');
    await sleep(10);
  }
  await sleep(randomInt(phaseMs / 10));
}

/** Records that may have been handled and not be committed at any moment: those since the last commit, and one on its way. */
const uncommitted = ({ capacity, workMs }: FaultSettings): number =>
  capacity + (capacity / workMs) * 2 * COMMIT_INTERVAL_MS;
