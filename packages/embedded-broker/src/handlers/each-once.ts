/** Something that was asked for, and whether it was so more than once. */
export interface Asked<T> {
  readonly one: T;
  readonly isRepeated: boolean;
}

/** Kafka answers once for what a request names several times. @returns the first of each name, in their order */
export function eachOnce<T>(all: readonly T[], nameOf: (one: T) => string): readonly Asked<T>[] {
  const byName = new Map<string, Asked<T>>();
  for (const one of all) {
    const name = nameOf(one);
    const first = byName.get(name);
    byName.set(name, first === undefined ? { one, isRepeated: false } : { ...first, isRepeated: true });
  }
  return [...byName.values()];
}
