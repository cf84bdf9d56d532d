/** What a process that was killed made others do again. */
export interface KillReplays {
  readonly who: string;
  /** Records that had ended and were not committed: those since the last commit, and those above one that had not ended. */
  readonly bound: number;
  /** Those of them that came again. */
  replays: number;
}

/**
 * Who owns what, and which records that ended may come again: those that were not committed when an ownership began. A record
 * comes again once in an ownership.
 */
export class Replays {
  readonly kills: KillReplays[] = [];
  readonly #uncommitted: (p: number) => readonly string[];
  readonly #owners = new Map<number, string>();
  /** By partition: who gave it up last. */
  readonly #leavers = new Map<number, string>();
  /** By partition: what ended in its last ownership, and whoever reads what was committed knows that. */
  readonly #told = new Map<number, ReadonlySet<string>>();
  readonly #mayCome = new Map<number, Set<string>>();
  /** By partition: what has ended in the ownership that lasts. */
  readonly #ended = new Map<number, Set<string>>();
  /** By partition: how many ownerships there were; and by listener and record, in which of them it started last. */
  readonly #ownerships = new Map<number, number>();
  readonly #startedIn = new Map<string, number>();
  /** By partition: the kill that ended its last ownership. */
  readonly #causes = new Map<number, KillReplays>();

  /** @param uncommitted what of a partition has ended and is not committed */
  constructor(uncommitted: (p: number) => readonly string[]) {
    this.#uncommitted = uncommitted;
  }

  /** Whether a record has ended in the ownership that lasts, which is this one's. */
  hasEnded(who: string, p: number, place: string): boolean {
    return this.#owners.get(p) === who && this.#ended.get(p)?.has(place) === true;
  }

  /** The same of an ownership that is over, as long as no other has begun. */
  hadEnded(who: string, p: number, place: string): boolean {
    return (this.#owners.get(p) ?? this.#leavers.get(p)) === who && this.#ended.get(p)?.has(place) === true;
  }

  /** Whether anything had. */
  hadEndedAny(who: string, p: number): boolean {
    return (this.#owners.get(p) ?? this.#leavers.get(p)) === who && (this.#ended.get(p)?.size ?? 0) > 0;
  }

  /** What ended in an ownership that is over is told to the next owner, unless that has begun already. */
  told(who: string, p: number): void {
    if (!this.#owners.has(p) && this.#leavers.get(p) === who) this.#told.set(p, new Set(this.#ended.get(p)));
  }

  /** @param reads whether it is spared what was told */
  owns(who: string, p: number, reads = false): void {
    const before = this.#owners.get(p);
    if (before !== undefined && before !== who) this.#causes.delete(p); // it was taken from a living one
    this.#owners.set(p, who);
    this.#ownerships.set(p, (this.#ownerships.get(p) ?? 0) + 1);
    this.#ended.set(p, new Set());
    const told = reads ? this.#told.get(p) : undefined;
    this.#told.delete(p);
    this.#mayCome.set(p, new Set(this.#uncommitted(p).filter((place) => told?.has(place) !== true)));
  }

  gone(who: string, p: number): void {
    if (this.#owners.get(p) !== who) return;
    this.#owners.delete(p);
    this.#leavers.set(p, who);
    this.#causes.delete(p);
  }

  killed(who: string): void {
    const owned = [...this.#owners].filter(([, owner]) => owner === who).map(([p]) => p);
    const bound = owned.reduce((sum, p) => sum + this.#uncommitted(p).length, 0);
    const kill = { who, bound, replays: 0 };
    this.kills.push(kill);
    for (const p of owned) {
      this.#owners.delete(p);
      this.#causes.set(p, kill);
    }
  }

  started(who: string, p: number, place: string): void {
    this.#startedIn.set(`${who}|${place}`, this.#ownerships.get(p) ?? 0);
  }

  done(who: string, p: number, place: string): void {
    const now = this.#ownerships.get(p) ?? 0;
    const isOfBefore = (this.#startedIn.get(`${who}|${place}`) ?? now) !== now; // it was not waited for, and came back
    if (this.#owners.get(p) === who && !isOfBefore) this.#ended.get(p)?.add(place);
    else this.#mayCome.get(p)?.add(place); // too late for who owns it now to know
  }

  /** Whether a record that has ended may start again. */
  mayStart(who: string, p: number, place: string): boolean {
    if (this.#owners.get(p) !== who) return true; // who has lost it does not know yet
    const may = this.#mayCome.get(p)?.delete(place) ?? true;
    const kill = this.#causes.get(p);
    if (may && kill !== undefined) kill.replays++;
    return may;
  }
}
