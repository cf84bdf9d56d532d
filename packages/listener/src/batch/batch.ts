import type { Delivery, DeliveryLane } from '../dispatch/delivery.js';
import type { Work } from '../dispatch/work.js';
import type { Ownership } from '../offsets/ownership.js';

/** What comes again, without a failure. */
interface GivenBack {
  readonly deliveries: Set<Delivery>;
  readonly sleepMs: number;
}

/**
 * Records that are called together, and those that follow as soon as they are done: of one lane, or of several of a partition
 * that are closed together. Its first delivery is the
 * attempt: it has the signal, and is what is waited for.
 */
export class Batch implements Work {
  /** In the order of their offsets; at least one. */
  readonly deliveries: readonly Delivery[];
  /** How many of them, from the first, get a call of their own. */
  readonly alone: number;
  /** Of these and of what was called with them before: what follows in their lane may wait until that is committed. */
  readonly lastOffset: number;
  /** By the sequence of a record, its lane; undefined if all are of one. */
  readonly #origins: ReadonlyMap<number, DeliveryLane> | undefined;
  #given: readonly Delivery[];
  #behind: readonly Delivery[];
  /** What the listener was called with last: middleware may make several calls of one, and leave records out. */
  #handed: readonly Delivery[] = [];
  /** With middleware: what the listener got in any call, once middleware has said what that is to be. */
  #reached: Set<Delivery> | undefined = undefined;
  #givenBack: GivenBack | undefined = undefined;

  /** @param after the last offset of the batch that this is the rest of */
  constructor(deliveries: readonly Delivery[], alone = 0, origins?: ReadonlyMap<number, DeliveryLane>, after = -1) {
    this.deliveries = deliveries;
    this.alone = alone;
    this.lastOffset = Math.max(after, deliveries.at(-1)?.lastOffset ?? -1);
    this.#origins = origins;
    this.#given = alone > 0 ? deliveries.slice(0, 1) : deliveries;
    this.#behind = alone > 0 ? deliveries.slice(1) : [];
  }

  /** What the call is about: without what the filter dropped. */
  get given(): readonly Delivery[] {
    return this.#given;
  }

  /** The call is about fewer records than it might have been; some come in a later one. */
  cover(given: readonly Delivery[], later: readonly Delivery[]): void {
    this.#given = this.#handed = given;
    this.#behind = [...later, ...this.#behind];
  }

  /**
   * Middleware gives these to the listener, and perhaps others in a later call.
   * @returns whether the listener is to be called: not once it gave an earlier part back, as these come again with it
   */
  reach(handed: readonly Delivery[]): boolean {
    this.#reached ??= new Set();
    const known = this.#givenBack?.deliveries ?? this.#reached;
    for (const delivery of handed) known.add(delivery);
    if (this.#givenBack !== undefined || handed.length === 0) return false;
    this.#handed = handed;
    return true;
  }

  get handed(): readonly Delivery[] {
    return this.#handed;
  }

  /** What a middleware kept from the listener when it called `next`, and that does not come again. */
  get leftOut(): readonly Delivery[] {
    const reached = this.#reached;
    if (reached === undefined) return [];
    return this.given.filter((delivery) => !reached.has(delivery) && !this.comesAgain(delivery));
  }

  /** Whether everything is that the listener got so far; of what it did not get nobody knows yet. */
  get isAcknowledged(): boolean {
    return [...(this.#reached ?? this.given)].every((delivery) => delivery.hasEnded);
  }

  /** Those that are not acknowledged. */
  get open(): readonly Delivery[] {
    return this.given.filter((delivery) => !delivery.hasEnded);
  }

  get hasEnded(): boolean {
    return this.deliveries.every((delivery) => delivery.hasEnded);
  }

  get ownership(): Ownership {
    return this.lead.ownership;
  }

  /** The highest of its records. */
  get attempt(): number {
    return this.given.reduce((highest, { attempt }) => Math.max(highest, attempt), 1);
  }

  /** Whether its listener gave the record back. */
  comesAgain(delivery: Delivery): boolean {
    return this.#givenBack?.deliveries.has(delivery) === true;
  }

  /** Its listener gives back what is not done from there on. */
  giveBack(from: Delivery, sleepMs: number): void {
    this.#givenBack = { deliveries: new Set(this.given.slice(this.given.indexOf(from))), sleepMs };
  }

  /** What was given back, and is not acknowledged. */
  get nacked(): { readonly deliveries: readonly Delivery[]; readonly sleepMs: number } | undefined {
    if (this.#givenBack === undefined) return undefined;
    const { sleepMs } = this.#givenBack;
    const deliveries = this.open.filter((delivery) => this.comesAgain(delivery));
    return deliveries.length === 0 ? undefined : { deliveries, sleepMs };
  }

  get isAwaited(): boolean {
    return this.lead.isAwaited;
  }

  begin(taskSignal: AbortSignal): void {
    this.lead.begin(taskSignal);
  }

  finish(): void {
    this.lead.finish();
  }

  excuse(): void {
    this.lead.excuse();
  }

  /** What follows in its lane: these once more, and then what is behind. Undefined if that is nothing. */
  next(again: readonly Delivery[]): Batch | undefined {
    const deliveries = [...again, ...this.#behind];
    const alone = this.alone === 0 ? 0 : this.alone - 1 + again.length;
    return deliveries.length === 0 ? undefined : new Batch(deliveries, alone, this.#origins, this.lastOffset);
  }

  /** The same with a call of their own for each of `again`. */
  oneByOne(again: readonly Delivery[]): Batch {
    return new Batch([...again, ...this.#behind], again.length, this.#origins, this.lastOffset);
  }

  /** The lanes of its records, the first one's first, where they are of several. */
  get lanes(): ReadonlySet<DeliveryLane> {
    const lanes = this.deliveries.map(({ sequence }) => this.#origins?.get(sequence));
    return new Set(lanes.filter((lane) => lane !== undefined));
  }

  /** The delivery that is the attempt. */
  get lead(): Delivery {
    const [first] = this.deliveries;
    if (first === undefined) throw new RangeError('a batch without records');
    return first;
  }
}
