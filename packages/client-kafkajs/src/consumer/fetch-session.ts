import { errorCodes } from '@hearken/protocol';

/** What a broker is to fetch of one partition. */
export interface SessionEntry {
  readonly topic: string;
  /** Undefined where metadata does not tell. */
  readonly topicId: string | undefined;
  readonly partition: number;
  readonly fetchOffset: number;
  /** Of the leader, as metadata told it; a broker that knows another one refuses (KIP-320). -1: unknown. */
  readonly leaderEpoch: number;
  /** Of the record before `fetchOffset`; -1: unknown. */
  readonly lastFetchedEpoch: number;
}

/** What the next request says of its session. */
export interface SessionRequest<Entry> {
  readonly sessionId: number;
  /** 0 opens a session, -1 is none at all. */
  readonly sessionEpoch: number;
  /** Whether topics go by id; a session keeps to one of the two. */
  readonly usesTopicIds: boolean;
  /** To add or to change; with epoch 0 everything. */
  readonly entries: readonly Entry[];
  /** To fetch no longer. */
  readonly forgotten: readonly Entry[];
  /** To fetch no longer under this id: of the same topic and partition as one of `entries`, before the topic was made anew. */
  readonly replaced: readonly Entry[];
}

type Changes<Entry> = Pick<SessionRequest<Entry>, 'entries' | 'forgotten' | 'replaced'>;

const OPENING = 0;
const MAX_EPOCH = 2 ** 31 - 1;

/**
 * A fetch session (KIP-227): the broker remembers what it was asked, so that a request names only what changed, and an answer
 * only what has news. What we want may change at any time; what the broker was told changes with `next`. One request at a
 * time: each ends with `answered` or `lost`.
 *
 * Law: when the broker reads a request of `next`, what it fetches is what was wanted when `next` was called, whatever was
 * answered, refused or lost before.
 */
export class FetchSession<Entry extends SessionEntry> {
  readonly #wanted = new Map<string, Entry>();
  #told = new Map<string, Entry>();
  /** Keys at which the two may differ. */
  readonly #touched = new Set<string>();
  /** Wanted ones without a topic id. */
  #nameless = 0;
  #usesTopicIds = false;
  /** 0 while the broker has given none; it need not. */
  #id = 0;
  #epoch = OPENING;

  /** How many partitions are wanted. */
  get size(): number {
    return this.#wanted.size;
  }

  wanted(key: string): Entry | undefined {
    return this.#wanted.get(key);
  }

  /** What the request that is out, or was last, asked for. */
  told(key: string): Entry | undefined {
    return this.#told.get(key);
  }

  allTold(): Entry[] {
    return [...this.#told.values()];
  }

  want(key: string, entry: Entry): void {
    this.drop(key);
    this.#wanted.set(key, entry);
    if (entry.topicId === undefined) this.#nameless++;
  }

  drop(key: string): void {
    this.#touched.add(key);
    const entry = this.#wanted.get(key);
    if (entry === undefined) return;
    this.#wanted.delete(key);
    if (entry.topicId === undefined) this.#nameless--;
  }

  next(): SessionRequest<Entry> {
    const usesTopicIds = this.#nameless === 0;
    if (usesTopicIds !== this.#usesTopicIds) this.#epoch = OPENING;
    this.#usesTopicIds = usesTopicIds;
    const changes = this.#epoch === OPENING ? this.#everything() : this.#changes();
    this.#touched.clear();
    return { sessionId: this.#id, sessionEpoch: this.#epoch, usesTopicIds, ...changes };
  }

  /** The broker answered the last request. Its next one opens a new session unless all is well. */
  answered(errorCode: number, sessionId: number): void {
    if (errorCode === 0) {
      this.#epoch = sessionId === 0 || this.#epoch === MAX_EPOCH ? OPENING : this.#epoch + 1;
      this.#id = sessionId;
    } else {
      this.lost();
      if (errorCode === errorCodes.FETCH_SESSION_ID_NOT_FOUND) this.#id = 0;
    }
  }

  /** Nobody knows what the broker heard: the next request opens a new session, and closes this one by naming it. */
  lost(): void {
    this.#epoch = OPENING;
  }

  #everything(): Changes<Entry> {
    this.#told = new Map(this.#wanted);
    return { entries: [...this.#wanted.values()], forgotten: [], replaced: [] };
  }

  #changes(): Changes<Entry> {
    const changes = { entries: [] as Entry[], forgotten: [] as Entry[], replaced: [] as Entry[] };
    for (const key of this.#touched) {
      const [wanted, told] = [this.#wanted.get(key), this.#told.get(key)];
      if (wanted === undefined) {
        if (told !== undefined) changes.forgotten.push(told);
        this.#told.delete(key);
      } else {
        if (!isSame(wanted, told)) changes.entries.push(wanted);
        if (told !== undefined && told.topicId !== wanted.topicId) changes.replaced.push(told);
        this.#told.set(key, wanted);
      }
    }
    return changes;
  }
}

const isSame = (one: SessionEntry, other: SessionEntry | undefined): boolean =>
  other !== undefined &&
  one.topicId === other.topicId &&
  one.fetchOffset === other.fetchOffset &&
  one.leaderEpoch === other.leaderEpoch &&
  one.lastFetchedEpoch === other.lastFetchedEpoch;
