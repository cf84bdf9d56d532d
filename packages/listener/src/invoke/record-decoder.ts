import { DeserializationError, type Bytes, type ConsumerRecord, type Headers, type Serde } from '@hearken/core';
import { describePartition } from '@hearken/core/internal';

/** A record with its key and value decoded; everything else is the raw record's. */
class DecodedRecord implements ConsumerRecord<unknown, unknown> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: ConsumerRecord['timestampType'];
  readonly key: unknown;
  readonly value: unknown;
  declare readonly leaderEpoch?: number;
  readonly #raw: ConsumerRecord;

  constructor(raw: ConsumerRecord, key: unknown, value: unknown) {
    this.topic = raw.topic;
    this.partition = raw.partition;
    this.offset = raw.offset;
    this.timestamp = raw.timestamp;
    this.timestampType = raw.timestampType;
    this.key = key;
    this.value = value;
    if (raw.leaderEpoch !== undefined) this.leaderEpoch = raw.leaderEpoch;
    this.#raw = raw;
  }

  get headers(): Headers {
    return this.#raw.headers;
  }
}

/** What a listener is called with. Makes a promise only where a serde does. */
export type RecordDecoder = (
  raw: ConsumerRecord,
) => ConsumerRecord<unknown, unknown> | Promise<ConsumerRecord<unknown, unknown>>;

/** Without serdes the raw record itself is handed through. */
export function recordDecoder(
  keySerde: Serde<unknown> | undefined,
  valueSerde: Serde<unknown> | undefined,
): RecordDecoder {
  if (keySerde === undefined && valueSerde === undefined) return (raw) => raw;
  return (raw) => {
    const key = decode(raw, 'key', keySerde);
    if (key instanceof Promise) key.catch(() => undefined); // the value may fail first, and nobody would look at this
    const value = decode(raw, 'value', valueSerde);
    return key instanceof Promise || value instanceof Promise
      ? Promise.all([key, value]).then(([decodedKey, decodedValue]) => new DecodedRecord(raw, decodedKey, decodedValue))
      : new DecodedRecord(raw, key, value);
  };
}

function decode(raw: ConsumerRecord, part: 'key' | 'value', serde: Serde<unknown> | undefined): unknown {
  const bytes = raw[part];
  if (serde === undefined) return bytes;
  try {
    const decoded = serde.deserialize(bytes, raw);
    return decoded instanceof Promise
      ? decoded.catch((error: unknown) => {
          throw undecodable(raw, part, bytes, error);
        })
      : decoded;
  } catch (error) {
    throw undecodable(raw, part, bytes, error);
  }
}

const undecodable = (raw: ConsumerRecord, part: 'key' | 'value', bytes: Bytes, cause: unknown): DeserializationError =>
  new DeserializationError(`the ${part} of ${describePartition(raw)} offset ${raw.offset} cannot be decoded`, {
    bytes,
    part,
    cause,
  });
