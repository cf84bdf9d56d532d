import { javaHashCode } from '../java-hash-code.js';

/** The protocols that everyone supports, in the order of the first; all of them, if nobody is asked. */
export const commonProtocols = (preferences: readonly (readonly string[])[]): readonly string[] => {
  const [first = [], ...others] = preferences;
  return first.filter((name) => others.every((supported) => supported.includes(name)));
};

/**
 * The protocol of the next generation: each member votes for the first of its own that everyone supports, and most votes
 * win. Undefined if nothing is common. Between equals Kafka takes what its hash map has first, so that is kept too: two
 * consumers with `range` and `sticky` in different orders use `sticky`.
 */
export function electProtocol(preferences: readonly (readonly string[])[]): string | undefined {
  const candidates = commonProtocols(preferences);
  const votes = new Map<string, number>();
  for (const preference of preferences) {
    const vote = preference.find((name) => candidates.includes(name));
    if (vote !== undefined) votes.set(vote, (votes.get(vote) ?? 0) + 1);
  }
  const most = Math.max(...votes.values());
  const winners = [...votes.keys()].filter((name) => votes.get(name) === most);
  return winners.sort((one, other) => bucketOf(one) - bucketOf(other))[0];
}

/** Where Java's `HashMap` keeps a name among up to twelve. */
const bucketOf = (name: string): number => {
  const hash = javaHashCode(name);
  return (hash ^ (hash >>> 16)) & 15;
};

/** Who leads the next generation: whoever led, if it joined; else the first who did; undefined if nobody did. */
export const electLeader = (joined: readonly string[], leaderId: string | undefined): string | undefined =>
  leaderId !== undefined && joined.includes(leaderId) ? leaderId : joined[0];
