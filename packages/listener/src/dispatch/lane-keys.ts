import type { Bytes, ConsumerRecord } from '@hearken/core';

/**
 * What records without a key wait for, in key order. A key of no bytes is a key.
 * - `'unordered'`: nothing. Kafka promises them no more: a producer without a key does not say that anything belongs together.
 * - `'partition'`: the one before it in its partition, as if no key were one.
 * - `'single'`: as with `'partition'`, and one at a time over all partitions of the container, which take turns.
 */
export type NullKey = 'unordered' | 'partition' | 'single';

/**
 * The key to order a record by: bytes, or a text that stands for its UTF-8 bytes; null or undefined is none. Sees the record
 * as it was polled, before anything of it is decoded.
 */
export type KeySelector = (record: ConsumerRecord) => Uint8Array | string | null | undefined;

/** By what lanes are told apart in key order, where that is not the record's key, or null keys are not like any other. */
export interface LaneKeys<Item> {
  readonly nullKey: NullKey;
  /** Must not throw. @default the record's own key */
  readonly keyOf?: ((item: Item) => Bytes) | undefined;
}
