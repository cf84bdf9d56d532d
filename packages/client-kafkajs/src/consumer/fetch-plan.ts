import type { FetchBuffer } from './fetch-buffer.js';
import type { AssignedPartition } from './subscription-state.js';

/** One fetch to send. */
export interface Fetch {
  readonly nodeId: number;
  readonly role: 'fetch' | 'spare';
  readonly partitions: readonly FetchablePartition[];
  readonly maxWaitMs: number;
  readonly maxBytes: number;
}

/** One whose position is known. */
type FetchablePartition = AssignedPartition & { readonly buffer: FetchBuffer };

export interface FetchPlan {
  readonly fetches: readonly Fetch[];
  /** Wanted, and nobody to ask. */
  readonly leaderless: readonly AssignedPartition[];
  /** Whether a partition would be fetched if less of it were buffered: then `poll` making room calls for a new plan. */
  readonly isHeldBack: boolean;
}

export interface FetchWorld {
  readonly nowMs: number;
  leaderOf(partition: AssignedPartition): number | undefined;
  isBusy(nodeId: number, role: Fetch['role']): boolean;
}

export interface FetchLimits {
  readonly fetchMaxWaitMs: number;
  readonly fetchMaxBytes: number;
  readonly maxPartitionFetchBytes: number;
}

/**
 * How long a broker may hold a fetch while a partition it leads is not part of it. Such a partition joins the next fetch, so
 * it waits that long at most: for room in its buffer, for its back-off, for the answer on the other connection.
 */
const CATCH_UP_WAIT_MS = 5;

/** The partitions that one node leads: those to fetch now, and whether there are others that cannot be. */
interface Leader {
  readonly wanted: FetchablePartition[];
  isIncomplete: boolean;
}

/**
 * What to fetch now: of each leader all partitions with room in their buffers, one fetch at a time. While that one is held
 * by the broker, partitions that came to have nothing (resumed, sought, newly assigned) are fetched over the spare
 * connection: the broker would not look at a second request on the first.
 */
export function planFetches(
  partitions: readonly AssignedPartition[],
  world: FetchWorld,
  limits: FetchLimits,
): FetchPlan {
  const room = limits.fetchMaxBytes - partitions.reduce((sum, { buffer }) => sum + (buffer?.bytes ?? 0), 0);
  const leaders = new Map<number, Leader>();
  const leaderless: AssignedPartition[] = [];
  let isHeldBack = false;
  for (const partition of partitions) {
    if (!isWanted(partition)) continue;
    const isFull = room <= 0 || partition.buffer.bytes >= limits.maxPartitionFetchBytes;
    const isWaiting = isFull || partition.retryAtMs > world.nowMs;
    isHeldBack ||= isFull;
    const nodeId = world.leaderOf(partition);
    if (nodeId !== undefined) addTo(leaders, nodeId, partition, isWaiting);
    else if (!isWaiting) leaderless.push(partition);
  }
  const fetches = [...leaders].flatMap(([nodeId, leader]) => fetchOf(nodeId, leader, room, world, limits) ?? []);
  return { fetches, leaderless, isHeldBack };
}

const isWanted = (partition: AssignedPartition): partition is FetchablePartition =>
  partition.active &&
  !partition.paused &&
  !partition.isFetching &&
  partition.buffer !== undefined &&
  !partition.buffer.failed;

function addTo(leaders: Map<number, Leader>, nodeId: number, partition: FetchablePartition, isWaiting: boolean): void {
  let leader = leaders.get(nodeId);
  if (leader === undefined) leaders.set(nodeId, (leader = { wanted: [], isIncomplete: false }));
  if (isWaiting) leader.isIncomplete = true;
  else leader.wanted.push(partition);
}

function fetchOf(
  nodeId: number,
  { wanted, isIncomplete }: Leader,
  maxBytes: number,
  world: FetchWorld,
  { fetchMaxWaitMs }: FetchLimits,
): Fetch | undefined {
  const briefMs = Math.min(CATCH_UP_WAIT_MS, fetchMaxWaitMs);
  const isSpareBusy = world.isBusy(nodeId, 'spare');
  if (!world.isBusy(nodeId, 'fetch')) {
    const maxWaitMs = isIncomplete || isSpareBusy ? briefMs : fetchMaxWaitMs;
    return wanted.length === 0 ? undefined : { nodeId, role: 'fetch', partitions: wanted, maxWaitMs, maxBytes };
  }
  const starved = isSpareBusy ? [] : wanted.filter(({ buffer }) => buffer.isEmpty);
  return starved.length === 0
    ? undefined
    : { nodeId, role: 'spare', partitions: starved, maxWaitMs: briefMs, maxBytes };
}
