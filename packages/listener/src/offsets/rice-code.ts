/** From this quotient on a number is written as it is: one that is far above the others must not cost as much as all of them. */
const LONGEST_QUOTIENT = 24;
/** Of a number that is written as it is. */
const PLAIN_BITS = 53;
const PLAIN_COST = LONGEST_QUOTIENT + PLAIN_BITS;

/** Bits that are written or read at once. */
const STEP = 24;

/** Writes bits into at most so many bytes; what does not fit is left out, and said. */
export class BitWriter {
  readonly #bytes: Uint8Array;
  #length = 0;

  constructor(maxBytes: number) {
    this.#bytes = new Uint8Array(maxBytes);
  }

  /** How many bits were written, those included that were left out. */
  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length > this.#bytes.length * 8;
  }

  /** The last `width` bits of a number; up to 53. */
  bits(value: number, width: number): void {
    let left = width;
    for (; left > STEP; left -= STEP) this.#put(Math.floor(value / 2 ** (left - STEP)) % 2 ** STEP, STEP);
    this.#put(value % 2 ** left, left);
  }

  /** A number from 0, cheap where it is about 2^parameter or below: its upper part as so many ones and a zero, the rest plainly. */
  rice(value: number, parameter: number): void {
    const quotient = Math.floor(value / 2 ** parameter);
    if (quotient >= LONGEST_QUOTIENT) {
      this.bits(2 ** LONGEST_QUOTIENT - 1, LONGEST_QUOTIENT);
      this.bits(value, PLAIN_BITS);
    } else {
      this.bits(2 ** (quotient + 1) - 2, quotient + 1);
      this.bits(value, parameter);
    }
  }

  /** The bytes that so many bits take, the last one filled up with zeros. */
  bytes(length = this.#length): Uint8Array {
    const bytes = this.#bytes.slice(0, Math.ceil(length / 8));
    const last = bytes.length - 1;
    if (last >= 0) bytes[last] = (bytes[last] ?? 0) & (0xff << (bytes.length * 8 - length));
    return bytes;
  }

  /** Into what is free of the last byte, and into the bytes behind it. */
  #put(value: number, width: number): void {
    for (let left = width; left > 0;) {
      const at = this.#length >> 3;
      const free = 8 - (this.#length & 7);
      const some = Math.min(free, left);
      left -= some;
      const bits = (value >> left) & ((1 << some) - 1);
      if (at < this.#bytes.length) this.#bytes[at] = (this.#bytes[at] ?? 0) | (bits << (free - some));
      this.#length += some;
    }
  }
}

/** Reads what {@link BitWriter} wrote. Past the end there are zeros, and `isOver` says so. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** More was read than there is. */
  get isOver(): boolean {
    return this.#position > this.#bytes.length * 8;
  }

  bits(width: number): number {
    let value = 0;
    for (let left = width; left > 0; left--) value = value * 2 + this.#bit();
    return value;
  }

  rice(parameter: number): number {
    let quotient = 0;
    while (quotient < LONGEST_QUOTIENT && this.#bit() === 1) quotient++;
    return quotient === LONGEST_QUOTIENT ? this.bits(PLAIN_BITS) : quotient * 2 ** parameter + this.bits(parameter);
  }

  #bit(): number {
    const byte = this.#bytes[this.#position >> 3] ?? 0;
    return (byte >> (7 - (this.#position++ & 7))) & 1;
  }
}

/** Numbers to be written, by how many bits they have: what each parameter costs is told from that, not from each of them. */
export class RiceLengths {
  readonly #counts = new Float64Array(PLAIN_BITS + 1);
  readonly #sums = new Float64Array(PLAIN_BITS + 1);

  add(value: number, times = 1): void {
    const length = value < 2 ** 31 ? 32 - Math.clz32(value) : Math.floor(Math.log2(value)) + 1;
    this.#counts[length] = (this.#counts[length] ?? 0) + times;
    this.#sums[length] = (this.#sums[length] ?? 0) + value * times;
  }

  /** The parameter that writes them in about the fewest bits, and how many that are. */
  best(): { readonly parameter: number; readonly bits: number } {
    const lengths = [...this.#counts.keys()].filter((length) => this.#counts[length] !== 0);
    let best = { parameter: 0, bits: Infinity };
    for (let parameter = 0; parameter < PLAIN_BITS; parameter++) {
      let bits = 0;
      for (const length of lengths) bits += this.#costOf(length, parameter);
      if (bits < best.bits) best = { parameter, bits };
    }
    return best;
  }

  /** What the parameter cuts off is half of a step on average. */
  #costOf(length: number, parameter: number): number {
    const [count, sum] = [this.#counts[length] ?? 0, this.#sums[length] ?? 0];
    const quotients = length <= parameter ? 0 : Math.max(0, sum / 2 ** parameter - count / 2);
    return quotients >= LONGEST_QUOTIENT * count ? count * PLAIN_COST : quotients + count * (1 + parameter);
  }
}
