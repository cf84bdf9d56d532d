/** Where a record stands among those of its key that were sent together, none waiting for the acknowledgment of another. */
export interface Flight {
  readonly id: string;
  /** From 0. */
  readonly index: number;
  readonly size: number;
  /** In the parked partition, nothing of the flight stands below. */
  readonly behind: number;
}

/**
 * Which records of flights count. Of five that are sent together the second may be refused, and those behind it be written all
 * the same: the worker would run them first. So a record counts only if all that are ahead of it in its flight stand before it
 * in the log. Whoever sent the flight takes for parked what was acknowledged up to the first that was not, in the order of the
 * log: that counts for every reader. It sends the others again, as another flight.
 *
 * A reader that begins in the middle of a flight cannot tell: those ahead may have been worked off, or never written. Then it
 * has to begin earlier, at `missingFrom`, where the flight cannot have begun yet.
 */
export class Flights {
  /** By flight: the index of the record that may come next. */
  readonly #next = new Map<string, number>();
  readonly #readFrom: number;
  #missingFrom = Infinity;

  /** @param readFrom where in the log reading begins */
  constructor(readFrom: number) {
    this.#readFrom = readFrom;
  }

  /** Where to begin instead, to know of all; undefined if all is known. */
  get missingFrom(): number | undefined {
    return this.#missingFrom === Infinity ? undefined : this.#missingFrom;
  }

  /** To be asked once of each record, in the order of the log. */
  counts(flight: Flight | undefined): boolean {
    if (flight === undefined) return true;
    const { id, index, size } = flight;
    const next = this.#next.get(id) ?? this.#unseen(flight);
    if (index > next) return false;
    if (index + 1 < size) this.#next.set(id, Math.max(next, index + 1));
    else this.#next.delete(id);
    return true;
  }

  /**
   * What stood there may be deleted by now: then it was worked off, or is lost anyway. What comes after the log was read is of
   * an owner before this one, or after: of the first `OwnerMarkers` knows that it is late, if it was signed, and of the other nothing
   * may be passed over.
   */
  #unseen({ index, behind }: Flight): number {
    if (index === 0 || behind >= this.#readFrom) return 0;
    this.#missingFrom = Math.min(this.#missingFrom, behind);
    return index;
  }
}
