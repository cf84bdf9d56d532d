import fc from 'fast-check';
import type { AckMode, BatchContainerProperties, BatchProperties, NullKey, Ordering } from '../../dist/index.js';

/** Partitions of topic `t`; all are assigned in the beginning. */
export const PARTITIONS: readonly number[] = [0, 1];

/** What a call comes to; `at` chooses an index of it. */
export type Ending =
  'end' | 'return' | 'acknowledge' | 'nack' | 'fail' | 'fail-for-good' | 'fail-at' | 'fail-for-good-at' | 'name-some';

export type Step =
  | { do: 'give'; partition: number; key: string | null; isBad: boolean; endsAtOnce: boolean }
  | { do: Ending; pick: number; at: number }
  | { do: 'pass'; ms: number }
  | { do: 'revoke' | 'lose' | 'assign' | 'pause' | 'resume'; partition: number }
  | { do: 'seek'; partition: number; permille: number }
  | { do: 'refuse'; partition: number | undefined }
  | { do: 'turn' };

export interface World {
  readonly ordering: Ordering;
  readonly nullKey: NullKey;
  readonly by: NonNullable<BatchProperties['by']>;
  /** Those that never refuse what they said they have room for. */
  readonly executor: 'own' | 'async' | 'sync' | 'pooled' | 'by-record';
  readonly concurrency: number;
  readonly ackMode: AckMode;
  readonly ackCount: number;
  readonly syncCommits: boolean;
  readonly maxRecords: number;
  readonly lingerMs: number;
  readonly bufferRecords: number;
  readonly bufferBytes: number;
  readonly windowRecords: number;
  readonly steps: readonly Step[];
  /** Stops as it is after the last step, or when all is done. */
  readonly stopsEarly: boolean;
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
        ...(['fail', 'fail-for-good', 'fail-at', 'fail-for-good-at', 'name-some'] as const),
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
  { weight: 5, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
);

export const worlds: fc.Arbitrary<World> = fc
  .record({
    ordering: fc.constantFrom<Ordering>('partition', 'key', 'key', 'none'),
    nullKey: fc.constantFrom<NullKey>('unordered', 'partition', 'single'),
    by: fc.constantFrom<World['by']>('key', 'any', 'any'),
    executor: fc.constantFrom<World['executor']>('own', 'own', 'async', 'sync', 'pooled', 'by-record'),
    concurrency: fc.integer({ min: 1, max: 3 }),
    ackMode: fc.constantFrom<AckMode>('batch', 'record', 'count', 'time', 'count-time', 'manual', 'manual-immediate'),
    ackCount: fc.integer({ min: 1, max: 5 }),
    syncCommits: fc.boolean(),
    maxRecords: fc.integer({ min: 1, max: 4 }),
    lingerMs: fc.constantFrom(0, 0, 30),
    bufferRecords: fc.constantFrom(4, 6, 20),
    bufferBytes: fc.constantFrom(1, 3, 10_000),
    windowRecords: fc.constantFrom(4, 1_000),
    steps: fc.array(step, { maxLength: 100, size: 'max' }),
    stopsEarly: fc.boolean(),
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
  | ('ackTimeMs' | 'pollTimeoutMs' | 'revokeDrainTimeoutMs' | 'shutdownTimeoutMs' | 'maxPollRecords');

/** What a user would write for it: only settings that mean something. */
export function settingsOf(world: World): Pick<BatchContainerProperties, Setting> {
  const { ordering, bufferRecords, bufferBytes, windowRecords, ackMode, ackCount, syncCommits } = world;
  const { maxRecords, lingerMs, nullKey, by } = world;
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
    revokeDrainTimeoutMs: 50,
    shutdownTimeoutMs: 50,
    maxPollRecords: 5,
  };
}
