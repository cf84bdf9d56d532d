import { ProtocolError } from './errors.js';

const TWO_32 = 2 ** 32;

/** Reads a signed 64-bit integer whatever its size; beyond 2^53 as the nearest double. */
export const readInt64Rounded = (buffer: Buffer, at: number): number =>
  buffer.readInt32BE(at) * TWO_32 + buffer.readUInt32BE(at + 4);

/** @throws ProtocolError `OUT_OF_RANGE` beyond 2^53, where doubles have gaps: a wrong offset must never pass as one. */
export function readInt64(buffer: Buffer, at: number): number {
  const value = readInt64Rounded(buffer, at);
  if (!Number.isSafeInteger(value)) throw outOfRange('int64', value);
  return value;
}

/** @throws ProtocolError `OUT_OF_RANGE` for what is no integer or beyond 2^53 */
export function writeInt64(buffer: Buffer, value: number, at: number): void {
  if (!Number.isSafeInteger(value)) throw outOfRange('int64', value);
  const high = Math.floor(value / TWO_32);
  buffer.writeInt32BE(high, at);
  buffer.writeUInt32BE(value - high * TWO_32, at + 4);
}

export const outOfRange = (type: string, value: number): ProtocolError =>
  new ProtocolError('OUT_OF_RANGE', `${value} is not a number that fits ${type}`);

/** @throws ProtocolError `OUT_OF_RANGE`, where Node's own writers throw a RangeError */
export const asInt8 = (value: number): number => checked(value, (value << 24) >> 24, 'int8');
export const asInt16 = (value: number): number => checked(value, (value << 16) >> 16, 'int16');
export const asInt32 = (value: number): number => checked(value, value | 0, 'int32');
export const asUint32 = (value: number): number => checked(value, value >>> 0, 'uint32');

function checked(value: number, wrapped: number, type: string): number {
  if (value !== wrapped) throw outOfRange(type, value);
  return value;
}
