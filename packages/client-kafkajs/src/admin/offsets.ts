import { CommitFailedError, type TopicPartition, type TopicPartitionOffsets } from '@hearken/core';
import {
  custom,
  describe,
  describePartition,
  describePartitions,
  integer,
  OptionsCheck,
  required,
  text,
} from '@hearken/core/internal';
import {
  errorCodes,
  errorName,
  isRetriableError,
  listOffsetsApi,
  offsetCommitApi,
  offsetFetchApi,
} from '@hearken/protocol';
import { brokerError } from '../errors.js';
import { retrying, throwIfAny, type AdminClient } from './admin-client.js';
import { listIn } from './arguments.js';
import { onCoordinator } from './groups.js';
import { fetchTopics } from './topics.js';

/** How far a partition reaches. */
export interface PartitionOffsets extends TopicPartition {
  /** Of the oldest record there may be; it grows as old records are deleted. */
  readonly beginning: number;
  /** Where the next record will stand (the high watermark). */
  readonly end: number;
}

/** Where to put a group: the ends of the partitions, or the first record at or after a time (milliseconds since 1970). */
export type ResetTarget = 'earliest' | 'latest' | { readonly timestamp: number };

const EARLIEST = -2;
const LATEST = -1;

/** See `KafkaAdmin.offsets`. */
export async function offsets(admin: AdminClient, topic: string): Promise<readonly PartitionOffsets[]> {
  const partitions = await partitionsOf(admin, [topic]);
  const [beginnings, ends] = await Promise.all([
    listOffsets(admin, partitions, EARLIEST),
    listOffsets(admin, partitions, LATEST),
  ]);
  return partitions.map((partition, i) => ({ ...partition, beginning: beginnings[i] ?? -1, end: ends[i] ?? -1 }));
}

/** See `KafkaAdmin.committedOffsets`. */
export async function committedOffsets(
  admin: AdminClient,
  groupId: string,
  topics?: readonly string[],
): Promise<TopicPartitionOffsets> {
  const answer = await onCoordinator(admin, groupId, async (nodeId) => {
    // All of them: asking for some needs their partition numbers, and a group has few.
    const request = { groupId, topics: null, requireStable: false };
    const found = await admin.cluster.send(nodeId, 'control', offsetFetchApi, request, { minVersion: 2 });
    throwIfAny([{ about: `group ${groupId}`, errorCode: found.errorCode }]);
    return found;
  });
  return answer.topics
    .filter(({ name }) => topics?.includes(name) ?? true)
    .flatMap(({ name, partitions }) =>
      partitions
        .filter(({ errorCode, committedOffset }) => errorCode === 0 && committedOffset >= 0)
        .map(({ partitionIndex, committedOffset, committedLeaderEpoch, metadata }) => ({
          topic: name,
          partition: partitionIndex,
          offset: committedOffset,
          ...(committedLeaderEpoch < 0 ? {} : { leaderEpoch: committedLeaderEpoch }),
          ...(metadata ? { metadata } : {}),
        })),
    );
}

/** See `KafkaAdmin.setCommittedOffsets`. */
export async function setCommittedOffsets(
  admin: AdminClient,
  groupId: string,
  given: TopicPartitionOffsets,
): Promise<void> {
  check(given);
  await onCoordinator(admin, groupId, async (nodeId) => {
    const { topics } = await admin.cluster.send(nodeId, 'control', offsetCommitApi, {
      groupId,
      generationIdOrMemberEpoch: -1, // from outside the group
      memberId: '',
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: byTopic(given, ({ partition, offset, leaderEpoch = -1, metadata = '' }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: leaderEpoch,
        committedMetadata: metadata,
      })),
    });
    throwIfRefused(
      groupId,
      topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, errorCode }) => ({ topic: name, partition: partitionIndex, errorCode })),
      ),
    );
  });
}

/** See `KafkaAdmin.resetOffsets`. */
export async function resetOffsets(
  admin: AdminClient,
  groupId: string,
  topics: readonly string[],
  to: ResetTarget,
): Promise<TopicPartitionOffsets> {
  const partitions = await partitionsOf(admin, topics);
  const timestamp = to === 'earliest' ? EARLIEST : to === 'latest' ? LATEST : to.timestamp;
  const found = await listOffsets(admin, partitions, timestamp);
  const ends = found.includes(-1) ? await listOffsets(admin, partitions, LATEST) : found;
  const targets = partitions.map((partition, i) => {
    const offset = found[i] ?? -1;
    return { ...partition, offset: offset === -1 ? (ends[i] ?? -1) : offset }; // no record that late: the end
  });
  await setCommittedOffsets(admin, groupId, targets);
  return targets;
}

async function partitionsOf(admin: AdminClient, topics: readonly string[]): Promise<readonly TopicPartition[]> {
  return retrying(admin, async () => {
    const found = await fetchTopics(admin, topics);
    throwIfAny(found.map(({ name, errorCode }) => ({ about: `topic ${name}`, errorCode })));
    return found.flatMap(({ name, partitions }) => partitions.map(({ partition }) => ({ topic: name, partition })));
  });
}

/** One offset per partition, in their order; -1 where no record is at or after the timestamp. */
async function listOffsets(
  admin: AdminClient,
  wanted: readonly TopicPartition[],
  timestamp: number,
): Promise<number[]> {
  return retrying(admin, async () => {
    const found = new Map<string, number>();
    const byLeader = await groupByLeader(admin, wanted);
    await Promise.all(
      Array.from(byLeader, async ([leader, partitions]) => {
        const { topics } = await admin.cluster.send(leader, 'control', listOffsetsApi, {
          replicaId: -1,
          isolationLevel: 0,
          topics: byTopic(partitions, ({ partition }) => ({
            partitionIndex: partition,
            currentLeaderEpoch: -1,
            timestamp,
          })),
        });
        const answers = topics.flatMap(({ name, partitions: told }) =>
          told.map((one) => ({ ...one, topic: name, partition: one.partitionIndex })),
        );
        throwIfAny(answers.map((one) => ({ about: `partition ${describePartition(one)}`, errorCode: one.errorCode })));
        for (const one of answers) found.set(describePartition(one), one.offset);
      }),
    );
    return wanted.map((partition) => found.get(describePartition(partition)) ?? -1);
  });
}

/** Leaders as they are now: a retry after NOT_LEADER_OR_FOLLOWER goes to the new one. */
async function groupByLeader(
  admin: AdminClient,
  wanted: readonly TopicPartition[],
): Promise<ReadonlyMap<number, readonly TopicPartition[]>> {
  const topics = await fetchTopics(admin, [...new Set(wanted.map(({ topic }) => topic))]);
  const groups = new Map<number, TopicPartition[]>();
  for (const partition of wanted) {
    const leader = topics.find(({ name }) => name === partition.topic)?.partitions[partition.partition]?.leader ?? -1;
    if (leader < 0) throw brokerError(errorCodes.LEADER_NOT_AVAILABLE, `partition ${describePartition(partition)}`);
    groups.set(leader, [...(groups.get(leader) ?? []), partition]);
  }
  return groups;
}

function byTopic<P extends TopicPartition, T>(
  partitions: readonly P[],
  toWire: (partition: P) => T,
): { name: string; partitions: T[] }[] {
  const topics = new Map<string, T[]>();
  for (const partition of partitions)
    topics.set(partition.topic, [...(topics.get(partition.topic) ?? []), toWire(partition)]);
  return Array.from(topics, ([name, made]) => ({ name, partitions: made }));
}

function check(given: TopicPartitionOffsets): void {
  const problems = new OptionsCheck('setCommittedOffsets');
  listIn(problems, 'offsets', given).forEach((one, i) =>
    problems.resolve(
      one,
      {
        topic: required(text<string | undefined>(undefined)),
        partition: required(integer<number | undefined>(undefined)),
        offset: required(integer<number | undefined>(undefined)),
        leaderEpoch: integer<number | undefined>(undefined),
        metadata: custom<string | undefined>(undefined, (value) =>
          typeof value === 'string' ? undefined : `must be a string, got ${describe(value)}`,
        ),
      },
      `[${i}]`,
    ),
  );
  problems.throwIfAny();
}

function throwIfRefused(groupId: string, answers: readonly (TopicPartition & { errorCode: number })[]): void {
  const refused = answers.filter(({ errorCode }) => errorCode !== 0);
  const [first] = refused;
  if (first === undefined) return;
  const isActive = first.errorCode === errorCodes.UNKNOWN_MEMBER_ID;
  const hint = isActive ? ': the group has running members; stop them first' : '';
  const message = `offsets of group ${groupId} were not written for ${describePartitions(refused)}: ${errorName(first.errorCode)}${hint}`;
  throw new CommitFailedError(message, {
    code: errorName(first.errorCode),
    retriable: refused.every(({ errorCode }) => isRetriableError(errorCode)),
    partitions: refused.map(({ topic, partition, errorCode }) => ({ topic, partition, code: errorName(errorCode) })),
  });
}
