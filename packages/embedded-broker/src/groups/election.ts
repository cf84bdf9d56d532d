/** The protocols that everyone supports, in the order of the first; all of them, if nobody is asked. */
export const commonProtocols = (preferences: readonly (readonly string[])[]): readonly string[] => {
  const [first = [], ...others] = preferences;
  return first.filter((name) => others.every((supported) => supported.includes(name)));
};

/**
 * The protocol of the next generation: each member votes for the first of its own that everyone supports, and most votes
 * win. Between equals it is the one voted for first; Kafka leaves that to a hash map. Undefined if nothing is common.
 */
export function electProtocol(preferences: readonly (readonly string[])[]): string | undefined {
  const candidates = commonProtocols(preferences);
  const votes = new Map<string, number>();
  for (const preference of preferences) {
    const vote = preference.find((name) => candidates.includes(name));
    if (vote !== undefined) votes.set(vote, (votes.get(vote) ?? 0) + 1);
  }
  const most = Math.max(...votes.values());
  return [...votes.keys()].find((name) => votes.get(name) === most);
}

/** Who leads the next generation: whoever led, if it joined; else the first who did; undefined if nobody did. */
export const electLeader = (joined: readonly string[], leaderId: string | undefined): string | undefined =>
  leaderId !== undefined && joined.includes(leaderId) ? leaderId : joined[0];
