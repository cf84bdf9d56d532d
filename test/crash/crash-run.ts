import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { KafkaAdmin, type AssignorName } from 'hearken';
import { uniqueName } from '../support/kafka.js';
import type { NumberedOrder } from '../support/numbered-orders.js';
import { readPartitions } from '../support/partition-log.js';
import { SeededRandom } from '../support/seeded-random.js';
import { until } from '../support/until.js';
import { startBroker, type BrokerKind, type CrashBroker } from './crash-broker.js';
import { CrashLogReader } from './crash-log.js';
import { Crew } from './crew.js';
import { groupObserver } from './group-observer.js';
import { EXHAUSTIONS, type Exhaustion } from './listener-settings.js';
import { judge, type FoundRecord, type Verdict } from './oracle.js';
import { playRound, type RoundKind } from './rounds.js';

const PARTITIONS = 6;

/** How to crash. */
export interface CrashRunOptions {
  readonly seed: number;
  readonly rounds: number;
  readonly broker: BrokerKind;
  /** What happens in the rounds. @default drawn by lot */
  readonly kinds?: readonly RoundKind[];
  readonly protocol?: readonly AssignorName[];
  /** What becomes of records that fail. @default drawn by lot */
  readonly exhaustion?: Exhaustion;
  /** Told after each round. */
  readonly onRound?: (round: number, kind: RoundKind) => void;
}

/** What came of it. */
export interface CrashReport extends Verdict {
  readonly records: number;
  /** The folder of what the processes wrote down; it is gone if all was well. */
  readonly folder: string;
}

/** Senders and listeners at work to which things happen at random; then an oracle reads what they wrote down. */
export async function runCrashes(options: CrashRunOptions): Promise<CrashReport> {
  await using broker = await startBroker(options.broker);
  const folder = await mkdtemp(join(tmpdir(), 'hearken-crash-'));
  const logFile = join(folder, 'events.log');
  using log = new CrashLogReader(logFile);
  const found = await crash(options, broker, log, logFile);
  const verdict = judge(log.catchUp(), found);
  if (verdict.violations.length === 0) await rm(folder, { recursive: true });
  return { ...verdict, records: found.length, folder };
}

async function crash(
  { seed, rounds, kinds, protocol, exhaustion = new SeededRandom(seed).pick(EXHAUSTIONS), onRound }: CrashRunOptions,
  broker: CrashBroker,
  log: CrashLogReader,
  logFile: string,
): Promise<readonly FoundRecord[]> {
  const random = new SeededRandom(seed);
  const { brokers } = broker;
  const topic = uniqueName('crash');
  await using admin = new KafkaAdmin({ brokers });
  await admin.createTopics(
    ['', '-dlt', '-parked'].map((suffix) => ({ topic: topic + suffix, partitions: PARTITIONS })),
  );
  const partitionAssignors = protocol ?? random.pick([['cooperative-sticky'], ['range', 'round-robin']]);
  using crew = new Crew({ brokers, topic, logFile, partitionAssignors, exhaustion }, random);
  await using observer = await groupObserver(brokers, crew.groupId, topic);
  try {
    for (let round = 1; round <= rounds; round++) {
      const kind = await playRound({ crew, broker, log, random }, kinds?.[(round - 1) % kinds.length]);
      crew.writes({ at: 'group', offsets: await observer.offsets() });
      onRound?.(round, kind);
    }
    await finish(crew, log, () => readRecords(brokers, topic));
  } catch (error) {
    crew.writes({ at: 'trouble', who: 'the run', what: inspect(error) });
    crew.writes({
      at: 'trouble',
      who: 'the group',
      what: inspect(await observer.members().catch(String), { depth: 5 }),
    });
  }
  return await readRecords(brokers, topic);
}

/** Stops the sender, waits until the listeners have ended all there is, and stops them. */
async function finish(crew: Crew, log: CrashLogReader, read: () => Promise<readonly FoundRecord[]>): Promise<void> {
  await crew.stopAll('sender');
  const found = await read();
  while (log.ended < found.length && !log.hasTrouble) {
    const already = log.ended;
    await until('another record ends', () => log.catchUp().length > 0 && (log.ended > already || log.hasTrouble));
  }
  await crew.stopAll('listener');
}

async function readRecords(brokers: string[], topic: string): Promise<readonly FoundRecord[]> {
  const logs = await readPartitions(brokers, topic);
  return logs.flatMap((messages, p) =>
    messages.map((message, o) => ({ p, o, ...(JSON.parse(message.value?.toString() ?? '') as NumberedOrder) })),
  );
}
