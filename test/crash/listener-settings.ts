import type { BatchProperties, RecordContainerProperties } from 'hearken';
import type { SeededRandom } from '../support/seeded-random.js';
import { EXECUTORS, type ExecutorKind } from './executors.js';

export const SESSION_MS = 3_000;

/**
 * How long a group waits for a member to join again, and a member, a little longer, for the answer: with the default a join
 * whose answer is lost would take five minutes, as with Java's client.
 */
export const MAX_POLL_INTERVAL_MS = 12_000;

/** What becomes of records that fail: they are tried until they pass, or are recovered, or their keys parked. */
export const EXHAUSTIONS = ['retry', 'dead-letter', 'park'] as const;
export type Exhaustion = (typeof EXHAUSTIONS)[number];

/** How a listener process is set up: anything that goes together. */
export interface ListenerSettings {
  /** Undefined where it listens to one record at a time. */
  readonly batch: BatchProperties | undefined;
  /** Of the manual modes: some acknowledgments come after the listener returned, and not in order. */
  readonly acknowledgesLate: boolean;
  /** A record takes long now and then, and many behind it end before it. */
  readonly stalls: boolean;
  readonly executor: ExecutorKind;
  /** Slots of the executor. */
  readonly concurrency: number;
  readonly properties: Pick<
    RecordContainerProperties,
    | 'ordering'
    | 'ackMode'
    | 'ackCount'
    | 'ackTimeMs'
    | 'syncCommits'
    | 'commitIntervalMs'
    | 'windowRecords'
    | 'maxPollRecords'
    | 'revokeDrainTimeoutMs'
    | 'offsetMap'
    | 'offsetMapIntervalMs'
  >;
}

const ACK_MODES = ['batch', 'record', 'count', 'time', 'count-time'] as const;

export function drawSettings(random: SeededRandom, exhaustion: Exhaustion): ListenerSettings {
  const parks = exhaustion === 'park';
  const ackMode = random.pick([...ACK_MODES, ...(parks ? [] : (['manual', 'manual-immediate'] as const))]);
  const inBatches = random.next() < 0.3 && !parks;
  const isManual = ackMode.startsWith('manual');
  const executor = random.pick(EXECUTORS);
  const concurrency = executor === 'sync' ? 1 : random.pick([1, 4, 16, 40]);
  const ordering = parks ? 'key' : random.pick(['partition', 'key', 'key', 'none']);
  // Records that end in order leave nothing to tell.
  const endsInOrder = ordering === 'partition' && !inBatches && !isManual;
  const offsetMap = random.next() < 0.5 && !endsInOrder;
  const saysInterval = ackMode === 'time' || ackMode === 'manual-immediate';
  return {
    batch: inBatches ? { maxRecords: random.pick([1, 7, 50]), lingerMs: random.pick([0, 5]) } : undefined,
    acknowledgesLate: isManual && !inBatches && random.next() < 0.5,
    // Not where those behind it wait; a few of them in one batch are longer than it may take to give a partition up.
    stalls: (random.next() < 0.5 || offsetMap) && !inBatches && concurrency > 1 && ordering !== 'partition',
    executor,
    concurrency,
    properties: {
      ordering,
      ackMode,
      ...(ackMode.startsWith('count') ? { ackCount: random.pick([1, 20, 500]) } : {}),
      ...(ackMode.endsWith('time') ? { ackTimeMs: random.pick([50, 1_000]) } : {}),
      syncCommits: ackMode === 'record' && random.next() < 0.5,
      ...(saysInterval ? {} : { commitIntervalMs: random.pick([0, 100, 1_000]) }),
      windowRecords: random.pick([50, 100_000]),
      maxPollRecords: random.pick([10, 500]),
      revokeDrainTimeoutMs: random.pick([50, 2_000, 10_000]),
      ...(offsetMap ? { offsetMap, offsetMapIntervalMs: random.pick([50, 1_000]) } : {}),
    },
  };
}

/** How long after a record ended its commit is due; undefined where that is a matter of how many end. */
export function commitsWithinMs({ batch, properties }: ListenerSettings, exhaustion: Exhaustion): number | undefined {
  const { ackMode, ackTimeMs = NaN, commitIntervalMs = 0 } = properties;
  // Nor where keys are parked, or a batch waits until one of its records is with the dead letters.
  if (ackMode === 'count' || exhaustion === 'park' || (batch && exhaustion === 'dead-letter')) return undefined;
  return ackMode?.endsWith('time') === true ? Math.max(ackTimeMs, commitIntervalMs) : commitIntervalMs;
}

/** Whether all that ended is committed when a partition is given up: its listeners are waited for, and acknowledge by themselves. */
export const isTight = ({ acknowledgesLate, properties }: ListenerSettings): boolean =>
  !acknowledgesLate && (properties.revokeDrainTimeoutMs ?? 0) >= 2_000;
