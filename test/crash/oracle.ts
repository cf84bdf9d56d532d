import type { Ordering } from 'hearken';
import { CommitClocks } from './commit-clocks.js';
import type { CrashEvent, LoggedEvent } from './crash-log.js';
import { Replays, type KillReplays } from './replays.js';
import { Zombies } from './zombies.js';

/** A record as an independent reader finds it in the topic. */
export interface FoundRecord {
  readonly p: number;
  readonly o: number;
  readonly key: string;
  readonly n: number;
}

/** What is to be held against a run. */
export interface Verdict {
  /** In words; empty if all was well. */
  readonly violations: readonly string[];
  /** Records that listeners ended more than once: at least once allows it, for what was not committed. */
  readonly duplicates: number;
  /** What each process that was killed made others do again. */
  readonly kills: readonly KillReplays[];
  /** Those of listeners that worked for long enough to have to have committed something. */
  readonly promptKills: number;
  /** Stops of listeners that had the time to drain. */
  readonly drainedStops: number;
  /** Those of them that were held against what ended before and what came again. */
  readonly tightStops: number;
  /** Records that were spared as a commit told, or the listener itself knew, that they had ended. */
  readonly spared: number;
  /** Records that a process started which had lost its partition and did not know it yet: nobody can keep it from that. */
  readonly strays: number;
}

type Of<At extends CrashEvent['at']> = Extract<CrashEvent, { readonly at: At }>;

/**
 * Reads the log of a run from its beginning and compares it with what the topic holds in the end:
 * - what was acknowledged is there, once, where it was said to be; the numbers of a key rise
 * - every record ended at a listener
 * - a record starts when the one before it in its lane has ended, and within an ownership the lane leaves none out
 * - an offset is committed when everything below it has ended or is parked, and nothing below a committed offset comes again
 * - what has ended comes again only in a new ownership, and only if it was not committed when that began
 * - a partition that was given up with all listeners done is committed up to its first record that has not ended
 * - what ended before a stop that drained does not come again; if commits told it, not to the next owner that reads them
 * - when a listener is killed, what had ended longer ago than its commit interval and a commit take, with everything below it,
 *   is committed: so it makes others do no more than that again, and what is above a record that had not ended
 * - what the group has committed never goes back
 * - whoever has been superseded, and does not know, may work on, and commits nothing
 */
export function judge(events: readonly LoggedEvent[], found: readonly FoundRecord[]): Verdict {
  const topic = new Topic(found);
  const oracle = new Oracle(topic);
  for (const event of events) oracle.takes(event);
  // Trouble ends a run before all is listened to.
  const lost = oracle.hasTrouble ? [] : found.filter((record) => !oracle.done.has(placeOf(record)));
  return {
    violations: [
      ...topic.violations,
      ...oracle.violations,
      ...lost.map((record) => `${placeOf(record)} was never listened to`),
    ],
    duplicates: oracle.duplicates,
    kills: oracle.replays.kills,
    promptKills: oracle.promptKills,
    strays: oracle.strays,
    drainedStops: oracle.drainedStops,
    tightStops: oracle.tightStops,
    spared: oracle.spared,
  };
}

const placeOf = ({ p, o }: { readonly p: number; readonly o: number }): string => `${p}@${o}`;

/** The records in the order of their offsets, by partition and by key. */
class Topic {
  readonly violations: string[] = [];
  readonly at = new Map<string, FoundRecord>();
  readonly byPartition = new Map<number, FoundRecord[]>();
  readonly #ranks = new Map<string, number>();

  constructor(found: readonly FoundRecord[]) {
    const newest = new Map<string, number>();
    for (const record of [...found].sort((a, b) => a.o - b.o)) {
      const place = placeOf(record);
      this.at.set(place, record);
      const partition = this.byPartition.get(record.p) ?? [];
      this.byPartition.set(record.p, partition);
      this.#ranks.set(`partition ${place}`, partition.push(record) - 1);
      this.#rankInKey(record, newest);
    }
  }

  /** Where a record stands in its lane, counted from 0. */
  rank(record: FoundRecord, ordering: 'partition' | 'key'): number {
    return this.#ranks.get(`${ordering} ${placeOf(record)}`) ?? NaN;
  }

  #rankInKey(record: FoundRecord, newest: Map<string, number>): void {
    const { key, n } = record;
    const before = newest.get(key) ?? -1;
    if (n <= before) this.violations.push(`${key} number ${n} at ${placeOf(record)} comes after ${before}`);
    newest.set(key, n);
    const rank = this.#ranks.get(`count ${key}`) ?? 0;
    this.#ranks.set(`count ${key}`, rank + 1);
    this.#ranks.set(`key ${placeOf(record)}`, rank);
  }
}

class Oracle {
  readonly violations: string[] = [];
  readonly done = new Set<string>();
  /** Of those, or of those to come: what was parked. */
  readonly #parked = new Set<string>();
  /** Listeners that park. */
  readonly #parks = new Set<string>();
  duplicates = 0;
  strays = 0;
  hasTrouble = false;
  promptKills = 0;
  drainedStops = 0;
  tightStops = 0;
  spared = 0;
  readonly replays: Replays;
  readonly #zombies = new Zombies();
  readonly #clocks = new CommitClocks();
  /** Listeners and partitions whose last commit was refused: "who|partition". */
  readonly #refused = new Set<string>();
  /** By partition: what the group had when somebody looked last. */
  readonly #group = new Map<number, number>();
  readonly #topic: Topic;
  readonly #orderings = new Map<string, Ordering>();
  readonly #tight = new Set<string>();
  /** Listeners whose commits tell what ended behind them, and who read that. */
  readonly #maps = new Set<string>();
  /** By ordering, lane and rank: what has ended. */
  readonly #ended = new Set<string>();
  /** The same of what ended where commits tell it. */
  readonly #told = new Set<string>();
  /** By listener, lane and rank: what ended there. */
  readonly #endedBy = new Set<string>();
  /** By listener, ownership and lane: the rank it started last. */
  readonly #started = new Map<string, number>();
  /** By partition: below it everything has ended, as an index; and the highest offset committed. */
  readonly #frontiers = new Map<number, number>();
  readonly #committed = new Map<number, number>();

  constructor(topic: Topic) {
    this.#topic = topic;
    this.replays = new Replays((p) => this.#doneFrom(p, this.#committed.get(p) ?? 0));
  }

  takes(event: LoggedEvent): void {
    switch (event.at) {
      case 'sent':
        this.#sent(event);
        break;
      case 'began':
        this.#orderings.set(event.who, event.ordering);
        if (event.tight) this.#tight.add(event.who);
        if (event.parks === true) this.#parks.add(event.who);
        if (event.maps === true) this.#maps.add(event.who);
        this.#clocks.began(event.who, event.commitsWithinMs);
        break;
      case 'owns':
        for (const p of event.ps) {
          this.replays.owns(event.who, p, this.#maps.has(event.who));
          this.#zombies.owns(event.who, p);
        }
        break;
      case 'gone':
        this.#gone(event);
        break;
      case 'start':
        this.#clocks.ticks(event.who, event.ms);
        this.#startedAt(event);
        break;
      case 'committing':
      case 'answered':
        this.#clocks.ticks(event.who, event.ms);
        this.#clocks.commits(event.who, event.at === 'committing' ? 1 : -1);
        break;
      case 'done':
        this.#clocks.ticks(event.who, event.ms);
        this.#doneAt(event);
        break;
      case 'parked':
        this.#parked.add(placeOf(event));
        break;
      case 'committed':
        this.#committedAt(event);
        break;
      case 'commit-failed':
        for (const p of event.ps) this.#refused.add(`${event.who}|${p}`);
        break;
      case 'stopped':
        this.#stoppedAt(event);
        break;
      case 'killed':
        this.#killed(event.who);
        break;
      case 'group':
        this.#groupAt(event);
        break;
      case 'trouble':
        this.hasTrouble = true;
        this.violations.push(`${event.who}: ${event.what}`);
    }
  }

  #gone({ who, ps, how }: Of<'gone'>): void {
    for (const p of ps) {
      if (how === 'revoked') this.#checkTight(who, p, this.#committed.get(p) ?? 0);
      this.replays.gone(who, p);
      this.#zombies.gone(who, p);
    }
  }

  #stoppedAt({ who, drained = false, committed = [], spared = 0 }: Of<'stopped'>): void {
    this.spared += spared;
    this.#zombies.ended(who);
    if (!drained) return;
    this.drainedStops++;
    for (const [p, o] of committed) this.#checkTight(who, p, o);
    const held = committed.filter(([p]) => this.#tight.has(who) && !this.#refused.has(`${who}|${p}`));
    for (const [p, o] of held) this.#checkNoneTwice(who, p, o);
    if (held.some(([p]) => this.replays.hadEndedAny(who, p))) this.tightStops++;
  }

  /** What ended before a stop that had the time to drain does not come again. */
  #checkNoneTwice(who: string, p: number, o: number): void {
    if (this.#maps.has(who)) {
      this.replays.told(who, p);
      return;
    }
    const twice = this.#doneFrom(p, o).find((place) => this.replays.hadEnded(who, p, place));
    if (twice !== undefined) this.violations.push(`${who} stopped at ${o}, drained, and ${twice} had ended`);
  }

  /** What ended while it was given up is committed, unless that was refused. */
  #checkTight(who: string, p: number, o: number): void {
    if (!this.#tight.has(who)) return;
    const next = this.#topic.byPartition.get(p)?.find((record) => record.o >= o);
    if (next === undefined || this.#refused.has(`${who}|${p}`)) return;
    if (!this.replays.hasEnded(who, p, placeOf(next))) return;
    this.violations.push(`${who} gave up partition ${p} at ${o}, and ${placeOf(next)} had ended`);
  }

  #killed(who: string): void {
    if (this.#clocks.isHeld(who)) this.promptKills++;
    for (const [p, records] of this.#topic.byPartition) {
      const next = records.find((record) => record.o >= (this.#committed.get(p) ?? 0));
      if (next === undefined || this.#refused.has(`${who}|${p}`)) continue;
      if (!this.replays.hasEnded(who, p, placeOf(next)) || !this.#clocks.isOverdue(who, placeOf(next))) continue;
      this.violations.push(`${who} was killed, and ${placeOf(next)} was to be committed long before`);
    }
    this.#zombies.ended(who);
    this.replays.killed(who);
  }

  #groupAt({ offsets }: Of<'group'>): void {
    for (const [p, o] of offsets) {
      const before = this.#group.get(p) ?? 0;
      if (o < before) this.violations.push(`the group went back from ${placeOf({ p, o: before })} to ${o}`);
      this.#group.set(p, o);
      this.#checkEndedBelow('the group', p, o);
    }
  }

  #doneFrom(p: number, o: number): string[] {
    const records = this.#topic.byPartition.get(p) ?? [];
    return records.filter((record) => record.o >= o && this.done.has(placeOf(record))).map(placeOf);
  }

  #sent(event: Of<'sent'>): void {
    const record = this.#topic.at.get(placeOf(event));
    if (record?.key === event.key && record.n === event.n) return;
    const there = record ? `${record.key} number ${record.n}` : 'nothing';
    this.violations.push(`${event.key} number ${event.n} was acknowledged at ${placeOf(event)}, where ${there} is`);
  }

  #startedAt(event: Of<'start'>): void {
    const record = this.#topic.at.get(placeOf(event));
    if (record === undefined)
      return void this.violations.push(`${event.who} got ${placeOf(event)}, which is not there`);
    const parks = this.#parks.has(event.who);
    if (parks && this.#parked.has(placeOf(event))) {
      // out of the parked topic, where it may stand twice
    } else if (event.o < (this.#committed.get(event.p) ?? 0)) {
      if (this.#zombies.has(event.who, event.p)) this.strays++;
      else this.violations.push(`${event.who} got ${placeOf(event)} again, which was committed`);
    } else if (
      !parks && // who has lost the partition may park a record that ended here, and it comes before anyone could write that down
      event.attempt === 1 &&
      this.done.has(placeOf(event)) &&
      !this.replays.mayStart(event.who, event.p, placeOf(event))
    ) {
      this.violations.push(
        `${event.who} got ${placeOf(event)} again, which had ended in its own ownership, or it was told so`,
      );
    }
    this.replays.started(event.who, event.p, placeOf(event));
    if (!parks) this.#zombies.started(event.who, event.p, event.o); // what was parked is started wherever one began
    const ordering = this.#orderings.get(event.who);
    if (ordering === 'partition' || ordering === 'key') this.#startedInLane(event, record, ordering);
  }

  #startedInLane(event: Of<'start'>, record: FoundRecord, ordering: 'partition' | 'key'): void {
    const lane = laneOf(record, ordering);
    const rank = this.#topic.rank(record, ordering);
    if (rank > 0 && !this.#ended.has(`${lane}|${rank - 1}`)) {
      this.violations.push(`${event.who} started ${placeOf(event)} before the one before it in ${lane} had ended`);
    }
    if (this.#parks.has(event.who)) return; // what is parked is left out, and comes from elsewhere
    const ownership = `${event.who}|${event.epoch}|${lane}`;
    const last = this.#started.get(ownership);
    let expected = event.attempt === 1 && last !== undefined ? last + 1 : (last ?? rank);
    // What it had ended in an ownership before, and was acknowledged there, or what it was told of, it is spared.
    while (expected < rank && this.#isSpared(event.who, `${lane}|${expected}`)) expected++;
    if (rank !== expected) {
      this.violations.push(
        `${event.who} started number ${rank} of ${lane}, not number ${expected} (${placeOf(event)})`,
      );
    }
    this.#started.set(ownership, rank);
  }

  #isSpared(who: string, rank: string): boolean {
    return this.#endedBy.has(`${who}|${rank}`) || (this.#maps.has(who) && this.#told.has(rank));
  }

  #doneAt(event: Of<'done'>): void {
    const place = placeOf(event);
    const record = this.#topic.at.get(place);
    if (record === undefined) return;
    if (this.done.has(place)) this.duplicates++;
    this.done.add(place);
    this.replays.done(event.who, event.p, place);
    this.#clocks.done(event.who, place);
    for (const ordering of ['partition', 'key'] as const) {
      const rank = `${laneOf(record, ordering)}|${this.#topic.rank(record, ordering)}`;
      this.#ended.add(rank);
      if (this.#maps.has(event.who)) this.#told.add(rank);
      this.#endedBy.add(`${event.who}|${rank}`);
    }
  }

  #committedAt({ who, p, o }: Of<'committed'>): void {
    this.#checkEndedBelow(who, p, o);
    const begun = this.#zombies.wroteOver(who, p, o);
    if (begun !== undefined) {
      this.violations.push(`${who} committed ${placeOf({ p, o })}, when its successor had begun at ${begun}`);
    }
    this.#committed.set(p, Math.max(o, this.#committed.get(p) ?? 0));
    this.#refused.delete(`${who}|${p}`);
  }

  #isOver(place: string): boolean {
    return this.done.has(place) || this.#parked.has(place);
  }

  #checkEndedBelow(who: string, p: number, o: number): void {
    const records = this.#topic.byPartition.get(p) ?? [];
    let at = this.#frontiers.get(p) ?? 0;
    for (let next = records[at]; next !== undefined && this.#isOver(placeOf(next)); next = records[at]) at++;
    this.#frontiers.set(p, at);
    const oldest = records[at];
    if (oldest !== undefined && oldest.o < o) {
      this.violations.push(`${who} committed ${placeOf({ p, o })}, when ${placeOf(oldest)} had not ended`);
    }
  }
}

const laneOf = ({ p, key }: FoundRecord, ordering: 'partition' | 'key'): string =>
  ordering === 'partition' ? `partition ${p}` : `key ${key}`;
