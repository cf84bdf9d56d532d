/** What can be wrong with bytes, or with what should become bytes. Stable: match on these, never on messages. */
export type ProtocolErrorCode =
  /** Bytes that are no message of the version asked for: cut off, an impossible length or count. */
  | 'MALFORMED'
  /** A value that does not fit its wire type: an int64 beyond 2^53, a string beyond 32 767 bytes. */
  | 'OUT_OF_RANGE'
  /** A version we do not speak. */
  | 'UNSUPPORTED_VERSION'
  /** A record batch whose checksum is wrong or whose records cannot be decompressed. */
  | 'CORRUPT_BATCH'
  /** A record batch of a format older than Kafka 0.11's. */
  | 'UNSUPPORTED_BATCH'
  /** The codec of a batch's compression is a package that is not installed, or that does not load. */
  | 'UNSUPPORTED_COMPRESSION';

/**
 * The one error of this package: whatever a peer sends, reading it ends in a value or in this. Never retriable by itself.
 */
export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'ProtocolError';
    this.code = code;
  }
}
