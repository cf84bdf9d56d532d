import fc from 'fast-check';
import type { Reader } from '@hearken/protocol';

type Invent = <T>(arbitrary: () => fc.Arbitrary<T>) => T;

const int8 = () => fc.integer({ min: -128, max: 127 });
const int16 = () => fc.integer({ min: -32768, max: 32767 });
const int32 = () => fc.oneof(fc.integer(), fc.integer({ min: -2, max: 9 }));
const int64 = () => fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -2, max: 9 }));
/** Names that may be known to the broker asked, among others. */
const string = () =>
  fc.oneof(fc.constantFrom('t', 'u', '', '1', 'retention.ms', 'delete'), fc.string({ maxLength: 9 }));
const bytes = () => fc.uint8Array({ maxLength: 90 }).map((array) => Buffer.from(array));
const uuid = () => fc.uint8Array({ minLength: 16, maxLength: 16 }).map((a) => Buffer.from(a).toString('base64url'));
const isNull = () => fc.boolean();
const count = () => fc.nat(3);

/** Stands in for a reader and makes up whatever it is asked for: an API's `readRequest` then yields any request. */
export function inventingReader(g: Invent): Reader {
  const inventor = {
    flexible: false,
    int8: () => g(int8),
    int16: () => g(int16),
    int32: () => g(int32),
    int64: () => g(int64),
    boolean: () => g(fc.boolean),
    uuid: () => g(uuid),
    string: () => g(string),
    nullableString: () => (g(isNull) ? null : g(string)),
    bytes: () => g(bytes),
    nullableBytes: () => (g(isNull) ? null : g(bytes)),
    array: <T>(readOne: () => T) => Array.from({ length: g(count) }, readOne),
    nullableArray: <T>(readOne: () => T) => (g(isNull) ? null : Array.from({ length: g(count) }, readOne)),
    tags: () => undefined,
  };
  return inventor as unknown as Reader;
}
