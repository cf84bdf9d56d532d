import type { FetchBuffer } from './fetch-buffer.js';
import { FetchSession, type SessionEntry, type SessionRequest } from './fetch-session.js';
import type { AssignedPartition } from './assigned-partition.js';

/** What to fetch of a partition, for the buffer it has now. */
export interface FetchEntry extends SessionEntry {
  readonly assigned: AssignedPartition;
  /** If this is not the partition's buffer any more, the answer is dropped. */
  readonly buffer: FetchBuffer;
}

/** One fetch to send. */
export interface Fetch extends SessionRequest<FetchEntry> {
  readonly role: 'fetch' | 'spare';
  readonly maxWaitMs: number;
  /** What was asked of a partition, by its key; undefined if it is no part of this fetch. */
  asked(key: string): FetchEntry | undefined;
  /** Every partition that the broker is to fetch for it. */
  all(): readonly FetchEntry[];
}

/** How long a broker may hold a fetch that others wait for: what is fetched over the spare connection joins the next one. */
const CATCH_UP_WAIT_MS = 5;

/**
 * - `idle`: not to be read now.
 * - `busy`: the spare connection fetches it.
 * - `held-back`: to be read, but for now its buffer is full or its leader is left alone.
 * - `wanted`: to be fetched.
 */
export type Standing = 'idle' | 'busy' | 'held-back' | 'wanted';

export function standingOf(partition: AssignedPartition, nowMs: number, maxPartitionFetchBytes: number): Standing {
  const { buffer } = partition;
  if (!partition.active || partition.paused || buffer === undefined || buffer.failed) return 'idle';
  if (partition.isOnSpare) return 'busy';
  return buffer.bytes >= maxPartitionFetchBytes || partition.retryAtMs > nowMs ? 'held-back' : 'wanted';
}

/**
 * What to fetch from one node: all wanted partitions that it leads in one long poll after the other. While that is held by
 * the broker, partitions that came to be wanted (resumed, sought, assigned, with room again) are fetched over the spare
 * connection, without a session: the broker would not look at a second request on the first. So none of them waits long for
 * others that have nothing.
 *
 * Told of partitions one by one, when something about them changed: the work is for changes, not for partitions.
 */
export class FetchPlan {
  readonly #session = new FetchSession<FetchEntry>();
  /** Wanted since the fetch that is out was sent, and no part of it. */
  readonly #left = new Map<string, FetchEntry>();
  #isFetching = false;
  #isSpareFetching = false;
  /** The fetch that is out was sent while the spare connection was in use, so the broker holds it only briefly. */
  #isBesideSpare = false;

  /** Whether anything is to be fetched, beside what is on the spare connection. */
  get isWanted(): boolean {
    return this.#session.size > 0;
  }

  want(entry: FetchEntry): void {
    const { assigned, buffer } = entry;
    this.#session.want(assigned.key, entry);
    if (this.#isFetching && this.#session.told(assigned.key)?.buffer !== buffer) this.#left.set(assigned.key, entry);
  }

  drop(partition: AssignedPartition): void {
    const { key } = partition;
    if (this.#left.get(key)?.assigned === partition) this.#left.delete(key);
    // An older assignment of the same partition may be let go after the new one came.
    if (this.#session.wanted(key)?.assigned === partition) this.#session.drop(key);
  }

  /** The fetch to send now, if there is one. Each ends with `answered` or `lost`. */
  next(fetchMaxWaitMs: number): Fetch | undefined {
    const briefMs = Math.min(CATCH_UP_WAIT_MS, fetchMaxWaitMs);
    if (this.#isFetching) {
      // What comes back from the spare connection waits for the brief fetch that was sent meanwhile, to join the next. On
      // the spare connection again it would be left out of that one too, and the two would go round for ever, 5 ms each.
      const waits = this.#isSpareFetching || this.#isBesideSpare || this.#left.size === 0;
      return waits ? undefined : this.#spare(briefMs);
    }
    if (!this.isWanted) return undefined;
    return this.#main(this.#isSpareFetching ? briefMs : fetchMaxWaitMs);
  }

  answered(fetch: Fetch, errorCode: number, sessionId: number): void {
    if (fetch.role === 'fetch') this.#session.answered(errorCode, sessionId);
    this.#ended(fetch);
  }

  lost(fetch: Fetch): void {
    if (fetch.role === 'fetch') this.#session.lost();
    this.#ended(fetch);
  }

  #main(maxWaitMs: number): Fetch {
    this.#isFetching = true;
    this.#isBesideSpare = this.#isSpareFetching;
    this.#left.clear();
    const request = this.#session.next();
    return {
      role: 'fetch',
      maxWaitMs,
      ...request,
      asked: (key) => this.#session.told(key),
      all: () => this.#session.allTold(),
    };
  }

  #spare(maxWaitMs: number): Fetch {
    this.#isSpareFetching = true;
    const asked = new Map(this.#left);
    const entries = [...asked.values()];
    for (const { assigned, buffer } of entries) {
      this.drop(assigned);
      assigned.fetchedOnSpare(buffer);
    }
    const usesTopicIds = entries.every(({ topicId }) => topicId !== undefined);
    const none = { sessionId: 0, sessionEpoch: -1, usesTopicIds, forgotten: [], replaced: [] };
    return { role: 'spare', maxWaitMs, ...none, entries, asked: (key) => asked.get(key), all: () => entries };
  }

  #ended({ role, entries }: Fetch): void {
    if (role === 'spare') {
      this.#isSpareFetching = false;
      for (const { assigned, buffer } of entries) assigned.spareFetchEnded(buffer);
    } else {
      this.#isFetching = false;
      this.#left.clear();
    }
  }
}
