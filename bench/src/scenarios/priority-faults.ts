import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DefaultErrorHandler, FixedBackOff, type ConsumerRecord } from 'hearken';
import { alone, embedded, forEachService } from '../priority/contests.js';
import { FaultyListener, LEVELS, LOWEST, MIDDLE, URGENT, type Fault } from '../priority/faulty-listener.js';
import { HandledLog } from '../priority/handled-log.js';
import { LevelSender, numberOf } from '../priority/level-sender.js';
import { withLevels } from '../priority/level-topics.js';
import { priorityReader, type OwnProperties } from '../priority/readers.js';
import { serviceTimes, type ServiceName } from '../priority/service-times.js';
import { SeparateReader } from '../priority/separate-reader.js';
import { COMMON_SETTINGS, defineScenario, type Contest, type Figures, type TurnContext } from '../scenario.js';

const settings = {
  ...COMMON_SETTINGS,
  turns: 1,
  capacity: 20,
  /** What a handler waits, in the mean. */
  workMs: 5,
  /** Records a second of each of the two lower levels, and of the urgent one. */
  lowPerSecond: 500,
  urgentPerSecond: 400,
  /** Each fault, and a time without one, in turns. */
  rounds: 9,
  /** How long each of them lasts. */
  phaseMs: 2000,
  kills: 2,
};
type FaultSettings = typeof settings;
type Context = TurnContext<FaultSettings>;

/** Slots that a level may take whose listeners hang. */
const MOST_SLOTS = 5;
/** The sessions of who was killed end meanwhile. */
const TAKEOVER_MS = 30_000;
/** Records that a process has handled before it is killed, for each of its slots. */
const BUSY_ROUNDS = 10;
/** A container's default. */
const COMMIT_INTERVAL_MS = 100;

const FAULTS: readonly Fault[] = ['none', 'poison', 'throw', 'hang', 'rebalance'];
/** Between two kills, in phases. */
const LIFE = 3;

/** What goes wrong in the lower levels loses no record, and the urgent level does not notice. */
export const priorityFaults = defineScenario<FaultSettings>({
  settings,
  contests: {
    ...forEachService(faults, 'faults of the lower levels, '),
    'kill -9, embedded broker': embedded(killing()),
    'faults of the lower levels, exponential': faults('exponential'),
    'kill -9': killing(),
  },
});

function faults(service: ServiceName): Contest<FaultSettings> {
  return alone(
    (context) => inTurn(context, service),
    { figure: 'lost', atMost: 0 },
    { figure: 'blastRadius', atMost: 1.1 },
  );
}

function killing(): Contest<FaultSettings> {
  return alone(killed, { figure: 'lost', atMost: 0 }, { figure: 'ofUncommitted', atMost: 1 });
}

/**
 * One container lives through all of them: `blastRadius` is the worst p99 of an urgent record's wait over the one without a fault,
 * each the median of its phases.
 * The first round is not measured.
 */
function inTurn({ brokers, settings }: Context, service: ServiceName): Promise<Figures> {
  return withLevels(brokers, { levels: LEVELS, partitions: settings.partitions }, async (topics) => {
    const { capacity, workMs, size, rounds } = settings;
    const listener = new FaultyListener(serviceTimes(service, workMs));
    const sender = new LevelSender(brokers, topics, size);
    const reader = await priorityReader(brokers, topics, containerProperties(settings, listener), (level, value) =>
      listener.handle(level, numberOf(value)),
    );
    // Of one level: its group and its topic are those of the lowest of all.
    const init = { brokers, logical: topics.logical, levels: 1, groupId: reader.groupId, capacity, workMs };
    const member = new SeparateReader(init, ([level, number]) => listener.log.handled(level, number));
    try {
      for (let round = 0; round <= rounds; round++) {
        for (const fault of FAULTS) await phase(fault, { settings, sender, member, listener });
        if (round === 0) listener.reset();
      }
      const lost = await listener.log.lost(sender.sent);
      return { lost, duplicates: listener.log.duplicates, ...urgentWaits(listener) };
    } finally {
      await member.close();
      await reader.stop();
      await sender.close();
    }
  });
}

function urgentWaits(listener: FaultyListener): Figures {
  const p99Ms = FAULTS.map((fault) => listener.p99Ms(fault));
  return {
    blastRadius: Math.max(...p99Ms.slice(1)) / (p99Ms[0] ?? NaN),
    ...Object.fromEntries(FAULTS.map((fault, i) => [`${fault}P99Ms`, p99Ms[i] ?? NaN])),
    ...Object.fromEntries(FAULTS.map((fault) => [`${fault}LoopP99Ms`, listener.loopP99Ms(fault)])),
  };
}

/** A poisonous record is tried three times; then it is given away, which is an end too. */
const containerProperties = ({ capacity }: FaultSettings, listener: FaultyListener): OwnProperties => ({
  capacity,
  levels: [{ maxSlots: MOST_SLOTS }, {}, {}],
  errorHandler: new DefaultErrorHandler({
    backOff: new FixedBackOff({ intervalMs: 20, maxRetries: 2 }),
    recoverer: ({ topic, value }: ConsumerRecord) => listener.gaveUp(Number(topic.slice(-1)), numberOf(value)),
  }),
});

interface Stage {
  readonly settings: FaultSettings;
  readonly sender: LevelSender;
  /** Of the lowest level's group, when it reads. */
  readonly member: SeparateReader;
  readonly listener: FaultyListener;
}

async function phase(fault: Fault, { settings, sender, member, listener }: Stage): Promise<void> {
  const { lowPerSecond, urgentPerSecond, phaseMs } = settings;
  listener.begin(fault);
  const work = [
    sender.pace(LOWEST, lowPerSecond, phaseMs),
    sender.pace(MIDDLE, lowPerSecond, phaseMs),
    paceUrgent(sender, urgentPerSecond, phaseMs, listener),
  ];
  if (fault === 'rebalance') work.push(member.run('start').then(() => member.run('stop')));
  await Promise.all(work);
  listener.end();
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

/** A process that reads is killed again and again; the next takes over what it had not committed. */
function killed({ brokers, settings }: Context): Promise<Figures> {
  const { capacity, workMs, partitions, kills, phaseMs, lowPerSecond } = settings;
  return withLevels(brokers, { levels: LEVELS, partitions }, async ({ logical, names }) => {
    const log = new HandledLog(LEVELS);
    const sender = new LevelSender(brokers, { logical, names }, settings.size);
    const init = { brokers, logical, levels: LEVELS, groupId: `bench-${randomUUID()}`, capacity, workMs };
    const start = (): SeparateReader => {
      const next = new SeparateReader(init, ([level, number]) => log.handled(level, number));
      void next.run('start'); // when it has joined is no matter
      return next;
    };
    let reader = start();
    try {
      const sending = Promise.all(
        names.map((_, level) => sender.pace(level, lowPerSecond, (kills + 1) * LIFE * phaseMs)),
      );
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
      await reader.close();
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
  await sleep(randomInt(Math.ceil(phaseMs / 3)));
}

/** Records that may have been handled and not be committed at any moment: those since the last commit, and one on its way. */
const uncommitted = ({ capacity, workMs }: FaultSettings): number =>
  capacity + (capacity / workMs) * 2 * COMMIT_INTERVAL_MS;
