import type { TopicPartition, TopicPartitionOffset } from '@hearken/core';
import { deferred, describePartition, describePartitions, topicPartitionKey } from '@hearken/core/internal';
import { errorCodes, listOffsetsApi, type ListOffsetsResponse } from '@hearken/protocol';
import { ASK_ANOTHER_MS } from '../cluster/first-answer.js';
import { brokerError, isRetriable } from '../errors.js';
import { byTopic } from './by-topic.js';
import { leaderOf, type ConsumerContext } from './consumer-context.js';
import { atMost, retrying, type RetryOptions } from './retrying.js';

/** Which offset of a partition: the first whose timestamp is at least so many milliseconds since 1970, or one of the ends. */
export interface OffsetQuery extends TopicPartition {
  readonly timestamp: number;
}

export interface FoundOffset extends TopicPartitionOffset {
  readonly timestamp: number;
}

export interface ListOptions extends RetryOptions {
  /** Told what was found at each leader, without waiting for the others; awaited in the end. Must not reject. */
  readonly onFound?: (found: readonly FoundOffset[]) => Promise<void>;
  /** Asked time and again: what nobody looks for any more is left out. @default all is looked for */
  readonly isWanted?: (partition: TopicPartition) => boolean;
}

/** A request to a leader. */
interface Ask {
  readonly nodeId: number;
  readonly queries: readonly OffsetQuery[];
}

/** One partition's; the others of the answer count all the same. */
interface NotFound extends TopicPartition {
  readonly error: unknown;
}

type Answer = FoundOffset | NotFound;

/** How long a leader may think before metadata is asked whether it still leads; failed attempts ask that as seldom. */
const STILL_LEADS_MS = 1_000;

/**
 * One look-up of offsets at the partitions' leaders, over as many attempts as it takes. No partition waits for another's
 * leader: an attempt ends with the first failure, and the next asks anew what has failed and whatever another node leads
 * by then, while answers to the rest are outstanding.
 */
export class OffsetSearch {
  readonly #context: ConsumerContext;
  readonly #options: ListOptions;
  /** Not answered yet. */
  #open: readonly OffsetQuery[];
  /** The ask that is to answer, by partition: an answer to an older one comes too late. */
  readonly #asked = new Map<string, Ask>();
  readonly #found: FoundOffset[] = [];
  readonly #telling: Promise<void>[] = [];
  #failures: unknown[] = [];
  #news = deferred();

  constructor(context: ConsumerContext, queries: readonly OffsetQuery[], options: ListOptions = {}) {
    this.#context = context;
    this.#open = queries;
    this.#options = options;
  }

  /** To be called once. Partitions without such an offset are left out. */
  async run(): Promise<readonly FoundOffset[]> {
    try {
      await retrying(this.#context, () => this.#attempt(), this.#options);
      await Promise.all(this.#telling);
      return this.#found;
    } finally {
      this.#asked.clear();
    }
  }

  async #attempt(): Promise<void> {
    const { isWanted = () => true } = this.#options;
    this.#failures = this.#failures.filter((error) => !isRetriable(error)); // what met the others is asked anew now
    while (this.#failures.length === 0) {
      this.#open = this.#open.filter(isWanted);
      if (this.#open.length === 0) return;
      this.#news = deferred();
      this.#askLeaders();
      await this.#untilNews();
    }
    const final = this.#failures.find((error) => !isRetriable(error));
    // Metadata is waited for no longer than a second node takes that is asked as well: there may be none.
    if (final === undefined) await atMost(this.#context.clock, this.#refresh(), STILL_LEADS_MS + ASK_ANOTHER_MS);
    throw final ?? this.#failures[0];
  }

  /** An answer, or metadata that may name another leader. */
  async #untilNews(): Promise<void> {
    const { promise, resolve, reject } = this.#news;
    const timer = this.#context.clock.setTimer(() => void this.#refresh().then(resolve, reject), STILL_LEADS_MS);
    try {
      await promise;
    } finally {
      timer.clear();
    }
  }

  /** Asks each leader about what it was not asked yet. */
  #askLeaders(): void {
    const byLeader = new Map<number | undefined, OffsetQuery[]>();
    for (const query of this.#open) {
      const leader = leaderOf(this.#context.cluster, query)?.leader;
      if (leader !== undefined && leader === this.#asked.get(topicPartitionKey(query))?.nodeId) continue;
      const others = byLeader.get(leader);
      if (others === undefined) byLeader.set(leader, [query]);
      else others.push(query);
    }
    for (const [nodeId, queries] of byLeader) {
      if (nodeId !== undefined) void this.#ask({ nodeId, queries });
      else this.#failures.push(brokerError(errorCodes.LEADER_NOT_AVAILABLE, describePartitions(queries)));
    }
    if (this.#failures.length > 0) this.#news.resolve();
  }

  /** Never rejects. */
  async #ask(ask: Ask): Promise<void> {
    for (const query of ask.queries) this.#asked.set(topicPartitionKey(query), ask);
    const answers = (await this.#send(ask)).filter((at) => this.#asked.get(topicPartitionKey(at)) === ask);
    for (const at of answers) this.#asked.delete(topicPartitionKey(at));
    const answered = answers.filter((answer) => 'offset' in answer);
    const done = new Set(answered.map(topicPartitionKey));
    this.#open = this.#open.filter((query) => !done.has(topicPartitionKey(query)));
    const { isWanted = () => true, onFound } = this.#options;
    const failed = answers.filter((answer) => 'error' in answer).filter(isWanted); // what meets the others concerns nobody
    this.#failures.push(...failed.map(({ error }) => error));
    const found = answered.filter(({ offset }) => offset >= 0);
    this.#found.push(...found);
    if (onFound !== undefined && found.length > 0) this.#telling.push(onFound(found));
    this.#news.resolve();
  }

  /** Never rejects. */
  async #send({ nodeId, queries }: Ask): Promise<readonly Answer[]> {
    const { cluster, options } = this.#context;
    const request = {
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
    };
    try {
      const { requestTimeoutMs: timeoutMs } = options;
      return answersTo(queries, await cluster.send(nodeId, 'control', listOffsetsApi, request, { timeoutMs }));
    } catch (error) {
      // Without the rest of it: a user's query may have an offset, as of a commit, and would be answered by that.
      return queries.map(({ topic, partition }) => ({ topic, partition, error }));
    }
  }

  async #refresh(): Promise<void> {
    await this.#context.cluster.metadata.refresh([...new Set(this.#open.map(({ topic }) => topic))]);
  }
}

function answersTo(queries: readonly OffsetQuery[], { topics }: ListOffsetsResponse): readonly Answer[] {
  const answers = new Map<string, Answer>();
  for (const { name: topic, partitions } of topics) {
    for (const { partitionIndex: partition, errorCode, offset, timestamp, leaderEpoch } of partitions) {
      const at = { topic, partition };
      const found = { ...at, offset, timestamp, ...(leaderEpoch >= 0 && { leaderEpoch }) };
      answers.set(
        topicPartitionKey(at),
        errorCode === 0 ? found : { ...at, error: brokerError(errorCode, describePartition(at)) },
      );
    }
  }
  return queries.map((query) => answers.get(topicPartitionKey(query)) ?? leftOut(query));
}

const leftOut = ({ topic, partition }: TopicPartition): NotFound => ({
  topic,
  partition,
  error: brokerError(errorCodes.LEADER_NOT_AVAILABLE, describePartition({ topic, partition })),
});
