import { decodeSubscription, ProtocolError } from '@hearken/protocol';
import type { Member } from './member.js';

/**
 * The topics that a generation's members named; none for a group of consumers that all left. Undefined if they are no
 * consumers, or if what they sent cannot be read.
 */
export function subscribedTopics(
  protocolType: string | null,
  members: readonly Member[],
  protocolName: string | null,
): ReadonlySet<string> | undefined {
  if (protocolType !== 'consumer') return undefined;
  try {
    return new Set(members.flatMap((member) => decodeSubscription(member.metadataOf(protocolName ?? '')).topics));
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
