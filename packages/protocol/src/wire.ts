import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/**
 * How one field, or one whole message, stands on the wire: both directions from one declaration, so that they cannot
 * differ. Fields are declared in wire order: the object literal is the schema.
 */
export interface Wire<T> {
  read(from: Reader, version: number): T;
  write(to: Writer, value: T, version: number): void;
}

export type ValueOf<W> = W extends Wire<infer T> ? T : never;

export const int8: Wire<number> = { read: (from) => from.int8(), write: (to, value) => to.int8(value) };
export const int16: Wire<number> = { read: (from) => from.int16(), write: (to, value) => to.int16(value) };
export const int32: Wire<number> = { read: (from) => from.int32(), write: (to, value) => to.int32(value) };
export const int64: Wire<number> = { read: (from) => from.int64(), write: (to, value) => to.int64(value) };
export const boolean: Wire<boolean> = { read: (from) => from.boolean(), write: (to, value) => to.boolean(value) };
export const uuid: Wire<string> = { read: (from) => from.uuid(), write: (to, value) => to.uuid(value) };
export const string: Wire<string> = { read: (from) => from.string(), write: (to, value) => to.string(value) };
export const nullableString: Wire<string | null> = {
  read: (from) => from.nullableString(),
  write: (to, value) => to.nullableString(value),
};
export const bytes: Wire<Buffer> = { read: (from) => from.bytes(), write: (to, value) => to.bytes(value) };
/** Bytes, or record batches, which stay opaque here: spliced in when written, a slice when read. */
export const nullableBytes: Wire<Buffer | null> = {
  read: (from) => from.nullableBytes(),
  write: (to, value) => to.nullableBytes(value),
};

/** One field of bytes, written from any number of buffers without joining them. */
export const bytesOf: Wire<readonly Buffer[]> = {
  read: (from) => [from.bytes()],
  write: (to, values) => to.bytesOf(values),
};

/** The id of a topic whose id is not known, as Kafka writes it. */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';

/** Authorised operations that were not asked for. */
export const NOT_ASKED = -2147483648;

export const array = <T>(element: Wire<T>): Wire<readonly T[]> => ({
  read: (from, version) => from.array(() => element.read(from, version)),
  write: (to, values, version) => to.array(values, (value) => element.write(to, value, version)),
});

export const nullableArray = <T>(element: Wire<T>): Wire<readonly T[] | null> => ({
  read: (from, version) => from.nullableArray(() => element.read(from, version)),
  write: (to, values, version) => to.nullableArray(values, (value) => element.write(to, value, version)),
});

/**
 * A field that only versions `first` to `last` have. In the others it is not written, whatever its value, and is read
 * as `otherwise`, Kafka's own default.
 */
export const between = <T>(first: number, last: number, field: Wire<T>, otherwise: T): Wire<T> => ({
  read: (from, version) => (version >= first && version <= last ? field.read(from, version) : otherwise),
  write: (to, value, version) => {
    if (version >= first && version <= last) field.write(to, value, version);
  },
});

/** A field that versions from `first` on have. */
export const since = <T>(first: number, field: Wire<T>, otherwise: T): Wire<T> =>
  between(first, Infinity, field, otherwise);

/** A field that versions up to `last` have. */
export const until = <T>(last: number, field: Wire<T>, otherwise: T): Wire<T> => between(0, last, field, otherwise);

type Fields = Readonly<Record<string, Wire<unknown>>>;
type Struct<F extends Fields> = { readonly [Name in keyof F]: ValueOf<F[Name]> };

/** An optional field that flexible versions put behind a struct's own (KIP-482). */
export interface Tagged<T> {
  readonly tag: number;
  readonly field: Wire<T>;
}
type TaggedFields = Readonly<Record<string, Tagged<unknown>>>;
type TaggedStruct<T extends TaggedFields> = { readonly [Name in keyof T]?: ValueOf<T[Name]['field']> };

/** Fields in wire order, and tagged ones by tag; those we do not name are skipped when read, and not written. */
export function struct<F extends Fields>(fields: F): Wire<Struct<F>>;
export function struct<F extends Fields, T extends TaggedFields>(
  fields: F,
  tagged: T,
): Wire<Struct<F> & TaggedStruct<T>>;
export function struct(fields: Fields, tagged: TaggedFields = {}): Wire<Record<string, unknown>> {
  const entries = Object.entries(fields);
  const optional = Object.entries(tagged);
  return {
    read(from, version) {
      const value: Record<string, unknown> = {};
      for (const [name, field] of entries) value[name] = field.read(from, version);
      if (optional.length === 0) from.tags();
      else from.tags(readersOf(optional, value, version));
      return value;
    },
    write(to, value, version) {
      for (const [name, field] of entries) field.write(to, value[name], version);
      if (optional.length === 0) to.tags();
      else to.tags(writersOf(optional, value, version));
    },
  };
}

const readersOf = (
  optional: readonly [string, Tagged<unknown>][],
  into: Record<string, unknown>,
  version: number,
): ReadonlyMap<number, (from: Reader) => void> =>
  new Map(optional.map(([name, { tag, field }]) => [tag, (from) => void (into[name] = field.read(from, version))]));

const writersOf = (
  optional: readonly [string, Tagged<unknown>][],
  value: Record<string, unknown>,
  version: number,
): { readonly tag: number; readonly write: (to: Writer) => void }[] =>
  optional
    .filter(([name]) => value[name] !== undefined)
    .map(([name, { tag, field }]) => ({ tag, write: (to) => field.write(to, value[name], version) }));
