/** What a header may be given as; strings are written as UTF-8. */
export type HeaderValue = Buffer | string | null;

/** What {@link Headers.from} takes: an object (arrays repeat a name), name-value pairs, or other headers. */
export type HeadersInit =
  | Headers
  | Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>
  | Iterable<readonly [name: string, value: HeaderValue]>;

/**
 * A record's headers: an ordered list of names and values in which a name may stand several times, as in Kafka.
 * Mutable until the record is sent; headers of a received record are a private copy.
 */
export class Headers implements Iterable<readonly [name: string, value: Buffer | null]> {
  readonly #entries: [name: string, value: Buffer | null][] = [];

  /**
   * Makes headers from any accepted form. Headers given are copied.
   * @throws TypeError for anything else, and for a value that is no Buffer, string or null
   */
  static from(init?: HeadersInit): Headers {
    const headers = new Headers();
    if (init === undefined) return headers;
    if (!isObject(init)) throw new TypeError('headers must be an object, name-value pairs or Headers');
    for (const pair of isIterable(init) ? init : Object.entries(init)) {
      if (!Array.isArray(pair)) throw new TypeError(`headers in a list must be name-value pairs, got ${typeof pair}`);
      const [name, value] = pair as readonly unknown[] as readonly [string, unknown];
      for (const one of Array.isArray(value) ? (value as readonly HeaderValue[]) : [value as HeaderValue]) {
        headers.add(name, one);
      }
    }
    return headers;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** The last value of the name (Kafka's `lastHeader`), or undefined if there is none. */
  get(name: string): Buffer | null | undefined {
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const entry = this.#entries[i];
      if (entry?.[0] === name) return entry[1];
    }
    return undefined;
  }

  /** Every value of the name, oldest first. */
  getAll(name: string): (Buffer | null)[] {
    return this.#entries.filter((entry) => entry[0] === name).map((entry) => entry[1]);
  }

  /** The last value of the name as UTF-8 text; undefined if there is none or it is null. */
  string(name: string): string | undefined {
    return this.get(name)?.toString('utf8');
  }

  has(name: string): boolean {
    return this.#entries.some((entry) => entry[0] === name);
  }

  /**
   * Removes every value of the name, then appends this one.
   * @throws TypeError as `add` does; earlier values stay then
   */
  set(name: string, value: HeaderValue): this {
    const entry = checkedEntry(name, value);
    this.delete(name);
    this.#entries.push(entry);
    return this;
  }

  /**
   * Appends a value; earlier values of the name stay.
   * @throws TypeError for a name that is no string, or a value that is no Buffer, string or null
   */
  add(name: string, value: HeaderValue): this {
    this.#entries.push(checkedEntry(name, value));
    return this;
  }

  /** Removes every value of the name; false if there was none. */
  delete(name: string): boolean {
    const before = this.#entries.length;
    for (let i = before - 1; i >= 0; i--) if (this.#entries[i]?.[0] === name) this.#entries.splice(i, 1);
    return this.#entries.length < before;
  }

  entries(): IterableIterator<readonly [name: string, value: Buffer | null]> {
    return this.#entries.values();
  }

  [Symbol.iterator](): IterableIterator<readonly [name: string, value: Buffer | null]> {
    return this.entries();
  }
}

const isObject = (init: unknown): init is object => typeof init === 'object' && init !== null;

const isIterable = (init: HeadersInit): init is Iterable<readonly [string, HeaderValue]> => Symbol.iterator in init;

function checkedEntry(name: unknown, value: unknown): [name: string, value: Buffer | null] {
  if (typeof name !== 'string') throw new TypeError(`a header's name must be a string, got ${typeof name}`);
  return [name, toBytes(name, value)];
}

function toBytes(name: string, value: unknown): Buffer | null {
  if (value === null || Buffer.isBuffer(value)) return value;
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  throw new TypeError(`header "${name}" must be a Buffer, a string or null, got ${typeof value}`);
}
