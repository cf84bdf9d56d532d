/**
 * The order in which Java's `HashMap` goes through these keys: buckets by spread hash, within a bucket as they came. Where
 * two members have equal rights, Java's sticky assignors decide by it, so whoever wants to decide alike has to know it.
 */
export function inHashOrder<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  let buckets = 16;
  while (items.length > 0.75 * buckets) buckets *= 2;
  const bucketOf = (item: T): number => spread(hashCode(keyOf(item))) & (buckets - 1);
  return [...items].sort((a, b) => bucketOf(a) - bucketOf(b));
}

/** Java's `String.hashCode`. */
function hashCode(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

const spread = (hash: number): number => hash ^ (hash >>> 16);
