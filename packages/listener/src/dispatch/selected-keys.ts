import type { Bytes, ConsumerRecord } from '@hearken/core';
import { unawaited } from '@hearken/core/internal';
import { KeySelectorError } from '../errors.js';
import type { RecordDecoder } from '../invoke/record-decoder.js';
import type { KeySelector } from './lane-keys.js';

/**
 * The keys that a `keySelector` gives. What it throws is a failure of that record alone, as if it could not be decoded: its
 * lane must be known as soon as it is polled, where nobody could be told of a failure, so until its turn comes it counts as a
 * record without a key.
 */
export class SelectedKeys {
  readonly #select: KeySelector;
  #hasFailed = false;

  constructor(select: KeySelector) {
    this.#select = select;
  }

  readonly keyOf = ({ record }: { readonly record: ConsumerRecord }): Bytes => {
    try {
      return selected(this.#select, record);
    } catch {
      this.#hasFailed = true; // whoever decodes the record finds it out again, and is heard
      return null;
    }
  };

  /** Refuses records whose key cannot be selected. Once one was, each is asked for its key a second time. */
  guard(decode: RecordDecoder): RecordDecoder {
    return (record) => {
      if (this.#hasFailed) selected(this.#select, record);
      return decode(record);
    };
  }
}

/** @throws KeySelectorError */
function selected(select: KeySelector, record: ConsumerRecord): Bytes {
  const key = called(select, record);
  if (key === null || key === undefined || Buffer.isBuffer(key)) return key ?? null;
  if (typeof key === 'string') return Buffer.from(key);
  if (key instanceof Uint8Array) return Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  unawaited(key); // what it rejects with comes too late to matter
  throw new KeySelectorError(record, { result: key });
}

function called(select: KeySelector, record: ConsumerRecord): unknown {
  try {
    return select(record);
  } catch (cause) {
    throw new KeySelectorError(record, { cause });
  }
}
