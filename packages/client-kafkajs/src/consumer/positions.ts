import type { KafkaError, TopicPartition, TopicPartitionOffsets } from '@hearken/core';
import type { ConsumerContext } from './consumer-context.js';
import type { GroupCoordinator } from './group-coordinator.js';
import { BEGINNING, END, type Offsets } from './offsets.js';
import type { EpochEnd } from './fetch-observer.js';
import { noOffset, outOfRange, recreated, truncated } from './partition-errors.js';
import { atMost, type RetryOptions } from './retrying.js';
import type { AssignedPartition } from './assigned-partition.js';
import type { SubscriptionState } from './subscription-state.js';

/** Told what comes of it in the background. */
export interface PositionsObserver {
  /** There may be something to fetch, and to tell: a position that was found, or an error instead of one. */
  onChanged(): void;
  /** Looking failed for good. */
  onFatal(error: unknown): void;
}

export interface PositionsInit extends PositionsObserver {
  readonly context: ConsumerContext;
  readonly subscription: SubscriptionState;
  readonly offsets: Offsets;
  /** Absent for a consumer without a group: then nothing is committed. */
  readonly coordinator: GroupCoordinator | undefined;
}

/** Writes where partitions begin; leaves out what is not wanted any more by then: who sought may have committed since. */
export type CommitFirst = (
  offsets: TopicPartitionOffsets,
  isWanted: (partition: TopicPartition) => boolean,
) => Promise<void>;

export interface BeginOptions {
  /** The assignment is over: what is committed is not waited for any more. */
  readonly signal: AbortSignal;
  /** Awaited before partitions start that the group has committed nothing of. Must not reject. */
  readonly commitFirst?: CommitFirst | undefined;
}

interface FindOptions extends RetryOptions, Pick<BeginOptions, 'commitFirst'> {
  /**
   * Those of the partitions that are looked for on, once they were handed over: `poll` tells what is found from then on.
   * @default undefined, as before that
   */
  readonly late?: () => ReadonlySet<AssignedPartition> | undefined;
}

/**
 * Long enough for a topic that was just made to get its leaders, and for an election: with `latest`, what is sent before a
 * position is found is not read. And no longer than a service may stand still for a partition that has none.
 */
const FIRST_LOOK_MS = 1_000;

/** Decides where reading begins, and where it goes on when the log does not hold the position any more. */
export class Positions {
  readonly #context: ConsumerContext;
  readonly #subscription: SubscriptionState;
  readonly #offsets: Offsets;
  readonly #coordinator: GroupCoordinator | undefined;
  readonly #observer: PositionsObserver;
  /** Looked for in the background, which goes on over assignments. */
  readonly #lookedFor = new WeakSet<AssignedPartition>();

  constructor({ context, subscription, offsets, coordinator, ...observer }: PositionsInit) {
    this.#context = context;
    this.#subscription = subscription;
    this.#offsets = offsets;
    this.#coordinator = coordinator;
    this.#observer = observer;
  }

  /**
   * Starts partitions at what the group committed, else as `autoOffsetReset` says. One that gets a position meanwhile, by
   * a seek, keeps it. Others are not to wait for one that nobody leads: what is not found soon is looked for in the background,
   * and told by `poll`.
   */
  async begin(partitions: readonly AssignedPartition[], { signal, commitFirst }: BeginOptions): Promise<void> {
    const without = await this.#withoutCommitted(partitions, { signal });
    let late: ReadonlySet<AssignedPartition> | undefined = undefined;
    const finding = this.#find(without, { commitFirst, late: () => late });
    await atMost(this.#context.clock, finding, FIRST_LOOK_MS);
    late = new Set(without.filter((partition) => !this.#lookedFor.has(partition)));
    void this.#inBackground(finding, [...late]);
  }

  /** The log does not hold this partition's position: starts it anew as `autoOffsetReset` says. Never rejects. */
  outOfRange(partition: AssignedPartition): Promise<void> {
    return this.#startAnew(partition, 'out-of-range');
  }

  /** The partition's topic was deleted and made anew, its position was one in the old topic: the same. */
  recreated(partition: AssignedPartition): Promise<void> {
    return this.#startAnew(partition, 'topic-recreated');
  }

  /**
   * An election lost records at the end of the log, which others have been written in place of since (KIP-320). Goes on at
   * the first offset where the log may differ from what was read, if that is before the position.
   * @param end where the epoch that was read last ends now
   */
  truncated(partition: AssignedPartition, { epoch, endOffset }: EpochEnd): void {
    const { buffer } = partition;
    if (buffer === undefined) return;
    const { position, untold } = buffer;
    if (endOffset >= position) {
      partition.startAt(position, { leaderEpoch: epoch, ...untold }); // only what was not handed out yet is lost
      return;
    }
    const { logger, options } = this.#context;
    if (options.autoOffsetReset === 'none') {
      stop(partition, truncated(partition, position, endOffset));
      return;
    }
    logger.warn(
      { ...at(partition), offset: position, endOffset },
      'consumer: the log lost records that were read, reading goes on where it ends',
    );
    // With a reset that was not told, nothing was read since: whoever reads knows the position before that one.
    const { reset = { reason: 'log-truncated', from: position } } = untold;
    partition.startAt(endOffset, { leaderEpoch: epoch, reset: { ...reset, to: endOffset } });
  }

  async #startAnew(partition: AssignedPartition, reason: keyof typeof ANEW): Promise<void> {
    const { buffer } = partition;
    if (buffer === undefined) return;
    const { position: from } = buffer;
    const { logger, options } = this.#context;
    const { autoOffsetReset } = options;
    const { errorAt, warning } = ANEW[reason];
    if (autoOffsetReset === 'none') {
      stop(partition, errorAt(partition, from));
      this.#observer.onChanged();
      return;
    }
    logger.warn({ ...at(partition), offset: from, autoOffsetReset }, warning);
    partition.losePosition(reason);
    await this.#inBackground(this.#find([partition]), [partition]);
  }

  /** Starts what is committed. Returns what is to be started as `autoOffsetReset` says. */
  async #withoutCommitted(
    partitions: readonly AssignedPartition[],
    retry: RetryOptions,
  ): Promise<readonly AssignedPartition[]> {
    if (this.#coordinator !== undefined) {
      const sought = this.#soughtAmong(partitions);
      for (const at of await this.#offsets.committed(this.#coordinator, partitions, retry)) {
        sought(at)?.startAt(at.offset, { leaderEpoch: at.leaderEpoch });
      }
    }
    const without = partitions.filter((partition) => partition.buffer === undefined);
    if (this.#context.options.autoOffsetReset !== 'none') return without;
    for (const partition of without) partition.cannotStart(noOffset(partition));
    return [];
  }

  /** Each partition starts when its offset is known. Resolves when none is without a position. */
  async #find(
    partitions: readonly AssignedPartition[],
    { commitFirst, late, ...retry }: FindOptions = {},
  ): Promise<void> {
    if (partitions.length === 0) return;
    const timestamp = this.#context.options.autoOffsetReset === 'earliest' ? BEGINNING : END;
    const queries = partitions.map(({ topic, partition }) => ({ topic, partition, timestamp }));
    const sought = this.#soughtAmong(partitions);
    const isWanted = (at: TopicPartition): boolean => {
      const partition = sought(at);
      return partition !== undefined && late?.()?.has(partition) !== false;
    };
    await this.#offsets.list(queries, {
      ...retry,
      isWanted,
      onFound: async (found) => {
        await commitFirst?.(found.filter(isWanted), isWanted);
        for (const { offset: to, leaderEpoch, ...at } of found) {
          const partition = sought(at);
          const reset = partition?.left && { ...partition.left, to };
          partition?.startAt(to, { leaderEpoch, reset, told: reset !== undefined || late?.() !== undefined });
        }
        this.#observer.onChanged();
      },
    });
  }

  /** What goes wrong with partitions that were given up, or sought elsewhere, concerns nobody. Never rejects. */
  async #inBackground(finding: Promise<void>, partitions: readonly AssignedPartition[]): Promise<void> {
    for (const partition of partitions) this.#lookedFor.add(partition);
    try {
      await finding;
    } catch (error) {
      const isOver = this.#context.closed.aborted || !partitions.some(this.#soughtAmong(partitions));
      if (!isOver) this.#observer.onFatal(error);
    } finally {
      for (const partition of partitions) this.#lookedFor.delete(partition);
    }
  }

  /** Which of them one is, unless it was given up, or sought elsewhere, while we asked. */
  #soughtAmong(partitions: readonly AssignedPartition[]): (at: TopicPartition) => AssignedPartition | undefined {
    const asked = new Set(partitions);
    return (at) => {
      const partition = this.#subscription.get(at);
      return partition !== undefined && partition.buffer === undefined && asked.has(partition) ? partition : undefined;
    };
  }
}

const ANEW = {
  'out-of-range': { errorAt: outOfRange, warning: 'consumer: the log does not hold this offset, reading is reset' },
  'topic-recreated': { errorAt: recreated, warning: 'consumer: the topic was deleted and made anew, reading is reset' },
} as const;

const at = ({ topic, partition }: TopicPartition): TopicPartition => ({ topic, partition });

/** At its position: what was buffered after it is of the log that is gone. */
function stop(partition: AssignedPartition, error: KafkaError): void {
  partition.startAt(partition.buffer?.position ?? 0);
  partition.fail(error);
}
