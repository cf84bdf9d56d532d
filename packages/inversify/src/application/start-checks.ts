/** What is looked at as an application starts. */
export const CHECK_CODES = [
  'ONE_GROUP_DIFFERENT_TOPICS',
  'MISSING_TOPIC',
  'FEWER_DEAD_LETTER_PARTITIONS',
  'MORE_CONSUMERS_THAN_PARTITIONS',
  'HANDLER_TIMEOUT_BEYOND_POLL_INTERVAL',
] as const;

export type CheckCode = (typeof CHECK_CODES)[number];

/** What follows: the start fails, it is logged, or nobody looks. */
export type CheckLevel = 'fail' | 'warn' | 'off';

/** For all, or by code; what is left out is 'warn'. */
export type CheckLevels = CheckLevel | Readonly<Partial<Record<CheckCode, CheckLevel>>>;

/** Something that is most likely a mistake. */
export interface Finding {
  readonly code: CheckCode;
  readonly message: string;
}

/** A listener, as far as it is looked at. */
export interface ListenerFacts {
  readonly id: string;
  readonly cluster: string;
  readonly groupId: string | undefined;
  /** As they are named on the broker; undefined for a pattern. */
  readonly topics: readonly string[] | undefined;
  /** It joins its group; else it was told its partitions. */
  readonly isMember: boolean;
  /** Where a topic's dead letters go; undefined if nobody can know beforehand, or there are none. */
  readonly deadLetterTopic: (topic: string) => string | undefined;
  readonly handlerTimeoutMs: number | undefined;
  readonly maxPollIntervalMs: number;
}

/** How many partitions topics of a cluster have; undefined for one that does not exist. */
export type PartitionCounts = (cluster: string, topic: string) => number | undefined;

/** Everything that looks like a mistake, with what is most likely meant. */
export function findMistakes(listeners: readonly ListenerFacts[], partitionsOf: PartitionCounts): readonly Finding[] {
  return [
    ...groupsWithDifferentTopics(listeners),
    ...missingTopics(listeners, partitionsOf),
    ...deadLetterTopics(listeners, partitionsOf),
    ...idleConsumers(listeners, partitionsOf),
    ...longHandlers(listeners),
  ];
}

/** Members of one group, by cluster and group. */
function groupsOf(listeners: readonly ListenerFacts[]): ListenerFacts[][] {
  const groups = new Map<string, ListenerFacts[]>();
  for (const listener of listeners) {
    if (!listener.isMember || listener.groupId === undefined) continue;
    const key = JSON.stringify([listener.cluster, listener.groupId]);
    groups.set(key, [...(groups.get(key) ?? []), listener]);
  }
  return [...groups.values()];
}

function groupsWithDifferentTopics(listeners: readonly ListenerFacts[]): Finding[] {
  return groupsOf(listeners).flatMap((members): Finding[] => {
    const named = members.filter(({ topics }) => topics !== undefined);
    const lists = new Set(named.map(({ topics }) => [...(topics ?? [])].sort().join(', ')));
    if (lists.size < 2) return [];
    const who = named.map(({ id, topics }) => `'${id}' reads ${topics?.join(', ')}`).join(', ');
    const message = `the group '${members[0]?.groupId}' has listeners of different topics: ${who}. Each of them rebalances with all the others: give each a groupId of its own`;
    return [{ code: 'ONE_GROUP_DIFFERENT_TOPICS', message }];
  });
}

function missingTopics(listeners: readonly ListenerFacts[], partitionsOf: PartitionCounts): Finding[] {
  return listeners.flatMap(({ id, cluster, topics = [] }) =>
    topics
      .filter((topic) => partitionsOf(cluster, topic) === undefined)
      .map((topic): Finding => {
        const message = `'${id}' reads the topic '${topic}', which does not exist: is the name right? newTopic('${topic}') in kafkaModule's topics creates it`;
        return { code: 'MISSING_TOPIC', message };
      }),
  );
}

function deadLetterTopics(listeners: readonly ListenerFacts[], partitionsOf: PartitionCounts): Finding[] {
  return listeners.flatMap(({ id, cluster, topics = [], deadLetterTopic }) =>
    topics.flatMap((topic): Finding[] => {
      const deadLetters = deadLetterTopic(topic);
      if (deadLetters === undefined) return [];
      const [count, dead] = [partitionsOf(cluster, topic), partitionsOf(cluster, deadLetters)];
      if (count === undefined || dead === undefined || dead >= count) return [];
      const message = `'${id}' sends dead letters of '${topic}' (${count} partitions) to '${deadLetters}', which has ${dead}: those of the other partitions go by their keys, and not in the partition they came from`;
      return [{ code: 'FEWER_DEAD_LETTER_PARTITIONS', message }];
    }),
  );
}

/** A consumer without a partition does nothing. Each container is one consumer. */
function idleConsumers(listeners: readonly ListenerFacts[], partitionsOf: PartitionCounts): Finding[] {
  return groupsOf(listeners).flatMap((members): Finding[] => {
    if (members.some(({ topics }) => topics === undefined)) return [];
    const topics = [...new Set(members.flatMap((member) => member.topics ?? []))];
    const counts = topics.map((topic) => partitionsOf(members[0]?.cluster ?? '', topic));
    if (counts.includes(undefined)) return [];
    const partitions = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
    if (members.length <= partitions) return [];
    const message = `the group '${members[0]?.groupId}' has ${members.length} listeners in this application (${members.map(({ id }) => `'${id}'`).join(', ')}) for ${partitions} partitions of ${topics.join(', ')}: ${members.length - partitions} of them get none. For more listeners at once raise concurrency, not the number of listeners`;
    return [{ code: 'MORE_CONSUMERS_THAN_PARTITIONS', message }];
  });
}

function longHandlers(listeners: readonly ListenerFacts[]): Finding[] {
  return listeners.flatMap(({ id, handlerTimeoutMs, maxPollIntervalMs }): Finding[] => {
    if (handlerTimeoutMs === undefined || handlerTimeoutMs < maxPollIntervalMs) return [];
    const message = `'${id}' lets a listener run for handlerTimeoutMs (${handlerTimeoutMs}), and a rebalance waits for maxPollIntervalMs (${maxPollIntervalMs}) at most: what still runs then is aborted and processed twice. Raise consumer.maxPollIntervalMs, or lower handlerTimeoutMs`;
    return [{ code: 'HANDLER_TIMEOUT_BEYOND_POLL_INTERVAL', message }];
  });
}

/** What follows a finding. */
export const levelOf = (levels: CheckLevels, code: CheckCode): CheckLevel =>
  typeof levels === 'string' ? levels : (levels[code] ?? 'warn');
