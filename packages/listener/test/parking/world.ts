import assert from 'node:assert/strict';
import { ParkedKeys, type ParkedEntry } from '../../dist/parking/parked-keys.js';

export type Key = 'a' | 'b';
const KEYS: readonly Key[] = ['a', 'b'];
const bytes = (key: Key): Buffer => Buffer.from(key);

/** What a process does next; of what is not possible nothing comes. */
export type Step =
  /** The next record of the key comes straight from its partition, and passes or fails for good. */
  | { readonly do: 'listen'; readonly key: Key; readonly fails: boolean }
  /** The next parked record of the key comes to the listener. */
  | { readonly do: 'work-off'; readonly key: Key; readonly fails: boolean }
  /** A record of the key that was sent arrives, or its end marker. */
  | { readonly do: 'arrive'; readonly key: Key; readonly how: Arrival }
  | { readonly do: 'arrive-end'; readonly key: Key; readonly how: Arrival }
  | { readonly do: 'commit'; readonly what: 'partition' | 'parked' }
  /** Another process gets the partition; this one does not know, and goes on. */
  | { readonly do: 'take-over' };

/** Written and heard of, as it should be or without a place; written, and nobody hears of it; not written. */
export type Arrival = 'acknowledged' | 'nobody-knows-where' | 'unheard' | 'refused';

/** By whom: 0 is the owner, 1 who was before it, and so on. */
export interface Turn {
  readonly who: number;
  readonly step: Step;
}

type Parked = ParkedEntry & { readonly of: Key };

/** One partition, its parked partition, and who owns and owned it. The order of keys is checked with every record that runs. */
export class World {
  /** The keys of the partition's records. */
  readonly records: readonly Key[];
  readonly parked: Parked[] = [];
  readonly done = new Set<number>();
  committed = 0;
  parkedCommitted = 0;
  readonly #owners: Owner[] = [];

  constructor(records: readonly Key[]) {
    this.records = records;
    this.#takeOver();
  }

  play({ who, step }: Turn): void {
    const owner = this.#owners[who];
    if (owner === undefined) return;
    owner.open();
    if (step.do === 'take-over') this.#takeOver();
    else if (step.do === 'listen') owner.listen(step.key, step.fails);
    else if (step.do === 'work-off') owner.workOff(step.key, step.fails);
    else if (step.do === 'arrive') owner.arrive(step.key, step.how);
    else if (step.do === 'arrive-end') owner.arriveEnd(step.key, step.how);
    else if (step.what === 'parked') this.parkedCommitted = owner.parkedCommittable;
    else if (who === 0) this.committed = owner.committable; // of all others the group refuses it
  }

  /** Nothing fails any more: the owner gets to the end of everything. */
  settle(): void {
    const owner = this.#owners[0]!;
    owner.open();
    for (let before = -1; before !== owner.moves;) {
      before = owner.moves;
      for (const key of KEYS) {
        owner.arrive(key, 'acknowledged');
        owner.arriveEnd(key, 'acknowledged');
        owner.workOff(key, false);
        owner.listen(key, false);
      }
    }
    assert.equal(this.done.size, this.records.length, 'a record never ran');
    assert.equal(owner.committable, this.records.length);
    assert.equal(owner.parkedCommittable, this.parked.length);
    assert.equal(owner.keys.size, 0, 'a key is parked for ever');
  }

  /** The listener ends well. */
  run(offset: number): void {
    const key = this.records[offset];
    const missing = this.records.findIndex((one, at) => one === key && at < offset && !this.done.has(at));
    assert.equal(missing, -1, `${offset} runs before ${missing}`);
    this.done.add(offset);
  }

  #takeOver(): void {
    this.#owners.unshift(new Owner(this, this.committed));
  }
}

class Owner {
  readonly keys = new ParkedKeys();
  moves = 0;
  readonly #world: World;
  readonly #begun: number;
  /** Records of the partition that ended here, and places of the parked one. */
  readonly #ended = new Set<number>();
  readonly #workedOff = new Set<number>();
  #parkedFrom = 0;
  #isOpen = false;
  /** Original offsets of records on their way, and what end markers say that are. */
  readonly #sent = new Map<Key, number>();
  readonly #ends = new Map<Key, number>();

  constructor(world: World, begun: number) {
    this.#world = world;
    this.#begun = begun;
  }

  /** The parked partition is read when the committed offset is known, and much may have happened since. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    const { parked, parkedCommitted } = this.#world;
    this.#parkedFrom = parkedCommitted;
    parked.forEach((entry, at) => {
      if (at >= parkedCommitted) this.keys.find(at, entry);
    });
    this.keys.foundAll(parked.length, 0);
  }

  get committable(): number {
    let at = this.#begun;
    while (this.#ended.has(at)) at++;
    return at;
  }

  get parkedCommittable(): number {
    let at = this.#parkedFrom;
    while (this.#workedOff.has(at) || this.#world.parked[at]?.kind === 'end') at++;
    return at;
  }

  listen(key: Key, fails: boolean): void {
    const { records } = this.#world;
    const offset = records.findIndex((one, at) => one === key && at >= this.#begun && !this.#ended.has(at));
    const parked = this.keys.get(bytes(key));
    if (offset < 0 || parked?.isEnding === true || this.#sent.has(key)) return;
    this.moves++;
    if (parked !== undefined || fails) {
      this.keys.parking(bytes(key), 0);
      this.#sent.set(key, offset);
    } else {
      this.#world.run(offset);
      this.#ended.add(offset);
    }
  }

  workOff(key: Key, fails: boolean): void {
    const at = this.#world.parked.findIndex(
      (entry, place) =>
        entry.of === key && entry.kind === 'record' && place >= this.#parkedFrom && !this.#workedOff.has(place),
    );
    const entry = this.#world.parked[at];
    if (entry?.kind !== 'record') {
      this.#handBack(key);
      return;
    }
    if (this.keys.reached(bytes(key), at, entry.original, 0)) {
      if (fails) return;
      this.#world.run(entry.original);
      this.keys.workedOff(bytes(key), at, entry.original);
    }
    this.moves++;
    this.#workedOff.add(at);
    this.#handBack(key);
  }

  arrive(key: Key, how: Arrival): void {
    const original = this.#sent.get(key);
    if (original === undefined) return;
    this.moves++;
    const at = how === 'refused' ? -1 : this.#write({ kind: 'record', key: bytes(key), original, of: key });
    if (how === 'refused' || how === 'unheard') return; // it is sent again
    this.#sent.delete(key);
    this.keys.parked(bytes(key), how === 'acknowledged' ? at : -1, original);
    this.#ended.add(original);
  }

  arriveEnd(key: Key, how: Arrival): void {
    const through = this.#ends.get(key);
    if (through === undefined) return;
    this.moves++;
    if (how !== 'refused') this.#write({ kind: 'end', key: bytes(key), through, of: key });
    this.#ends.delete(key);
    this.keys.ended(bytes(key), how === 'acknowledged' || how === 'nobody-knows-where');
  }

  #write(entry: Parked): number {
    return this.#world.parked.push(entry) - 1;
  }

  #handBack(key: Key): void {
    const through = this.keys.beginEnd(bytes(key));
    if (through === undefined) return;
    this.moves++;
    this.#ends.set(key, through);
  }
}
