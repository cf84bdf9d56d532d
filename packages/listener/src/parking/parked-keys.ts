import type { Bytes } from '@hearken/core';
import { Flights, type Flight } from './flights.js';

/** A record in a parked partition. */
export interface ParkedRecord {
  readonly key: Bytes;
  readonly original: number;
  readonly flight?: Flight | undefined;
}

/** What stands in a parked partition at an offset. */
export type ParkedEntry =
  | (ParkedRecord & { readonly kind: 'record' })
  /** Every record of the key up to this original offset has been worked off. */
  | { readonly kind: 'end'; readonly key: Bytes; readonly through: number };

/** A key whose records are parked. Offsets are those of the parked partition, unless called original. */
export interface ParkedKey {
  readonly key: Bytes;
  /** When it was parked here, or found to be, in milliseconds since 1970. */
  readonly since: number;
  /** Of the newest record of it that is known; -1 while none is. */
  last: number;
  /** Of the record of it that the reader came to last. */
  reached: number;
  /** Of the newest record of it that was worked off. */
  done: number;
  /** The highest original offset worked off. */
  through: number;
  /** Records of it on their way to the parked partition. */
  sending: number;
  /** Original offsets of records that are written, nobody knows where: until they are read. */
  readonly unplaced: Set<number>;
  /** Original offsets of records that were read before their acknowledgment came, while others are on their way. */
  readonly early: Set<number>;
  /** Its end marker is on its way: its records wait, and are not parked. */
  isEnding: boolean;
}

/** Every byte is a character of its own, and no byte is this one. */
const NO_KEY = '\u0100';
const nameOf = (key: Bytes): string => (key === null ? NO_KEY : key.toString('latin1'));

/** Where one key stands in the part of the log that was there at the beginning. */
interface Found {
  readonly key: Bytes;
  readonly first: number;
  last: number;
  /** The highest original offset since `first`. */
  newest: number;
}

/**
 * Which keys of one partition are parked. Pure memory; the order of a key rests on it:
 *
 * A record of a key may run only when every older one of the key has ended at its listener. Records reach a listener on two
 * roads, straight from the partition or out of the parked one, and each keeps this for itself:
 *
 * - *Straight* runs what is of no parked key. An older record of it has run here; or was parked here, and then the key is free
 *   again only since all of it was worked off; or had ended before this ownership began. Then it was committed, so it had run
 *   or was acknowledged by the parked partition before, and the log that `find` reads up to its end, *after* the committed
 *   offset was read, shows it: as a record that is not done, and the key is parked; or ahead of an end marker, or of
 *   what is committed of the parked partition, and it is done.
 * - *Parked* runs in the order of the log, from where the group committed it. Whoever parked a record had before run, or
 *   parked, every older one of its key. So an older one is done, or stands ahead of it. Records that were sent together, and
 *   of which an older one was refused, do not count: see `Flights`.
 *
 * End markers and commits of the parked partition say what _is_ so: everything up to here has ended. They stay true whoever
 * writes them and however late. So it does no harm if a process that was frozen, and does not know that its partition went
 * to another, goes on to park, to work off and to commit: none is lost by it, and none runs before an older one of its key has
 * run. That is why nothing here is fenced, and why a marker names an _original_ offset: what another owner parked since is above it.
 *
 * An old record would come once more, after newer ones, if this were all. r5 is on its way to the parked partition, which takes
 * nothing for a while; the next owner reads that to its end, runs r5, r6 and r7 straight, and commits; only then r5 arrives.
 * Whoever owns the partition next finds it, unfinished as far as the log tells, and runs it after r7. `OwnerMarkers` tells it
 * from a record that was parked in time and waits; such records do not come here.
 *
 * A key is handed back when its last record is worked off and none is on its way: an end marker is written, its records wait
 * until that is acknowledged, and then it is free. Without the marker the next owner would park the key again, and work off
 * what it finds once more: that is all a crash between both costs.
 */
// Long because of the argument.
export class ParkedKeys {
  readonly #keys = new Map<string, ParkedKey>();
  /** Of the log as it was at the beginning: where work begins, by key. */
  readonly #firsts = new Map<string, number>();
  #found = new Map<string, Found>();
  #foundTo = 0;
  readonly #from: number;
  readonly #flights: Flights;
  /** Of the log as it was at the beginning: where records stand that do not count. */
  readonly #void = new Set<number>();

  /**
   * @param from where in the parked partition work begins: what is ahead is done
   * @param readFrom where `find` begins, at or before that
   */
  constructor(from = 0, readFrom = from) {
    this.#from = from;
    this.#flights = new Flights(readFrom);
  }

  get size(): number {
    return this.#keys.size;
  }

  [Symbol.iterator](): IterableIterator<ParkedKey> {
    return this.#keys.values();
  }

  /** Takes in what the log holds before the first record is dispatched, in its order. */
  find(at: number, entry: ParkedEntry): void {
    const name = nameOf(entry.key);
    const found = this.#found.get(name);
    if (entry.kind === 'record' && !this.#flights.counts(entry.flight)) this.#void.add(at);
    else if (at < this.#from) return;
    else if (entry.kind === 'end') {
      if (found !== undefined && found.newest <= entry.through) this.#found.delete(name);
    } else if (found === undefined) {
      this.#found.set(name, { key: entry.key, first: at, last: at, newest: entry.original });
    } else {
      found.last = at;
      found.newest = Math.max(found.newest, entry.original);
    }
  }

  /** Where `find` has to begin for all of the log to be understood; undefined if it did. */
  get missingFrom(): number | undefined {
    return this.#flights.missingFrom;
  }

  /** The log has been read up to here. */
  foundAll(to: number, now: number): void {
    this.#foundTo = to;
    for (const [name, { key, first, last }] of this.#found) {
      this.#firsts.set(name, first);
      this.#enter(name, key, now).last = last;
    }
    this.#found = new Map();
  }

  get(key: Bytes): ParkedKey | undefined {
    return this.#keys.get(nameOf(key));
  }

  /** So many records of it are being parked. */
  parking(key: Bytes, now: number, count = 1): void {
    this.#enter(nameOf(key), key, now).sending += count;
  }

  /** It is written. @param at -1 if the broker did not say where */
  parked(key: Bytes, at: number, original: number): void {
    const parked = this.get(key);
    if (parked === undefined) return;
    parked.sending--;
    const wasRead = parked.early.delete(original);
    if (parked.sending === 0) parked.early.clear();
    if (at >= 0) parked.last = Math.max(parked.last, at);
    else if (!wasRead) parked.unplaced.add(original);
  }

  /** It is not, or perhaps: whoever asked gives up, and its partition with it. The key stays parked. */
  notParked(key: Bytes): void {
    const parked = this.get(key);
    if (parked === undefined) return;
    parked.sending--;
    if (parked.sending === 0) parked.early.clear(); // if it is sent again, that is another one
  }

  /**
   * Whether a record that the reader comes to, in the order of its key, is to be worked off. Else it is known to have been, by
   * an end marker behind it, or does not count.
   */
  reached(at: number, { key, original, flight }: ParkedRecord, now: number): boolean {
    const name = nameOf(key);
    if (this.#keys.get(name)?.reached === at) return true; // it is tried again
    if (at < this.#foundTo) {
      if (at < (this.#firsts.get(name) ?? Infinity) || this.#void.has(at)) return false;
    } else if (!this.#flights.counts(flight)) return false;
    const parked = this.#enter(name, key, now);
    parked.last = Math.max(parked.last, at);
    parked.reached = at;
    if (!parked.unplaced.delete(original) && parked.sending > 0 && at >= this.#foundTo) parked.early.add(original);
    return true;
  }

  workedOff(key: Bytes, at: number, original: number): void {
    const parked = this.get(key);
    if (parked === undefined) return;
    parked.done = Math.max(parked.done, at);
    parked.through = Math.max(parked.through, original);
  }

  /**
   * Begins to hand the key back, if there is nothing left of it.
   * @returns what its end marker says; undefined if something is left, or its marker is on its way
   */
  beginEnd(key: Bytes): number | undefined {
    const parked = this.get(key);
    if (parked === undefined || parked.isEnding || !isWorkedOff(parked)) return undefined;
    parked.isEnding = true;
    return parked.through;
  }

  /** The end marker is written, or could not be. @returns whether the key is free */
  ended(key: Bytes, isWritten: boolean): boolean {
    const parked = this.get(key);
    if (parked === undefined) return false;
    parked.isEnding = false;
    if (!isWritten || !isWorkedOff(parked)) return false;
    this.#firsts.delete(nameOf(key)); // what is read of it from now on lies behind what was found
    return this.#keys.delete(nameOf(key));
  }

  #enter(name: string, key: Bytes, since: number): ParkedKey {
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const parked: ParkedKey = {
      key: key === null ? null : Buffer.from(key), // not the fetch that it is a part of
      since,
      last: -1,
      reached: -1,
      done: -1,
      through: -1,
      sending: 0,
      unplaced: new Set(),
      early: new Set(),
      isEnding: false,
    };
    this.#keys.set(name, parked);
    return parked;
  }
}

const isWorkedOff = ({ done, last, sending, unplaced }: ParkedKey): boolean =>
  sending === 0 && unplaced.size === 0 && done >= last && last >= 0;
