import assert from 'node:assert/strict';
import { OwnerMarkers } from '../../dist/parking/owner-markers.js';
import { ParkedKeys, type ParkedEntry } from '../../dist/parking/parked-keys.js';

export type Key = 'a' | 'b';
const KEYS: readonly Key[] = ['a', 'b'];
const bytes = (key: Key): Buffer => Buffer.from(key);

/** What a process does next; of what is not possible nothing comes. */
export type Step =
  /** The next record of the key comes straight from its partition, and passes or fails for good; so many that follow a parked one go on together. */
  | { readonly do: 'listen'; readonly key: Key; readonly fails: boolean; readonly follow: number }
  /** The next parked record of the key comes to the listener. */
  | { readonly do: 'work-off'; readonly key: Key; readonly fails: boolean }
  /** A record of the key that was sent arrives, or its end marker. */
  | { readonly do: 'arrive'; readonly key: Key; readonly how: Arrival }
  | { readonly do: 'arrive-end'; readonly key: Key; readonly how: Arrival }
  | { readonly do: 'commit'; readonly what: 'partition' | 'parked' }
  /** Another process gets the partition; this one does not know, and goes on. */
  | { readonly do: 'take-over'; readonly generation: NextGeneration };

/** `same`: a static member has a successor. `first`: the group was deleted, when it had no members, and all of it begins anew. */
export type NextGeneration = 'next' | 'same' | 'first';

/** Written and heard of, as it should be or without a place; written, and nobody hears of it; not written. */
export type Arrival = 'acknowledged' | 'nobody-knows-where' | 'unheard' | 'refused';

/** By whom: 0 is the owner, 1 who was before it, and so on. */
export interface Turn {
  readonly who: number;
  readonly step: Step;
}

type Entry = ParkedEntry | { readonly kind: 'owner'; readonly by: Owner };
type Parked = Entry & { readonly of?: Key; readonly generation: number | undefined };

/** One partition, its parked partition, and who owns and owned it. The order of keys is checked with every record that runs. */
export class World {
  /** The keys of the partition's records. */
  readonly records: readonly Key[];
  readonly parked: Parked[] = [];
  readonly done = new Set<number>();
  committed = 0;
  parkedCommitted = { offset: 0, generation: -1 };
  flights = 0;
  /** Records that were not parked but ran, and are committed. */
  readonly #settled = new Set<number>();
  /** Whether generations rise with every owner, and each signs what it parks; one does not that slept while it was to begin. */
  isOrderly = true;
  readonly #owners: Owner[] = [];

  readonly #keepsOrder: boolean;

  /** @param keepsOrder whether it is checked */
  constructor(records: readonly Key[], keepsOrder = true) {
    this.records = records;
    this.#keepsOrder = keepsOrder;
    this.#owners.unshift(new Owner(this, 0, 1));
  }

  play({ who, step }: Turn): void {
    const owner = this.#owners[who];
    if (owner?.isDead !== false) return;
    owner.open();
    if (step.do === 'take-over') this.#takeOver(step.generation);
    else if (step.do === 'listen') owner.listen(step.key, step.fails, step.follow);
    else if (step.do === 'work-off') owner.workOff(step.key, step.fails);
    else if (step.do === 'arrive') owner.arrive(step.key, step.how);
    else if (step.do === 'arrive-end') owner.arriveEnd(step.key, step.how);
    else if (step.what === 'parked') this.#commitParked(owner);
    else if (who === 0) this.#commit(owner); // of all others the group refuses it
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
        owner.listen(key, false, 1);
      }
    }
    assert.equal(this.done.size, this.records.length, 'a record never ran');
    assert.equal(owner.committable, this.records.length);
    assert.equal(owner.parkedCommittable.offset, this.parked.length);
    assert.equal(owner.keys.size, 0, 'a key is parked for ever');
  }

  /** The listener ends well. */
  run(offset: number, owner: Owner): void {
    const key = this.records[offset];
    const missing = this.records.findIndex((one, at) => one === key && at < offset && !this.done.has(at));
    if (this.#keepsOrder) assert.equal(missing, -1, `${offset} runs before ${missing}`);
    if (this.isOrderly && owner === this.#owners[0])
      assert.ok(!this.#settled.has(offset), `${offset} runs once more, and was committed`);
    this.done.add(offset);
  }

  #commit(owner: Owner): void {
    this.committed = owner.committable;
    for (const offset of owner.ranStraight) if (offset < this.committed) this.#settled.add(offset);
  }

  /** Nobody refuses it to an owner of before, also if it goes back by that. */
  #commitParked({ parkedCommittable }: Owner): void {
    this.isOrderly &&= parkedCommittable.offset >= this.parkedCommitted.offset;
    this.parkedCommitted = parkedCommittable;
  }

  #takeOver(how: NextGeneration): void {
    const { generation } = this.#owners[0]!;
    this.isOrderly &&= how === 'next';
    if (how === 'first') for (const owner of this.#owners) owner.isDead ||= !owner.isOpen; // nobody is about to own it
    const next = { next: generation + 1, same: generation, first: 1 }[how];
    this.#owners.unshift(new Owner(this, this.committed, next));
  }
}

/** Records of a key that were sent together, and what came of those that arrived. */
interface Sent {
  readonly id: string;
  readonly behind: number;
  readonly originals: readonly number[];
  /** Where they stand, -1 where nobody knows; undefined of what is not known to be written. */
  readonly places: (number | undefined)[];
}

export class Owner {
  keys = new ParkedKeys();
  moves = 0;
  isOpen = false;
  /** It does nothing any more. */
  isDead = false;
  readonly generation: number;
  readonly ranStraight = new Set<number>();
  readonly #world: World;
  readonly #begun: number;
  /** Records of the partition that ended here, and places of the parked one. */
  readonly #ended = new Set<number>();
  readonly #workedOff = new Set<number>();
  #markers = new OwnerMarkers();
  #signs = false;
  #parkedFrom = 0;
  /** The newest place in the parked partition that it knows of. */
  #behind = 0;
  readonly #sent = new Map<Key, Sent>();
  /** What end markers say that are on their way. */
  readonly #ends = new Map<Key, number>();

  constructor(world: World, begun: number, generation: number) {
    this.#world = world;
    this.#begun = begun;
    this.generation = generation;
  }

  /** The parked partition is read when the committed offset is known, and much may have happened since. */
  open(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    const { parkedCommitted } = this.#world;
    this.#markers = new OwnerMarkers(parkedCommitted.generation);
    this.#behind = this.#write({ kind: 'owner', by: this, generation: this.generation });
    this.#parkedFrom = parkedCommitted.offset;
    this.#signs = parkedCommitted.generation < this.generation;
    this.#read(this.#parkedFrom);
    const { missingFrom } = this.keys;
    if (missingFrom !== undefined) this.#read(missingFrom);
    this.keys.foundAll(this.#world.parked.length, 0);
  }

  #read(readFrom: number): void {
    this.keys = new ParkedKeys(this.#parkedFrom, readFrom);
    for (let at = readFrom; at < this.#world.parked.length; at++) {
      const entry = this.#world.parked[at]!;
      if (entry.kind !== 'owner') {
        if (!this.#isLate(at, entry.generation)) this.keys.find(at, entry);
      } else if (at >= this.#parkedFrom) {
        this.#markers.add({ at, generation: entry.by.generation });
        if (entry.by !== this) this.#signs &&= entry.by.generation < this.generation;
      }
    }
  }

  get committable(): number {
    let at = this.#begun;
    while (this.#ended.has(at)) at++;
    return at;
  }

  get parkedCommittable(): World['parkedCommitted'] {
    let at = this.#parkedFrom;
    for (let entry = this.#world.parked[at]; entry !== undefined; entry = this.#world.parked[++at]) {
      if (entry.kind === 'record' && !this.#workedOff.has(at)) break;
    }
    this.#passMarkers(at);
    return { offset: at, generation: this.#markers.before(at) };
  }

  /** The worker came to what stands there. */
  #passMarkers(to: number): void {
    for (const [at, entry] of this.#world.parked.entries())
      if (at >= this.#parkedFrom && at < to && entry.kind === 'owner')
        this.#markers.add({ at, generation: entry.by.generation });
  }

  /** Not what it signed itself, if it is not the owner any more and does not know: it relies on working that off. */
  #isLate(at: number, generation: number | undefined): boolean {
    return !(this.#signs && generation === this.generation) && this.#markers.isLate(at, generation);
  }

  listen(key: Key, fails: boolean, follow: number): void {
    const { records } = this.#world;
    const parked = this.keys.get(bytes(key));
    if (parked?.isEnding === true || this.#sent.has(key)) return;
    const next = [...records.keys()].filter((at) => at >= this.#begun && records[at] === key && !this.#ended.has(at));
    const [offset] = next;
    if (offset === undefined) return;
    this.moves++;
    if (parked !== undefined) this.#park(key, next.slice(0, follow));
    else if (fails) this.#park(key, [offset]);
    else {
      this.#world.run(offset, this);
      this.ranStraight.add(offset);
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
    this.#passMarkers(at);
    if (!this.#isLate(at, entry.generation) && this.keys.reached(at, entry, 0)) {
      if (fails) return;
      this.#world.run(entry.original, this);
      this.keys.workedOff(bytes(key), at, entry.original);
    }
    this.moves++;
    this.#workedOff.add(at);
    this.#handBack(key);
  }

  arrive(key: Key, how: Arrival): void {
    const sent = this.#sent.get(key);
    if (sent === undefined) return;
    this.moves++;
    const { id, originals, places, behind } = sent;
    const index = places.length;
    const size = originals.length;
    const flight = size === 1 ? undefined : { id, index, size, behind };
    const entry = { kind: 'record', key: bytes(key), original: originals[index]!, of: key, flight } as const;
    const generation = this.#signs ? this.generation : undefined;
    this.#world.isOrderly &&= this.#signs;
    const at = how === 'refused' ? undefined : this.#write({ ...entry, generation });
    places.push(how === 'unheard' ? undefined : how === 'nobody-knows-where' ? -1 : at);
    if (places.length === size) this.#landed(key, sent);
  }

  arriveEnd(key: Key, how: Arrival): void {
    const through = this.#ends.get(key);
    if (through === undefined) return;
    this.moves++;
    if (how !== 'refused') this.#write({ kind: 'end', key: bytes(key), through, of: key, generation: undefined });
    this.#ends.delete(key);
    this.keys.ended(bytes(key), how === 'acknowledged' || how === 'nobody-knows-where');
  }

  #park(key: Key, originals: readonly number[]): void {
    this.keys.parking(bytes(key), 0, originals.length);
    this.#sent.set(key, { id: `${this.#world.flights++}`, behind: this.#behind, originals, places: [] });
  }

  /** Up to the first that is not known to be written they are parked; the others are sent again. */
  #landed(key: Key, { originals, places }: Sent): void {
    const missing = places.indexOf(undefined);
    const count = missing < 0 ? places.length : missing;
    this.#sent.delete(key);
    for (const original of originals.slice(0, count)) {
      this.keys.parked(bytes(key), places[originals.indexOf(original)]!, original);
      this.#ended.add(original);
    }
    for (const original of originals.slice(count)) {
      assert.ok(!this.#ended.has(original));
      this.keys.notParked(bytes(key));
    }
    this.#behind = Math.max(this.#behind, ...places.slice(0, count).map(Number));
    if (count < originals.length) this.#park(key, originals.slice(count));
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
