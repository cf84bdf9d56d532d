import type { Member } from './member.js';
import type { Roster } from './roster.js';
import { subscribedTopics } from './subscribed-topics.js';

/** What a rebalance makes: what the members of a group have in common until the next one. */
export interface Generation {
  /** 0 before the first. */
  readonly id: number;
  /** `'consumer'`; null before the first member. */
  readonly protocolType: string | null;
  /** The assignor chosen; null while nobody is in it. */
  readonly protocolName: string | null;
  /** What its members named; undefined if they are no consumers, or cannot be read. */
  readonly subscribedTopics: ReadonlySet<string> | undefined;
}

export const NO_GENERATION: Generation = {
  id: 0,
  protocolType: null,
  protocolName: null,
  subscribedTopics: undefined,
};

/** Numbers are positive, with 32 bits: negative ones mean "none" in commits, so the count begins anew before them. */
export function nextGeneration({ id, protocolType }: Generation, roster: Roster): Generation {
  const protocolName = roster.electProtocol() ?? null;
  return {
    id: id >= 2 ** 31 - 1 ? 1 : id + 1,
    protocolType,
    protocolName,
    subscribedTopics: subscribedTopics(protocolType, roster.members, protocolName),
  };
}

/** A group as Kafka writes it down: when it is stable, and when it is empty. Another coordinator goes on from there. */
export interface StoredGroup {
  readonly generation: Generation;
  readonly leaderId: string | undefined;
  /** Nothing of them waits. */
  readonly members: readonly Member[];
}

export const EMPTY_GROUP: StoredGroup = { generation: NO_GENERATION, leaderId: undefined, members: [] };
