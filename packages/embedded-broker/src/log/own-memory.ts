/**
 * The bytes, in memory that little else shares. A small batch is a slice of the frame, or of the chunk of the socket, that
 * it came in: kept as such it would keep all of that. A large one stays where it is, so the log takes at most twice its size.
 */
export function ownMemory(bytes: Buffer): Buffer {
  if (bytes.length * 2 >= bytes.buffer.byteLength) return bytes;
  const own = Buffer.allocUnsafeSlow(bytes.length); // not of the pool, which is shared memory too
  own.set(bytes);
  return own;
}
