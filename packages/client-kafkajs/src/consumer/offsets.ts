import {
  isKafkaError,
  type TopicPartition,
  type TopicPartitionOffset,
  type TopicPartitionOffsets,
} from '@hearken/core';
import { describePartition, describePartitions, topicPartitionKey } from '@hearken/core/internal';
import { errorCodes, listOffsetsApi, offsetFetchApi, type ListOffsetsResponse } from '@hearken/protocol';
import { brokerError, type KafkaBrokerError } from '../errors.js';
import { byTopic } from './by-topic.js';
import { leaderOf, type ConsumerContext } from './consumer-context.js';
import type { GroupCoordinator } from './group-coordinator.js';
import { retrying, type RetryOptions } from './retrying.js';

/** Which offset of a partition: the first whose timestamp is at least so many milliseconds since 1970, or one of the ends. */
export interface OffsetQuery extends TopicPartition {
  readonly timestamp: number;
}

export interface FoundOffset extends TopicPartitionOffset {
  readonly timestamp: number;
}

export interface ListOptions extends RetryOptions {
  /** Told what was found at each leader, without waiting for the others; awaited. Must not reject. */
  readonly onFound?: (found: readonly FoundOffset[]) => Promise<void>;
  /** Asked before each attempt: what nobody looks for any more is left out. @default all is looked for */
  readonly isWanted?: (partition: TopicPartition) => boolean;
}

/** A leader, and what it is asked. */
type Asked = readonly [nodeId: number, queries: readonly OffsetQuery[]];

/** One partition's; the others of the answer count all the same. */
interface NotFound {
  readonly error: KafkaBrokerError;
}

/** The oldest record that is still there. */
export const BEGINNING = -2;
/** After the newest record; under `read_committed` the first record of a transaction that is still open. */
export const END = -1;

/** Questions about offsets. Retriable errors are retried. */
export class Offsets {
  readonly #context: ConsumerContext;

  constructor(context: ConsumerContext) {
    this.#context = context;
  }

  /** Partitions without such an offset are left out. */
  async list(
    queries: readonly OffsetQuery[],
    { onFound, isWanted = () => true, ...retry }: ListOptions = {},
  ): Promise<readonly FoundOffset[]> {
    const found: FoundOffset[] = [];
    let open = queries;
    const ask = async (leader: Asked): Promise<(FoundOffset | NotFound)[]> => {
      const answers = await this.#listOf(leader);
      const here = answers.filter((answer) => 'offset' in answer).filter(({ offset }) => offset >= 0);
      found.push(...here);
      await onFound?.(here);
      return answers;
    };
    await retrying(
      this.#context,
      async () => {
        open = open.filter(isWanted);
        const asked = await Promise.allSettled(this.#leaders(open).map(ask));
        const answers = asked.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
        const answered = answers.filter((answer) => 'offset' in answer);
        const done = new Set(answered.map(topicPartitionKey));
        open = open.filter((query) => !done.has(topicPartitionKey(query)));
        if (open.length === 0) return;
        await this.#refresh(open);
        const failures = [
          ...asked.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : [])),
          ...answers.flatMap((answer) => ('error' in answer ? [answer.error] : [])),
          brokerError(errorCodes.LEADER_NOT_AVAILABLE, describePartitions(open)),
        ];
        throw failures.find((error) => !isKafkaError(error) || !error.retriable) ?? failures[0];
      },
      retry,
    );
    return found;
  }

  /** What the group committed; partitions without are left out. */
  committed(
    coordinator: GroupCoordinator,
    partitions: readonly TopicPartition[],
    retry?: RetryOptions,
  ): Promise<TopicPartitionOffsets> {
    if (partitions.length === 0) return Promise.resolve([]);
    return retrying(this.#context, () => this.#committed(coordinator, partitions), retry);
  }

  async #committed(
    coordinator: GroupCoordinator,
    partitions: readonly TopicPartition[],
  ): Promise<TopicPartitionOffsets> {
    const response = await coordinator.send('control', offsetFetchApi, {
      groupId: coordinator.groupId,
      topics: byTopic(partitions).map(([name, items]) => ({
        name,
        partitionIndexes: items.map(({ partition }) => partition),
      })),
      // An offset that a transaction is about to commit is waited for: reading from the old one would repeat its records.
      requireStable: this.#context.options.isolationLevel === 'read_committed',
    });
    coordinator.check(response.errorCode);
    const committed: TopicPartitionOffset[] = [];
    for (const { name, partitions: answers } of response.topics) {
      for (const { partitionIndex, committedOffset, committedLeaderEpoch, metadata, errorCode } of answers) {
        coordinator.check(errorCode);
        if (committedOffset < 0) continue;
        committed.push({
          topic: name,
          partition: partitionIndex,
          offset: committedOffset,
          ...(committedLeaderEpoch >= 0 && { leaderEpoch: committedLeaderEpoch }),
          ...(metadata !== null && metadata !== '' && { metadata }),
        });
      }
    }
    return committed;
  }

  /** The queries whose partition has a leader that we know, by leader. */
  #leaders(queries: readonly OffsetQuery[]): Asked[] {
    const leaders = new Map<number, OffsetQuery[]>();
    for (const query of queries) {
      const nodeId = leaderOf(this.#context.cluster, query)?.leader;
      if (nodeId === undefined) continue;
      const known = leaders.get(nodeId);
      if (known === undefined) leaders.set(nodeId, [query]);
      else known.push(query);
    }
    return [...leaders];
  }

  async #listOf([nodeId, queries]: Asked): Promise<(FoundOffset | NotFound)[]> {
    const { cluster, options } = this.#context;
    const response = await cluster.send(
      nodeId,
      'control',
      listOffsetsApi,
      {
        replicaId: -1,
        isolationLevel: options.isolationLevel === 'read_committed' ? 1 : 0,
        topics: byTopic(queries).map(([name, items]) => ({
          name,
          partitions: items.map((query) => ({
            partitionIndex: query.partition,
            currentLeaderEpoch: leaderOf(cluster, query)?.leaderEpoch ?? -1,
            timestamp: query.timestamp,
          })),
        })),
      },
      { timeoutMs: options.requestTimeoutMs },
    );
    return foundIn(response);
  }

  async #refresh(queries: readonly OffsetQuery[]): Promise<void> {
    await this.#context.cluster.metadata.refresh([...new Set(queries.map(({ topic }) => topic))]);
  }
}

function foundIn({ topics }: ListOffsetsResponse): (FoundOffset | NotFound)[] {
  return topics.flatMap(({ name: topic, partitions }) =>
    partitions.map(({ partitionIndex: partition, errorCode, offset, timestamp, leaderEpoch }) =>
      errorCode === 0
        ? { topic, partition, offset, timestamp, ...(leaderEpoch >= 0 && { leaderEpoch }) }
        : { error: brokerError(errorCode, describePartition({ topic, partition })) },
    ),
  );
}
