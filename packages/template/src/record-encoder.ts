import { Buffer } from 'node:buffer'; // the global is an accessor: a call per use
import {
  Headers,
  SerializationError,
  type Bytes,
  type ProducerRecord,
  type Serde,
  type SerdeContext,
} from '@hearken/core';
import { isThenable, serializeDefault } from '@hearken/core/internal';

/** Turns keys and values into bytes. Makes a promise only where a serde does. */
export class RecordEncoder<K, V> {
  readonly #keySerde: Serde<K> | undefined;
  readonly #valueSerde: Serde<V> | undefined;

  constructor(keySerde: Serde<K> | undefined, valueSerde: Serde<V> | undefined) {
    this.#keySerde = keySerde;
    this.#valueSerde = valueSerde;
  }

  /**
   * The record as the producer takes it. Never throws: what a serde throws rejects, whatever the other one does.
   * @param headers the record's own copy; serdes may add to it
   */
  encode(record: ProducerRecord<K, V>, headers: Headers | undefined): ProducerRecord | Promise<ProducerRecord> {
    const context = new EncodingContext(record.topic, headers);
    const key = record.key === undefined ? null : encodePart('key', record.key, this.#keySerde, context);
    const value = encodePart('value', record.value, this.#valueSerde, context);
    if (key instanceof Promise || value instanceof Promise) {
      // Both are waited for together: a second rejection would be unhandled if the first one ended the waiting.
      return Promise.all([key, value]).then((parts) => encoded(record, parts[0], parts[1], context));
    }
    return encoded(record, key, value, context);
  }
}

class EncodingContext implements SerdeContext {
  readonly topic: string;
  #headers: Headers | undefined;

  constructor(topic: string, headers: Headers | undefined) {
    this.topic = topic;
    this.#headers = headers;
  }

  /** Most serdes never ask. */
  get headers(): Headers {
    return (this.#headers ??= new Headers());
  }

  get headersIfAny(): Headers | undefined {
    return this.#headers;
  }
}

function encoded<K, V>(
  { topic, partition, timestamp }: ProducerRecord<K, V>,
  key: Bytes,
  value: Bytes,
  { headersIfAny }: EncodingContext,
): ProducerRecord {
  const record: { -readonly [Name in keyof ProducerRecord]: ProducerRecord[Name] } = { topic, key, value };
  if (partition !== undefined) record.partition = partition;
  if (timestamp !== undefined) record.timestamp = timestamp;
  if (headersIfAny !== undefined) record.headers = headersIfAny;
  return record;
}

type Part = 'key' | 'value';

function encodePart<T>(
  part: Part,
  value: T,
  serde: Serde<T> | undefined,
  context: SerdeContext,
): Bytes | Promise<Bytes> {
  try {
    if (serde === undefined) return serializeDefault(value, part);
    const result: unknown = serde.serialize(value, context);
    if (!isThenable(result)) return toBytes(part, result);
    return Promise.resolve(result).then(
      (bytes) => toBytes(part, bytes),
      (error: unknown) => Promise.reject(failedToSerialize(part, error)),
    );
  } catch (error) {
    return Promise.reject(failedToSerialize(part, error));
  }
}

/** Serialisers for protobuf and the like return plain Uint8Arrays; the bytes are not copied. */
function toBytes(part: Part, result: unknown): Bytes {
  if (result === null || Buffer.isBuffer(result)) return result;
  if (result instanceof Uint8Array) return Buffer.from(result.buffer, result.byteOffset, result.byteLength);
  throw new SerializationError(`${part}Serde must return a Buffer or null, it returned ${typeof result}`);
}

/** Names what failed. A foreign error's own words stay in the cause: they may quote the payload. */
function failedToSerialize(part: Part, error: unknown): SerializationError {
  if (error instanceof SerializationError) return error;
  const name = error instanceof Error ? error.name : typeof error;
  return new SerializationError(`${part}Serde failed with ${name}, see the cause`, { cause: error });
}
