import { CommitFailedError, isKafkaError, type TopicPartition, type TopicPartitionOffsets } from '@hearken/core';
import { describePartitions, topicPartitionKey } from '@hearken/core/internal';
import {
  errorCodes,
  errorName,
  offsetCommitApi,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
} from '@hearken/protocol';
import { byTopic } from './by-topic.js';
import type { ConsumerContext } from './consumer-context.js';
import type { GroupCoordinator } from './group-coordinator.js';
import type { Generation } from './group-protocol.js';
import { retrying } from './retrying.js';

/** Who commits, as it stands at each moment. */
export interface Committer {
  /** Undefined when the consumer is in no generation; generation -1 outside of group membership. */
  readonly generation: Generation | undefined;
  readonly isRebalancing: boolean;
  owns(partition: TopicPartition): boolean;
  /** The coordinator does not take commits of this generation. */
  refused(error: unknown, generation: Generation): void;
}

/** What a later attempt of the same commit may not meet again. Anything else is final for this commit. */
const PASSING = ['COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR', 'REQUEST_TIMED_OUT'];

/** The commit comes from a generation that is over, or about to be. */
const OUTDATED = ['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'];

const HINTS: Readonly<Record<string, string>> = {
  NOT_ASSIGNED: 'this consumer does not own them; whoever does commits',
  REBALANCE_IN_PROGRESS: 'the group is sharing its partitions out anew; commit what is assigned after it',
  ILLEGAL_GENERATION: 'they were given up since; whoever owns them reads on from what was committed before',
  UNKNOWN_MEMBER_ID:
    'the group took this member for dead, or members of a group and assigned partitions share a groupId',
  OFFSET_METADATA_TOO_LARGE: 'the broker allows offset.metadata.max.bytes (4096)',
};

/**
 * Writes offsets for the group, fenced: the broker does not check who owns a partition, so a commit is refused here unless
 * the partition is ours, and the generation is still the one it was when the commit was asked for.
 */
export class OffsetCommits {
  readonly #context: ConsumerContext;
  readonly #coordinator: GroupCoordinator;
  readonly #committer: Committer;

  constructor(context: ConsumerContext, coordinator: GroupCoordinator, committer: Committer) {
    this.#context = context;
    this.#coordinator = coordinator;
    this.#committer = committer;
  }

  /** @throws CommitFailedError */
  async commit(offsets: TopicPartitionOffsets): Promise<void> {
    if (offsets.length === 0) return;
    const { generation } = this.#committer;
    if (generation === undefined) throw failure(offsets, this.#outsideCode());
    const foreign = offsets.filter((offset) => !this.#committer.owns(offset));
    if (foreign.length > 0) throw failure(foreign, 'NOT_ASSIGNED');
    let open = offsets;
    const attempt = async (): Promise<void> => {
      const codes = codesIn(await this.#send(open, generation));
      open = open.filter((offset) => codeOf(codes, offset) !== 'NONE');
      const final = open.filter((offset) => !PASSING.includes(codeOf(codes, offset)));
      if (final.length > 0) throw failure(final, (offset) => codeOf(codes, offset));
      const [passing] = open;
      if (passing !== undefined) this.#coordinator.check(codes.get(topicPartitionKey(passing)) ?? 0);
    };
    try {
      await retrying(this.#context, attempt, {
        timeoutMs: this.#context.options.requestTimeoutMs,
        isFinal: (error) => error instanceof CommitFailedError,
      });
    } catch (cause) {
      const error = cause instanceof CommitFailedError ? cause : failure(open, codeFor(cause), cause);
      if (OUTDATED.includes(error.code)) this.#committer.refused(error, generation);
      throw error;
    }
  }

  #send(offsets: TopicPartitionOffsets, generation: Generation): Promise<OffsetCommitResponse> {
    return this.#coordinator.send(
      'control',
      offsetCommitApi,
      () => {
        // Here the request is written. Had a rebalance come since, another member may own the partitions already.
        this.#requireCurrent(generation, offsets);
        return requestFor(this.#coordinator.groupId, generation, offsets);
      },
      { timeoutMs: this.#context.options.requestTimeoutMs },
    );
  }

  #requireCurrent({ generationId, memberId }: Generation, offsets: TopicPartitionOffsets): void {
    const now = this.#committer.generation;
    if (now?.generationId === generationId && now.memberId === memberId) return;
    throw failure(offsets, now === undefined ? this.#outsideCode() : 'ILLEGAL_GENERATION');
  }

  #outsideCode(): string {
    return this.#committer.isRebalancing ? 'REBALANCE_IN_PROGRESS' : 'UNKNOWN_MEMBER_ID';
  }
}

type Codes = ReadonlyMap<string, number>;

const codesIn = ({ topics }: OffsetCommitResponse): Codes =>
  new Map(
    topics.flatMap(({ name: topic, partitions }) =>
      partitions.map(({ partitionIndex: partition, errorCode }) => [
        topicPartitionKey({ topic, partition }),
        errorCode,
      ]),
    ),
  );

/** A partition that the answer leaves out was not written. */
const codeOf = (codes: Codes, partition: TopicPartition): string =>
  errorName(codes.get(topicPartitionKey(partition)) ?? errorCodes.UNKNOWN_SERVER_ERROR);

const codeFor = (error: unknown): string => (isKafkaError(error) ? error.code : 'UNKNOWN_SERVER_ERROR');

function failure(
  partitions: readonly TopicPartition[],
  code: string | ((partition: TopicPartition) => string),
  cause?: unknown,
): CommitFailedError {
  const named = partitions.map(({ topic, partition }) => ({
    topic,
    partition,
    code: typeof code === 'string' ? code : code({ topic, partition }),
  }));
  const first = named[0]?.code ?? 'UNKNOWN_SERVER_ERROR';
  const hint = HINTS[first] === undefined ? '' : `: ${HINTS[first]}`;
  return new CommitFailedError(`not committed for ${describePartitions(partitions)}, ${first}${hint}`, {
    code: first,
    retriable: first === 'REBALANCE_IN_PROGRESS' || (isKafkaError(cause) && cause.retriable),
    cause,
    partitions: named,
  });
}

const requestFor = (
  groupId: string,
  { generationId, memberId }: Generation,
  offsets: TopicPartitionOffsets,
): OffsetCommitRequest => ({
  groupId,
  generationIdOrMemberEpoch: generationId,
  memberId,
  groupInstanceId: null,
  retentionTimeMs: -1,
  topics: byTopic(offsets).map(([name, items]) => ({
    name,
    partitions: items.map(({ partition, offset, leaderEpoch, metadata }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: leaderEpoch ?? -1,
      committedMetadata: metadata ?? '',
    })),
  })),
});
