import fc from 'fast-check';
import type { AckMode, BatchContainerProperties, BatchProperties, NullKey, Ordering } from '../../dist/index.js';
import { RESTARTS, REVOKE_DRAIN_MS, type GateKind } from '../laws/world.js';

/** Partitions of topic `t`; all are assigned in the beginning. */
export const PARTITIONS: readonly number[] = [0, 1];

/** What a call comes to; `at` chooses an index of it. */
export type Ending =
  | ('end' | 'return' | 'acknowledge' | 'nack' | 'name-some')
  | ('fail' | 'fail-for-good' | 'fail-at' | 'fail-for-good-at' | 'fatal-at');

/** How a stop is asked for: in the container's own time, in less, at once, or for as long as it takes. */
export type StopKind = 'shutdown' | 'hasty' | 'immediate' | 'patient';

export type Step =
  | { do: 'give'; partition: number; key: string | null; isBad: boolean; endsAtOnce: boolean }
  | { do: Ending; pick: number; at: number }
  | { do: 'pass'; ms: number }
  | { do: 'revoke' | 'lose' | 'assign' | 'pause' | 'resume'; partition: number }
  | { do: 'seek'; partition: number; permille: number }
  | { do: 'refuse'; partition: number | undefined }
  | { do: 'bounce'; how: 'revoke' | 'lose'; partition: number }
  /** Perhaps from a listener, which is not waited for then. */
  | { do: 'stop'; how: StopKind; isInside: boolean }
  /** Another container, after one that stops or failed. */
  | { do: 'start' }
  | { do: 'turn' | 'evict' | 'break' | 'hold-commits' | 'let-commits' };

export interface World {
  readonly ordering: Ordering;
  readonly nullKey: NullKey;
  readonly by: NonNullable<BatchProperties['by']>;
  /** Those that never refuse what they said they have room for. */
  readonly executor: 'own' | 'async' | 'sync' | 'pooled' | 'by-record' | Exclude<GateKind, 'timeout'>;
  readonly concurrency: number;
  /** Of what there is to choose from for an executor. */
  readonly lot: number;
  readonly ackMode: AckMode;
  readonly ackCount: number;
  readonly syncCommits: boolean;
  /** Undefined: longer than a world lasts. */
  readonly commitTimeoutMs: number | undefined;
  readonly maxRecords: number;
  readonly lingerMs: number;
  readonly bufferRecords: number;
  readonly bufferBytes: number;
  readonly windowRecords: number;
  /** A consumer that breaks, or a listener whose error is fatal, ends all, or begins anew with another consumer. */
  readonly restarts: boolean;
  readonly steps: readonly Step[];
  /** Stops as it is after the last step, or when all is done. */
  readonly stopsEarly: boolean;
  /** Listeners end well while a patient stop goes on. */
  readonly drains: boolean;
}

const partition = fc.constantFrom(...PARTITIONS);
const numbers = { pick: fc.nat(99), at: fc.nat(99) };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('give' as const),
      partition,
      key: fc.constantFrom('a', 'b', null),
      isBad: fc.nat(9).map((chance) => chance === 0),
      endsAtOnce: fc.nat(7).map((chance) => chance === 0),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('end' as const), ...numbers }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom<Ending>(
        ...(['return', 'acknowledge', 'acknowledge', 'nack'] as const),
        ...(['fail', 'fail-for-good', 'fail-at', 'fail-for-good-at', 'name-some', 'fatal-at'] as const),
      ),
      ...numbers,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 10, 60, 200) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('revoke' as const, 'assign', 'assign', 'assign', 'lose', 'pause', 'resume', 'resume'),
      partition,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('seek' as const), partition, permille: fc.nat(1000) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('refuse' as const), partition: fc.option(partition, { nil: undefined }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('bounce' as const),
      how: fc.constantFrom('revoke' as const, 'lose'),
      partition,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('hold-commits' as const, 'let-commits') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('stop' as const),
      how: fc.constantFrom<StopKind>('shutdown', 'hasty', 'immediate', 'patient', 'patient'),
      isInside: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('start' as const, 'start', 'start', 'evict', 'break') }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
);

const EXECUTORS = [
  ...(['own', 'own', 'own', 'async', 'sync', 'pooled', 'by-record'] as const),
  ...(['rate-limited', 'circuit-breaker', 'bulkhead', 'adaptive'] as const),
] as const;

export const worlds: fc.Arbitrary<World> = fc
  .record({
    ordering: fc.constantFrom<Ordering>('partition', 'key', 'key', 'none'),
    nullKey: fc.constantFrom<NullKey>('unordered', 'partition', 'single'),
    by: fc.constantFrom<World['by']>('key', 'any', 'any'),
    executor: fc.constantFrom<World['executor']>(...EXECUTORS),
    concurrency: fc.integer({ min: 1, max: 3 }),
    lot: fc.nat(11),
    ackMode: fc.constantFrom<AckMode>('batch', 'record', 'count', 'time', 'count-time', 'manual', 'manual-immediate'),
    ackCount: fc.integer({ min: 1, max: 5 }),
    syncCommits: fc.boolean(),
    commitTimeoutMs: fc.constantFrom(undefined, 40, 150),
    maxRecords: fc.integer({ min: 1, max: 4 }),
    lingerMs: fc.constantFrom(0, 0, 30),
    bufferRecords: fc.constantFrom(4, 6, 20),
    bufferBytes: fc.constantFrom(1, 3, 10_000),
    windowRecords: fc.constantFrom(4, 1_000),
    restarts: fc.boolean(),
    steps: fc.array(step, { maxLength: 100, size: 'max' }),
    stopsEarly: fc.boolean(),
    drains: fc.boolean(),
  })
  .map((world) => ({
    ...world,
    concurrency: world.executor === 'sync' ? 1 : world.concurrency,
    syncCommits: world.syncCommits && world.ackMode === 'record' && !(world.ordering === 'key' && world.by === 'any'),
    nullKey: world.by === 'any' && world.nullKey === 'single' ? 'partition' : world.nullKey,
    by: world.ordering === 'key' ? world.by : 'key',
  }));

export const isManual = ({ ackMode }: World): boolean => ackMode.startsWith('manual');

type Setting =
  | (
      | 'ordering'
      | 'nullKey'
      | 'bufferRecords'
      | 'bufferBytes'
      | 'windowRecords'
      | 'ackMode'
      | 'syncCommits'
      | 'batch'
      | 'ackCount'
    )
  | ('commitTimeoutMs' | 'onFatal' | 'restartBackOff')
  | ('ackTimeMs' | 'pollTimeoutMs' | 'revokeDrainTimeoutMs' | 'shutdownTimeoutMs' | 'maxPollRecords');

/** What a user would write for it: only settings that mean something. */
export function settingsOf(world: World): Pick<BatchContainerProperties, Setting> {
  const { ordering, bufferRecords, bufferBytes, windowRecords, ackMode, ackCount, syncCommits } = world;
  const { maxRecords, lingerMs, nullKey, by, commitTimeoutMs, restarts } = world;
  return {
    ...{
      ordering,
      bufferRecords,
      bufferBytes,
      windowRecords,
      ackMode,
      syncCommits,
      batch: ordering === 'key' ? { maxRecords, lingerMs, by } : { maxRecords, lingerMs },
    },
    ...(ordering === 'key' ? { nullKey } : {}),
    ...(ackMode.startsWith('count') ? { ackCount } : {}),
    ...(ackMode.endsWith('time') ? { ackTimeMs: 150 } : {}),
    ...(ackMode === 'count' ? { pollTimeoutMs: 150 } : {}),
    ...(commitTimeoutMs === undefined ? {} : { commitTimeoutMs }),
    ...(restarts ? RESTARTS : {}),
    revokeDrainTimeoutMs: REVOKE_DRAIN_MS,
    shutdownTimeoutMs: 50,
    maxPollRecords: 5,
  };
}
