import fc from 'fast-check';
import {
  FixedBackOff,
  type AckMode,
  type KeySelector,
  type NullKey,
  type Ordering,
  type RecordContainerProperties,
} from '../../dist/index.js';

/** Partitions of topic `t`; all are assigned in the beginning. */
export const PARTITIONS: readonly number[] = [0, 1, 2];

/** How long running listeners may go on when their partition is revoked. */
export const REVOKE_DRAIN_MS = 50;

/** How a listener ends its record: when the test says so, at once, a few microtasks later, or by throwing at once first. */
export type Manner = 'when-told' | 'at-once' | 'soon' | 'throws-first';

/** How a listener fails: to be called again, to be done with its record, to have it recovered, to have its partition paused, to stop all. */
export type Failing = 'fail' | 'skip' | 'give-up' | 'pause-by-failure' | 'fatal';

export type Step =
  | { do: 'give'; partition: number; key: string | null; size: number; gap: number; manner: Manner }
  | { do: 'end' | 'nack' | 'return' | 'acknowledge' | Failing; pick: number }
  | { do: 'pass'; ms: number }
  | { do: 'revoke' | 'lose' | 'assign' | 'pause' | 'resume'; partition: number }
  | { do: 'bounce'; how: 'revoke' | 'lose'; partition: number }
  | { do: 'seek'; partition: number; permille: number }
  | { do: 'refuse'; partition: number | undefined }
  | { do: 'slots'; slots: number }
  | { do: 'turn' | 'stop' | 'break' | 'occupy' | 'vacate' | 'hold-commits' | 'let-commits' };

/** Executors that stand before another one. */
export const GATES = ['rate-limited', 'circuit-breaker', 'bulkhead', 'timeout', 'adaptive'] as const;

export type GateKind = (typeof GATES)[number];

/**
 * Who runs the listeners: the container's own, ours, ours promising a slot more than there are, so that their rejections are
 * seen, or one that wants to see every record, as most of those do that stand before another one.
 */
const EXECUTORS = [
  ...(['own', 'sync', 'async', 'pooled', 'by-record'] as const),
  ...GATES,
  ...(['overbooked-abort', 'overbooked-caller-runs', 'overbooked-discard', 'overbooked-discard-oldest'] as const),
];

export type ExecutorKind = (typeof EXECUTORS)[number];

export interface World {
  readonly ordering: Ordering;
  readonly nullKey: NullKey;
  /** Whether records are ordered by what `bySize` says, and not by their keys. */
  readonly selects: boolean;
  readonly executor: ExecutorKind;
  readonly concurrency: number;
  /** Of what there is to choose from for an executor. */
  readonly lot: number;
  readonly ackMode: AckMode;
  readonly ackCount: number;
  readonly syncCommits: boolean;
  readonly commitBefore: boolean;
  readonly offsetMap: boolean;
  readonly bufferRecords: number;
  readonly bufferBytes: number;
  readonly windowRecords: number;
  /** How many microtasks records are on their way from the consumer to the container. */
  readonly pollLag: number;
  /** A consumer that breaks, or a listener whose error is fatal, ends all, or begins anew with another consumer. */
  readonly restarts: boolean;
  readonly steps: readonly Step[];
  /** Stops as it is after the last step, or when all is done. */
  readonly stopsEarly: boolean;
  /** Listeners end well while it stops, in time. */
  readonly drains: boolean;
}

/** Orders records by their size; the small ones have no key. */
export const bySize: KeySelector = ({ value }) => (value?.length === 1 ? null : `${value?.length}`);

const partition = fc.constantFrom(...PARTITIONS);
const pick = fc.nat(99);
const only = <const Names extends readonly string[]>(
  ...names: Names
): fc.Arbitrary<{ do: Names[number]; pick: number }> => fc.record({ do: fc.constantFrom(...names), pick });

const give = fc.record({
  do: fc.constant('give' as const),
  partition,
  key: fc.constantFrom('a', 'b', 'c', null),
  size: fc.constantFrom(1, 2, 9),
  gap: fc.constantFrom(0, 0, 0, 3),
  manner: fc.constantFrom<Manner>('when-told', 'when-told', 'when-told', 'at-once', 'soon', 'throws-first'),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 80, arbitrary: give },
  { weight: 55, arbitrary: only('end') },
  { weight: 32, arbitrary: only('fail', 'skip', 'give-up', 'nack', 'return', 'acknowledge', 'pause-by-failure') },
  { weight: 1, arbitrary: only('fatal') },
  { weight: 20, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 10, 60, 200) }) },
  {
    weight: 40,
    arbitrary: fc.record({
      do: fc.constantFrom('revoke' as const, 'assign', 'assign', 'assign', 'lose', 'lose', 'pause', 'resume'),
      partition,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('bounce' as const),
      how: fc.constantFrom('revoke' as const, 'lose'),
      partition,
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('seek' as const), partition, permille: fc.nat(1000) }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('refuse' as const), partition: fc.option(partition, { nil: undefined }) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('slots' as const), slots: fc.nat(4) }) },
  {
    weight: 20,
    arbitrary: fc.record({ do: fc.constantFrom('occupy' as const, 'vacate', 'hold-commits', 'let-commits') }),
  },
  { weight: 45, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('stop' as const, 'break') }) },
);

const anyWorld: fc.Arbitrary<World> = fc.record({
  ordering: fc.constantFrom('partition', 'key', 'none'),
  nullKey: fc.constantFrom('unordered', 'partition', 'single'),
  selects: fc.nat(3).map((chance) => chance === 0),
  executor: fc.constantFrom(...EXECUTORS),
  concurrency: fc.integer({ min: 1, max: 4 }),
  lot: fc.nat(11),
  ackMode: fc.constantFrom('batch', 'record', 'count', 'time', 'count-time', 'manual', 'manual-immediate'),
  ackCount: fc.integer({ min: 1, max: 5 }),
  syncCommits: fc.boolean(),
  commitBefore: fc.nat(3).map((chance) => chance === 0),
  offsetMap: fc.boolean(),
  bufferRecords: fc.constantFrom(0, 1, 3, 20),
  bufferBytes: fc.constantFrom(1, 10, 10_000),
  windowRecords: fc.constantFrom(2, 8, 1_000),
  pollLag: fc.constantFrom(0, 0, 5, 25),
  restarts: fc.boolean(),
  steps: fc.array(step, { maxLength: 120, size: 'max' }),
  stopsEarly: fc.boolean(),
  drains: fc.boolean(),
});

/** Settings that go together. */
export const worlds = anyWorld.map((world): World => {
  const syncCommits = world.syncCommits && world.ackMode === 'record' && !world.commitBefore;
  if (world.commitBefore && world.ordering !== 'key') return atMostOnce(world);
  const offsetMap = world.offsetMap && (world.ordering !== 'partition' || isManual(world));
  return { ...world, syncCommits, commitBefore: false, offsetMap };
});

/**
 * How much is lost at most is known where the slots are what they are said to be; and who seeks back asks for records twice,
 * so that "at most once" has no meaning.
 */
function atMostOnce(world: World): World {
  const executor = world.executor.startsWith('overbooked') ? 'pooled' : world.executor;
  const steps = world.steps.filter((each) => each.do !== 'seek' && each.do !== 'slots');
  return { ...world, executor, steps, ackMode: 'record', syncCommits: false, offsetMap: false };
}

export const isManual = ({ ackMode }: World): boolean => ackMode.startsWith('manual');

/** Of a container that begins anew with another consumer when one breaks. */
export const RESTARTS = {
  onFatal: 'restart',
  restartBackOff: new FixedBackOff({ intervalMs: 30, maxRetries: 1_000_000 }),
} as const;

/** What a user would write for it: only settings that mean something. */
export function settingsOf(world: World): Omit<RecordContainerProperties, 'listener'> {
  const { ordering, bufferRecords, bufferBytes, windowRecords, ackMode, ackCount, syncCommits, commitBefore } = world;
  const { offsetMap, nullKey, selects } = world;
  return {
    ...(ordering === 'key' ? { nullKey, ...(selects ? { keySelector: bySize } : {}) } : {}),
    ...{ ordering, bufferRecords, bufferBytes, windowRecords, ackMode, syncCommits, commitBefore },
    ...(offsetMap ? { offsetMap, offsetMapIntervalMs: 120 } : {}),
    ...(ackMode.startsWith('count') ? { ackCount } : {}),
    ...(ackMode.endsWith('time') ? { ackTimeMs: 150 } : {}),
    ...(ackMode === 'count' ? { pollTimeoutMs: 150 } : {}),
    revokeDrainTimeoutMs: REVOKE_DRAIN_MS,
    shutdownTimeoutMs: 50,
    maxPollRecords: 5,
    ...(world.restarts ? RESTARTS : {}),
  };
}
