import {
  CommitFailedError,
  isKafkaError,
  KafkaError,
  type TopicPartition,
  type TopicPartitionOffsets,
} from '@hearken/core';
import { deferred, describePartitions, topicPartitionKey, type Deferred } from '@hearken/core/internal';
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
import { atMost, cutOff, isAborted, retrying } from './retrying.js';

/** Who commits, as it stands at each moment. */
export interface Committer {
  /** Undefined when the consumer is in no generation; generation -1 outside of group membership. */
  readonly generation: Generation | undefined;
  readonly isRebalancing: boolean;
  /** Resolves when `isRebalancing` is over. */
  settled(): Promise<void>;
  /** Stands for owning the partition from its assignment until it is given up; undefined if it is not ours. */
  ownership(partition: TopicPartition): object | undefined;
  /** The coordinator does not take commits of this generation. */
  refused(error: unknown, generation: Generation): void;
}

/** What a later attempt of the same commit may not meet again. Anything else is final for this commit. */
const PASSING = ['COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR', 'REQUEST_TIMED_OUT'];

/** The commit comes from a generation that is over, or about to be. */
const OUTDATED = ['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'];

type Condition = (partition: TopicPartition) => boolean;

/** A commit on its way. */
interface CommitWork {
  /** What is not written yet. */
  open: TopicPartitionOffsets;
  /** Whether it still belongs to whom it belonged to when the commit was asked for. */
  readonly isOurs: Condition;
  readonly isWanted: Condition;
  /** Which the last request was stamped with. */
  generation: Generation | undefined;
  /** Resolves when it is over, well or badly. */
  readonly over: Deferred<void>;
}

const HINTS: Readonly<Record<string, string>> = {
  NOT_ASSIGNED: 'this consumer does not own them; whoever does commits',
  REBALANCE_IN_PROGRESS: 'the group is sharing its partitions out anew; commit what is assigned after it',
  ILLEGAL_GENERATION: 'they were given up since; whoever owns them reads on from what was committed before',
  UNKNOWN_MEMBER_ID:
    'the group took this member for dead, or members of a group and assigned partitions share a groupId',
  FENCED_INSTANCE_ID: 'another consumer joined with the same groupInstanceId',
  OFFSET_METADATA_TOO_LARGE: 'the broker allows offset.metadata.max.bytes (4096)',
};

/**
 * Writes offsets for the group, fenced: the broker does not check who owns a partition, so a commit is refused here unless
 * the partition is ours, without a break since the commit was asked for. Between JoinGroup and the answer to SyncGroup there
 * is no generation to commit in; what a cooperative member keeps over that time is written in the next one. Of commits under
 * way at once the newest stays: an older offset is not sent after a newer one of its partition.
 */
export class OffsetCommits {
  readonly #context: ConsumerContext;
  readonly #coordinator: GroupCoordinator;
  readonly #committer: Committer;
  /** In the order they were asked for. */
  readonly #underWay = new Set<CommitWork>();

  constructor(context: ConsumerContext, coordinator: GroupCoordinator, committer: Committer) {
    this.#context = context;
    this.#coordinator = coordinator;
    this.#committer = committer;
  }

  /**
   * @param isWanted asked whenever it is written, as attempts may be far apart: what is not wanted any more is left out
   * @throws CommitFailedError
   */
  async commit(offsets: TopicPartitionOffsets, isWanted: Condition = () => true): Promise<void> {
    if (offsets.length === 0) return;
    const foreign = offsets.filter((offset) => this.#committer.ownership(offset) === undefined);
    if (foreign.length > 0) throw this.#notOurs(foreign, offsets);
    const isOurs = this.#stillOurs(offsets);
    const work: CommitWork = { open: offsets, isOurs, isWanted, generation: undefined, over: deferred() };
    this.#underWay.add(work);
    try {
      await retrying(this.#context, (before) => this.#attempt(work, before), {
        timeoutMs: this.#context.options.requestTimeoutMs,
        isFinal: (error) => error instanceof CommitFailedError,
      });
    } catch (cause) {
      throw cause instanceof CommitFailedError ? cause : failure(work.open, codeFor(cause), cause);
    } finally {
      this.#underWay.delete(work);
      work.over.resolve();
    }
  }

  async #attempt(work: CommitWork, before: unknown): Promise<void> {
    const { clock, options } = this.#context;
    if (this.#committer.isRebalancing) await atMost(clock, this.#committer.settled(), options.requestTimeoutMs);
    await this.#letNewerGoFirst(work, before);
    if (!work.open.some(work.isWanted)) return;
    const codes = codesIn(await this.#send(work));
    this.#written(work, (offset) => codeOf(codes, offset) === 'NONE');
    const [code = 'NONE'] = work.open.map((offset) => codeOf(codes, offset)).filter((each) => !PASSING.includes(each));
    if (OUTDATED.includes(code) && this.#hasMovedOn(work)) throw movedOn();
    if (code !== 'NONE') throw this.#refused(work, (offset) => codeOf(codes, offset));
    const [passing] = work.open;
    if (passing !== undefined) this.#coordinator.check(codes.get(topicPartitionKey(passing)) ?? 0);
  }

  /**
   * Requests are written in the order of the commits, but one that is made again could come after a newer commit of the same
   * partition, and take the group back. So it waits for that one, which does away with it if it is written.
   */
  async #letNewerGoFirst(work: CommitWork, before: unknown): Promise<void> {
    const newer = this.#beside(work).newer.filter((each) => overlap(each, work));
    if (newer.length === 0) return;
    const { clock, options, closed } = this.#context;
    const over = Promise.all(newer.map((each) => each.over.promise)).then(() => undefined);
    await atMost(clock, over, options.requestTimeoutMs);
    if (!newer.some((each) => overlap(each, work))) return;
    throw isAborted(closed) ? cutOff(before) : overtaken(before);
  }

  #written(work: CommitWork, isWritten: Condition): void {
    work.open = work.open.filter((at) => !isWritten(at));
    for (const older of this.#beside(work).older)
      older.open = older.open.filter((at) => !(isWritten(at) && older.isOurs(at)));
  }

  #beside(work: CommitWork): { readonly older: readonly CommitWork[]; readonly newer: readonly CommitWork[] } {
    const all = [...this.#underWay];
    const place = all.indexOf(work);
    return { older: all.slice(0, place), newer: all.slice(place + 1) };
  }

  #send(work: CommitWork): Promise<OffsetCommitResponse> {
    return this.#coordinator.send(
      'control',
      offsetCommitApi,
      () => {
        // Here the request is written. Had a rebalance come since, another member may own the partitions already.
        work.open = work.open.filter(work.isWanted);
        work.generation = this.#generationFor(work);
        return this.#requestFor(work.open, work.generation);
      },
      { timeoutMs: this.#context.options.requestTimeoutMs },
    );
  }

  /** Ours as they are now: what is given up and comes back is not the same. */
  #stillOurs(offsets: TopicPartitionOffsets): Condition {
    const ownership = (at: TopicPartition): object | undefined => this.#committer.ownership(at);
    const owned = new Map(offsets.map((offset) => [topicPartitionKey(offset), ownership(offset)]));
    return (partition) => ownership(partition) === owned.get(topicPartitionKey(partition));
  }

  #generationFor({ open, isOurs }: CommitWork): Generation {
    const { generation } = this.#committer;
    const areOurs = open.every(isOurs);
    if (areOurs && generation !== undefined) return generation;
    if (areOurs && this.#committer.isRebalancing) throw movedOn();
    const [outside, given] = [this.#outsideCode(), 'ILLEGAL_GENERATION'];
    throw failure(open, (at) => (generation === undefined ? outside : isOurs(at) ? 'REBALANCE_IN_PROGRESS' : given));
  }

  /** Another generation has come, or is coming, and it left us these partitions. */
  #hasMovedOn({ open, isOurs, generation }: CommitWork): boolean {
    const now = this.#committer.generation;
    const isSame = now?.generationId === generation?.generationId && now?.memberId === generation?.memberId;
    return !isSame && open.every(isOurs) && (now !== undefined || this.#committer.isRebalancing);
  }

  #refused({ open, generation }: CommitWork, code: (partition: TopicPartition) => string): CommitFailedError {
    const error = failure(open, code);
    const endsGeneration = OUTDATED.includes(error.code) || error.code === 'FENCED_INSTANCE_ID';
    if (endsGeneration && generation !== undefined) this.#committer.refused(error, generation);
    return error;
  }

  /** Nothing was sent: the others are named too, as whoever is not named counts as written. */
  #notOurs(foreign: TopicPartitionOffsets, offsets: TopicPartitionOffsets): CommitFailedError {
    const code = this.#committer.generation ? 'NOT_ASSIGNED' : this.#outsideCode();
    const ours = offsets.filter((offset) => !foreign.includes(offset));
    return failure([...foreign, ...ours], (at) =>
      foreign.some((one) => isSame(one, at)) ? code : 'REBALANCE_IN_PROGRESS',
    );
  }

  #outsideCode(): string {
    return this.#committer.isRebalancing ? 'REBALANCE_IN_PROGRESS' : 'UNKNOWN_MEMBER_ID';
  }

  #requestFor(offsets: TopicPartitionOffsets, { generationId, memberId }: Generation): OffsetCommitRequest {
    return {
      groupId: this.#coordinator.groupId,
      generationIdOrMemberEpoch: generationId,
      memberId,
      groupInstanceId: memberId === '' ? null : (this.#context.options.groupInstanceId ?? null),
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
    };
  }
}

function overlap(one: CommitWork, other: CommitWork): boolean {
  const keys = new Set(one.open.map(topicPartitionKey));
  return other.open.some((at) => keys.has(topicPartitionKey(at)));
}

const isSame = (one: TopicPartition, other: TopicPartition): boolean =>
  one.topic === other.topic && one.partition === other.partition;

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

/** The generation ended while the partitions stayed ours: the next one writes them. */
const movedOn = (): KafkaError =>
  new KafkaError('the group rebalances', { code: 'REBALANCE_IN_PROGRESS', retriable: true });

/** Told only if the time is over meanwhile. */
const overtaken = (cause: unknown): KafkaError =>
  new KafkaError('a newer commit of the same partitions is under way, or failed', {
    code: 'REQUEST_TIMED_OUT',
    retriable: true,
    cause,
  });
