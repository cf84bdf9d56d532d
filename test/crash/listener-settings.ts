import type { BatchProperties, RecordContainerProperties } from 'hearken';
import type { SeededRandom } from '../support/seeded-random.js';

export const SESSION_MS = 3_000;

/**
 * How long a group waits for a member to join again, and a member, a little longer, for the answer: with the default a join
 * whose answer is lost would take five minutes, as with Java's client.
 */
export const MAX_POLL_INTERVAL_MS = 12_000;

/** How a listener process is set up: anything that goes together. */
export interface ListenerSettings {
  /** Undefined where it listens to one record at a time. */
  readonly batch: BatchProperties | undefined;
  /** Of the manual modes: some acknowledgments come after the listener returned, and not in order. */
  readonly acknowledgesLate: boolean;
  readonly properties: Pick<
    RecordContainerProperties,
    | 'ordering'
    | 'ackMode'
    | 'ackCount'
    | 'ackTimeMs'
    | 'syncCommits'
    | 'concurrency'
    | 'commitIntervalMs'
    | 'windowRecords'
    | 'maxPollRecords'
    | 'revokeDrainTimeoutMs'
  >;
}

export function drawSettings(random: SeededRandom): ListenerSettings {
  const ackMode = random.pick(['batch', 'record', 'count', 'time', 'count-time', 'manual', 'manual-immediate']);
  const inBatches = random.next() < 0.3;
  const isManual = ackMode.startsWith('manual');
  const saysInterval = ackMode === 'time' || ackMode === 'manual-immediate';
  return {
    batch: inBatches ? { maxRecords: random.pick([1, 7, 50]), lingerMs: random.pick([0, 5]) } : undefined,
    acknowledgesLate: isManual && !inBatches && random.next() < 0.5,
    properties: {
      ordering: random.pick(['partition', 'key', 'key', 'none']),
      ackMode,
      ...(ackMode.startsWith('count') ? { ackCount: random.pick([1, 20, 500]) } : {}),
      ...(ackMode.endsWith('time') ? { ackTimeMs: random.pick([50, 1_000]) } : {}),
      syncCommits: ackMode === 'record' && random.next() < 0.5,
      concurrency: random.pick([1, 4, 16, 40]),
      ...(saysInterval ? {} : { commitIntervalMs: random.pick([0, 100, 1_000]) }),
      windowRecords: random.pick([50, 100_000]),
      maxPollRecords: random.pick([10, 500]),
      revokeDrainTimeoutMs: random.pick([50, 2_000, 10_000]),
    },
  };
}

/** Whether all that ended is committed when a partition is given up: its listeners are waited for, and acknowledge by themselves. */
export const isTight = ({ acknowledgesLate, properties }: ListenerSettings): boolean =>
  !acknowledgesLate && (properties.revokeDrainTimeoutMs ?? 0) >= 2_000;
