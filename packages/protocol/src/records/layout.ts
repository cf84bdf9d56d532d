/**
 * Where the header fields of a record batch (format 2, since Kafka 0.11) stand. Everything up to the attributes is
 * outside the checksum, so that a broker may set offset and leader epoch without computing it anew.
 */
export const AT = {
  baseOffset: 0,
  /** Bytes after this field. */
  batchLength: 8,
  partitionLeaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const;

/** Bytes before the first record. */
export const BATCH_OVERHEAD = 61;
/** Bytes up to and including the batch length, which does not count them. */
export const LENGTH_PREFIX = 12;
export const MAGIC = 2;

export const ATTRIBUTES = { compression: 0x07, logAppendTime: 0x08, transactional: 0x10, control: 0x20 } as const;
