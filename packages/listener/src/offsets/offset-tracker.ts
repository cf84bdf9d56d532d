const ENDED = -1;
const MIN_CAPACITY = 64;

/**
 * Which records of one partition have ended, and so what may be committed. One tracker lives as long as one ownership of
 * the partition (until it is revoked, sought or reset).
 *
 * Records are numbered as they are received, and a ring over those numbers holds their offsets: gaps in the offsets
 * (compaction, transaction markers) cost nothing, and neither does the order in which records end. About 20 ns and 8 bytes
 * a record; the ring grows with the distance from the oldest open record to the newest, and shrinks again.
 */
export class OffsetTracker {
  /** Offset of each record from `#head` on, at its sequence modulo the length (a power of two); ENDED once it has. */
  #ring = new Float64Array(MIN_CAPACITY);
  /** Sequence of the oldest open record: everything below has ended. */
  #head = 0;
  /** Sequence of the next record to be received. */
  #tail = 0;
  #outstanding = 0;
  #nextOffset: number;
  /** The longest span since the last lap: says whether a smaller ring would have done. */
  #peak = 0;

  /** @param position offset of the first record to be read */
  constructor(position: number) {
    this.#nextOffset = position;
  }

  /** Where reading goes on: past everything received so far. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  /** How many records were received and have not ended. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** How many records were received since the oldest open one, itself included. */
  get span(): number {
    return this.#tail - this.#head;
  }

  /** Whether a record has ended behind one that has not: no commit covers it. */
  get hasGaps(): boolean {
    return this.span > this.#outstanding;
  }

  /** How many records a commit would cover: all up to the oldest open one, since the first. */
  get covered(): number {
    return this.#head;
  }

  /** Offset of the oldest open record. */
  get oldestOutstanding(): number | undefined {
    return this.#head === this.#tail ? undefined : this.#ring[this.#head & (this.#ring.length - 1)];
  }

  /**
   * The offset to commit: every record received below it has ended. It never goes back. With nothing outstanding it is the
   * position, so that lag reaches 0 past transaction markers.
   */
  get committable(): number {
    return this.oldestOutstanding ?? this.#nextOffset;
  }

  /** How many records have ended. */
  get endedCount(): number {
    return this.#tail - this.#outstanding;
  }

  /**
   * Where ranges of offsets without an ended record begin and, by turns, end; of at most so many ranges. Takes a nanosecond
   * or two for each record of the span.
   * @returns and up to where that says all: to the first of the open records that no ended one follows, or of the first
   *   range that is left out
   */
  openRanges(max = Infinity): { readonly open: number[]; readonly to: number; readonly isCut: boolean } {
    const ring = this.#ring;
    const mask = ring.length - 1;
    const tail = this.#tail;
    const open: number[] = [];
    let sequence = this.#head;
    while (sequence < tail) {
      while (sequence < tail && ring[sequence & mask] === ENDED) sequence++;
      if (sequence === tail || open.push(ring[sequence & mask] ?? ENDED) > 2 * max) break;
      while (sequence < tail && ring[sequence & mask] !== ENDED) sequence++;
      if (sequence < tail) open.push((ring[(sequence - 1) & mask] ?? ENDED) + 1);
    }
    const to = open.length % 2 === 0 ? this.#nextOffset : (open.pop() ?? this.#nextOffset);
    return { open, to, isCut: sequence < tail };
  }

  /**
   * Takes in the next record.
   * @returns its sequence, for `ended`
   * @param offset above every offset before
   */
  received(offset: number): number {
    const capacity = this.#ring.length;
    const span = this.#tail - this.#head;
    if (span === capacity) this.#resize(capacity * 2);
    else if (span > this.#peak) this.#peak = span;
    const sequence = this.#tail++;
    // `&` works on the low 32 bits: right for every safe integer, also past 2^31 records.
    const slot = sequence & (this.#ring.length - 1);
    this.#ring[slot] = offset;
    if (slot === 0) this.#shrinkAfterLap();
    this.#nextOffset = offset + 1;
    this.#outstanding++;
    return sequence;
  }

  /** The position moved past offsets that hold no record. */
  advance(nextOffset: number): void {
    if (nextOffset > this.#nextOffset) this.#nextOffset = nextOffset;
  }

  hasEnded(sequence: number): boolean {
    return sequence < this.#head || this.#ring[sequence & (this.#ring.length - 1)] === ENDED;
  }

  /** Marks a record as ended. False if it was already: ending twice is one end. */
  ended(sequence: number): boolean {
    if (this.hasEnded(sequence)) return false;
    const ring = this.#ring;
    const mask = ring.length - 1;
    ring[sequence & mask] = ENDED;
    this.#outstanding--;
    if (sequence === this.#head) {
      let head = sequence + 1;
      while (head < this.#tail && ring[head & mask] === ENDED) head++;
      this.#head = head;
    }
    return true;
  }

  /** Once a lap, so that its cost does not count; a ring four times too long is halved. */
  #shrinkAfterLap(): void {
    const capacity = this.#ring.length;
    if (capacity > MIN_CAPACITY && this.#peak < capacity / 4 && this.span <= capacity / 2) this.#resize(capacity / 2);
    this.#peak = 0;
  }

  #resize(capacity: number): void {
    const ring = new Float64Array(capacity);
    for (let sequence = this.#head; sequence < this.#tail; sequence++) {
      ring[sequence & (capacity - 1)] = this.#ring[sequence & (this.#ring.length - 1)] ?? ENDED;
    }
    this.#ring = ring;
  }
}
