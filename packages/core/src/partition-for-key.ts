const MULTIPLIER = 0x5bd1e995;
const SEED = 0x9747b28c;

/** Java's partition for a key: the hash without its sign, over all partitions whether they have a leader or not. */
export const partitionForKey = (key: Uint8Array, partitionCount: number): number =>
  (murmur2(key) & 0x7fffffff) % partitionCount;

/** The 32-bit hash Kafka's Java clients partition by (`org.apache.kafka.common.utils.Utils.murmur2`), signed as there. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  const tail = length & ~3;
  let hash = SEED ^ length;
  for (let at = 0; at < tail; at += 4) {
    let word = byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24);
    word = Math.imul(word, MULTIPLIER);
    word ^= word >>> 24;
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER);
  }
  if (tail < length) {
    for (let at = length - 1; at >= tail; at--) hash ^= byte(bytes, at) << ((at - tail) * 8);
    hash = Math.imul(hash, MULTIPLIER);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, MULTIPLIER);
  return hash ^ (hash >>> 15);
}

const byte = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;
