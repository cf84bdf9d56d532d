import { asInt32, writeInt64 } from '../integers.js';
import { crc32c } from './crc32c.js';
import { AT, ATTRIBUTES, BATCH_OVERHEAD } from './layout.js';

/** What a broker does to a batch it was sent: checks it, and writes into its header where and when it was appended. */

export const hasValidCrc = (batch: Buffer): boolean =>
  batch.length >= BATCH_OVERHEAD && batch.readUInt32BE(AT.crc) === crc32c(batch, AT.attributes);

/**
 * Sets a batch's place in the log. The checksum does not cover it.
 * @throws ProtocolError `OUT_OF_RANGE`
 */
export function writeBatchPlace(batch: Buffer, baseOffset: number, partitionLeaderEpoch: number): void {
  writeInt64(batch, baseOffset, AT.baseOffset);
  batch.writeInt32BE(asInt32(partitionLeaderEpoch), AT.partitionLeaderEpoch);
}

/**
 * Says whose time a batch's timestamps are, and the checksum anew. With log append time, `maxTimestamp` is that of all its
 * records; what they say themselves no longer counts.
 * @throws ProtocolError `OUT_OF_RANGE`
 */
export function writeTimestampType(batch: Buffer, type: 'create-time' | 'log-append-time', maxTimestamp: number): void {
  const others = batch.readInt16BE(AT.attributes) & ~ATTRIBUTES.logAppendTime;
  batch.writeInt16BE(type === 'log-append-time' ? others | ATTRIBUTES.logAppendTime : others, AT.attributes);
  writeInt64(batch, maxTimestamp, AT.maxTimestamp);
  batch.writeUInt32BE(crc32c(batch, AT.attributes), AT.crc);
}

/** Makes the checksum wrong, for every reader that looks at it. Doing it again leaves it wrong. */
export function breakCrc(batch: Buffer): void {
  batch.writeUInt32BE(~crc32c(batch, AT.attributes) >>> 0, AT.crc);
}
