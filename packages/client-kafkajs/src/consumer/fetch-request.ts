import { ZERO_UUID, type FetchRequest } from '@hearken/protocol';
import type { ResolvedConsumerOptions } from './consumer-options.js';
import { MAX_FRAME_BYTES } from '../net/frame-reader.js';
import type { Fetch, FetchEntry } from './fetch-plan.js';

/** Up to here a fetch names topics by name; later versions by id only. */
export const LAST_VERSION_BY_NAME = 12;

/**
 * No fetch asks for more, whatever the options allow to be kept: its answer would not be read, nor that of the same fetch made
 * again. As much again is left for what stands around the records, or for one batch that is larger.
 */
export const MAX_FETCH_BYTES = MAX_FRAME_BYTES / 2;

type Options = Pick<ResolvedConsumerOptions, 'fetchMinBytes' | 'isolationLevel' | 'maxPartitionFetchBytes'>;

export interface FetchRequestOptions extends Options {
  readonly maxBytes: number;
  /** Which partition comes first. */
  readonly turn: number;
  /** The one it will be written in. */
  readonly version: number;
}

/** A fetch as it stands on the wire. */
export function fetchRequest(fetch: Fetch, options: FetchRequestOptions): FetchRequest {
  const { entries, sessionId, sessionEpoch, maxWaitMs } = fetch;
  const { fetchMinBytes, isolationLevel, maxPartitionFetchBytes, maxBytes, turn } = options;
  return {
    replicaId: -1,
    maxWaitMs,
    minBytes: fetchMinBytes,
    maxBytes: Math.min(maxBytes, MAX_FETCH_BYTES),
    isolationLevel: isolationLevel === 'read_committed' ? 1 : 0,
    sessionId,
    sessionEpoch,
    topics: byTopic(inTurn(entries, turn)).map(({ topic, topicId, entries: items }) => ({
      topic,
      topicId,
      partitions: items.map(({ partition, leaderEpoch, fetchOffset, lastFetchedEpoch }) => ({
        partition,
        currentLeaderEpoch: leaderEpoch,
        fetchOffset,
        lastFetchedEpoch,
        logStartOffset: -1,
        partitionMaxBytes: Math.min(maxPartitionFetchBytes, MAX_FETCH_BYTES),
      })),
    })),
    forgottenTopicsData: byTopic(forgottenIn(fetch, options.version)).map(({ topic, topicId, entries: items }) => ({
      topic,
      topicId,
      partitions: items.map(({ partition }) => partition),
    })),
    rackId: '',
  };
}

/**
 * A topic made anew is forgotten under its old id. Where topics go by name it is the same topic, and must not be: the broker
 * reads what to forget last.
 */
const forgottenIn = ({ forgotten, replaced }: Fetch, version: number): readonly FetchEntry[] =>
  version > LAST_VERSION_BY_NAME ? [...forgotten, ...replaced] : forgotten;

function inTurn(entries: readonly FetchEntry[], turn: number): readonly FetchEntry[] {
  const first = turn % Math.max(1, entries.length);
  return first === 0 ? entries : [...entries.slice(first), ...entries.slice(0, first)];
}

interface Topic {
  readonly topic: string;
  readonly topicId: string;
  readonly entries: FetchEntry[];
}

function byTopic(entries: readonly FetchEntry[]): Topic[] {
  const topics = new Map<string, Topic>();
  for (const entry of entries) {
    const { topic, topicId = ZERO_UUID } = entry;
    const key = `${topic}:${topicId}`;
    const known = topics.get(key);
    if (known === undefined) topics.set(key, { topic, topicId, entries: [entry] });
    else known.entries.push(entry);
  }
  return [...topics.values()];
}
