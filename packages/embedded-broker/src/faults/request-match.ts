import type { ApiName } from './apis.js';
import type { RequestFacts, RequestTopic } from './request-facts.js';

/** Which requests are meant: those of which all that is given holds. `{}` is every one. */
export interface RequestMatch {
  /** By Kafka's name: `'OffsetCommit'`. */
  readonly api?: ApiName | undefined;
  /** The client id, exactly. */
  readonly client?: string | undefined;
  /** A group that the request is about. */
  readonly group?: string | undefined;
  /** A topic that the request is about, by its name or its id. A request for all topics is about each. */
  readonly topic?: string | undefined;
  /** With `topic` a partition of it, else of any. A request that does not tell partitions apart is about each. */
  readonly partition?: number | undefined;
  /** The node id of the broker that was asked. */
  readonly broker?: number | undefined;
}

/** Whether a request is meant. Adding a condition never makes more of them match. */
export function matches(match: RequestMatch, facts: RequestFacts): boolean {
  return (
    isAsGiven(match.api, facts.api) &&
    isAsGiven(match.client, facts.clientId) &&
    isAsGiven(match.broker, facts.nodeId) &&
    (match.group === undefined || facts.groups.includes(match.group)) &&
    isAboutPartitions(match, facts)
  );
}

/** Whether a rule is for some partitions, or groups, of a request rather than for all of it. */
export const isPartial = ({ topic, partition }: RequestMatch): boolean =>
  topic !== undefined || partition !== undefined;

/** Whether the topic of a request is meant, and one of its partitions. */
export const matchesTopic = (match: RequestMatch, topic: RequestTopic): boolean =>
  (match.topic === undefined || match.topic === topic.topic || match.topic === topic.topicId) &&
  (match.partition === undefined || (topic.partitions?.includes(match.partition) ?? true));

function isAboutPartitions(match: RequestMatch, { topics }: RequestFacts): boolean {
  if (!isPartial(match) || topics === null) return true;
  return topics.some((topic) => matchesTopic(match, topic));
}

const isAsGiven = <T>(wanted: T | undefined, found: T | null): boolean => wanted === undefined || wanted === found;
