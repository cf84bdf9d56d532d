interface Arrival {
  /** Sequence of its first record. */
  readonly from: number;
  /** On the monotonic clock. */
  readonly at: number;
}

/** Times are kept that are so much of the oldest record's age apart: some hundreds of them, however long it hangs. */
const PART = 1 / 64;

/**
 * When the records of a partition came that have not ended: by the poll, as a time of its own would cost every record. Behind
 * a record that hangs some polls are forgotten, and theirs count as older, by a sixty-fourth of its age at most.
 */
export class Arrivals {
  #arrivals: Arrival[] = [];

  /** @param oldest sequence of the oldest record that has not ended, or of the first that comes */
  note(arrival: Arrival, oldest: number): void {
    if (oldest >= arrival.from) this.#arrivals = [];
    const arrivals = this.#arrivals;
    while ((arrivals[1]?.from ?? Infinity) <= oldest) arrivals.shift();
    const [first, last] = [arrivals[0], arrivals[arrivals.length - 1]];
    if (first === undefined || last === undefined || arrival.at - last.at > (arrival.at - first.at) * PART)
      arrivals.push(arrival);
  }

  /** When the record came; undefined of one that did not. */
  of(sequence: number): number | undefined {
    let at: number | undefined;
    for (const arrival of this.#arrivals) {
      if (arrival.from > sequence) break;
      at = arrival.at;
    }
    return at;
  }
}
