import { Buffer } from 'node:buffer'; // the global is an accessor: a call per use
import { DeserializationError, SerializationError } from './errors.js';
import type { Headers } from './headers.js';
import type { Bytes } from './records.js';
import { validate, type InferOutput, type StandardSchemaV1 } from './standard-schema.js';

/** What a serde may look at beside the bytes. */
export interface SerdeContext {
  readonly topic: string;
  readonly headers: Headers;
}

/**
 * Turns values into bytes and back. Either direction may be asynchronous; the synchronous way makes no promise.
 * Both may throw or reject; the caller wraps what they throw.
 */
export interface Serde<T> {
  serialize(value: T, context: SerdeContext): Bytes | Promise<Bytes>;
  deserialize(bytes: Bytes, context: SerdeContext): T | Promise<T>;
}

/** Bytes as they are. */
export const bytes = (): Serde<Bytes> => ({ serialize: (value) => value, deserialize: (value) => value });

/** UTF-8 text. A missing value is an error: see {@link nullable}. */
export const string = (): Serde<string> => ({
  serialize(value) {
    if (typeof value !== 'string') throw new SerializationError(`string() needs a string, got ${typeName(value)}`);
    return Buffer.from(value, 'utf8');
  },
  deserialize: (value) => present(value, 'string()').toString('utf8'),
});

/**
 * JSON in UTF-8. With a schema (Standard Schema: zod, valibot, arktype, …) both directions are validated and the type is
 * the schema's. A missing value (tombstone) is an error: see {@link nullable}.
 * @throws TypeError for what is no Standard Schema
 */
export function json<S extends StandardSchemaV1>(schema: S): Serde<InferOutput<S>>;
export function json<T = unknown>(): Serde<T>;
export function json(schema?: StandardSchemaV1): Serde<unknown> {
  if (schema !== undefined && !isSchema(schema))
    throw new TypeError(`json() takes a Standard Schema or nothing, got ${typeName(schema)}`);
  return {
    serialize(value) {
      if (value === null)
        throw new SerializationError('json() does not write null: for tombstones use nullable(json())');
      if (schema === undefined) return toJson(value);
      const checked = validate(schema, value, (message) => new SerializationError(message));
      return checked instanceof Promise ? checked.then(toJson) : toJson(checked);
    },
    deserialize(value) {
      const text = present(value, 'json()').toString('utf8');
      const parsed: unknown = JSON.parse(text);
      if (schema === undefined) return parsed;
      return validate(schema, parsed, (message) => new DeserializationError(message, { bytes: value }));
    },
  };
}

/** Some schemas are functions. What hands `json` on uncalled, to be called with something else, is told so at once. */
const isSchema = (schema: unknown): boolean =>
  typeof (schema as { readonly '~standard'?: unknown } | null)?.['~standard'] === 'object';

/** Lets null through in both directions: tombstones and missing keys. */
export const nullable = <T>(serde: Serde<T>): Serde<T | null> => ({
  serialize: (value, context) => (value === null ? null : serde.serialize(value, context)),
  deserialize: (value, context) => (value === null ? null : serde.deserialize(value, context)),
});

/**
 * What is used where no serde is given: bytes pass, strings become UTF-8, null stays null (a tombstone).
 * @throws SerializationError `NO_SERDE` for anything else
 */
export function serializeDefault(value: unknown, part: 'key' | 'value'): Bytes {
  if (value === null || Buffer.isBuffer(value)) return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  const option = `${part}Serde`;
  throw new SerializationError(`a ${part} of type ${typeName(value)} needs a serde: pass ${option}: json()`, {
    code: 'NO_SERDE',
  });
}

function toJson(value: unknown): Buffer {
  const text = stringify(value);
  if (text === undefined) throw new SerializationError(`json() cannot write ${typeName(value)}`);
  return Buffer.from(text, 'utf8');
}

function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new SerializationError('json() cannot write the value: does it hold a BigInt, or refer to itself?', {
      cause,
    });
  }
}

function present(value: Bytes, serde: string): Buffer {
  if (value !== null) return value;
  throw new DeserializationError(`${serde} does not read null: for tombstones use nullable(${serde})`, { bytes: null });
}

const typeName = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
