import { KafkaError, type Consumer, type Logger, type TopicPartition } from '@hearken/core';
import { custom, describe, describePartitions, OptionsCheck, topicPartitionKey } from '@hearken/core/internal';
import { requireTargets } from '../arguments.js';
import type { GuardedEvents } from '../container-events.js';
import type { ContainerCounters } from '../container-metrics.js';
import { ShedRefusedError } from '../errors.js';
import { topicExists } from '../missing-topics.js';
import type { Ownership } from '../offsets/ownership.js';
import type { PartitionTarget } from '../pause/target-set.js';
import { requireAllAcks } from '../require-all-acks.js';
import { lookUp, type OffsetSource, type SeekPosition } from '../seek/seek-position.js';
import type { Seeks } from '../seek/seeks.js';
import { TopicSettings } from '../topic-settings.js';
import { ShedLedger, type ShedTemplate } from './shed-ledger.js';
import { shedTopic, type ResolvedShedProperties } from './shed-properties.js';
import { bare, type RecordedRange, type ShedRange } from './shed-range.js';

/** What to skip. */
export interface ShedOptions {
  /**
   * Up to where: the end of each partition as it is at the call, or the first record whose timestamp is at least this (the end
   * where there is none). @default 'end'
   */
  readonly to?: 'end' | Date;
  /** Topics and partitions. @default all that are assigned */
  readonly partitions?: readonly PartitionTarget[];
}

export interface SheddingInit {
  /** Undefined where the container was not told how. */
  readonly properties: ResolvedShedProperties | undefined;
  readonly groupId: string | undefined;
  readonly consumer: OffsetSource & Pick<Consumer, 'topicId' | 'topicConfig' | 'partitionsFor'>;
  readonly seeks: Pick<Seeks, 'ownedOf' | 'seekWithin'>;
  readonly events: GuardedEvents;
  readonly logger: Logger;
  readonly counters: ContainerCounters;
}

/** A range, and who is to go on at its end. */
interface Skip {
  readonly ownership: Ownership;
  readonly range: RecordedRange;
}

/**
 * Skips a backlog, which is recorded first. Nothing is lost wherever it ends halfway: until the range is acknowledged the
 * partition goes on as before; from then on its records come once more, whether or not it was sought. It is sought only
 * within the ownership that the range was measured in: one that was given up, reset or sought meanwhile goes on where it is.
 */
export class Shedding {
  readonly #init: SheddingInit;
  readonly #settings: TopicSettings;

  constructor(init: SheddingInit) {
    this.#init = init;
    this.#settings = new TopicSettings(init.logger);
  }

  /** @returns what was skipped */
  async shed(options: ShedOptions | undefined): Promise<readonly ShedRange[]> {
    const { template, topic } = this.#permitted();
    const { to, partitions } = checked(options);
    const skips = await this.#measure(to, partitions);
    await requireAllAcks(template, 'shed');
    await this.#requireTopic(topic);
    await this.#requireCompaction(topic);
    await new ShedLedger(template, topic).write(skips.map(({ range }) => range));
    const done = await Promise.all(skips.map((skip) => this.#skip(skip)));
    return this.#report(skips, done);
  }

  #permitted(): { readonly template: ShedTemplate; readonly topic: string } {
    const { properties, groupId } = this.#init;
    if (properties?.allowReorder !== true || groupId === undefined) throw new ShedRefusedError();
    return { template: properties.template, topic: shedTopic(properties, groupId) };
  }

  /** A producer may make it, with the retention that topics here have: ranges would be acknowledged, and deleted in the end. */
  async #requireTopic(topic: string): Promise<void> {
    if (await topicExists(this.#init.consumer, topic)) return;
    throw new KafkaError(
      `${topic} does not exist, where the ranges that are skipped are to be recorded, so nothing is skipped: create it, with cleanup.policy=compact`,
      { code: 'SHED_TOPIC_MISSING' },
    );
  }

  /** Alone: what is both compacted and deleted goes with its age all the same. */
  async #requireCompaction(topic: string): Promise<void> {
    const { 'cleanup.policy': policy } = await this.#settings.of(this.#init.consumer, topic);
    if (policy === undefined || policy === 'compact') return;
    throw new KafkaError(
      `${topic} has cleanup.policy=${policy}, by which ranges that are recorded there are not kept, so nothing is skipped: set it to compact alone`,
      { code: 'SHED_TOPIC_NOT_COMPACTED' },
    );
  }

  /** From the lowest offset that has not ended, which is what is committable: those above it that did come twice. */
  async #measure(to: SeekPosition, targets: readonly PartitionTarget[] | undefined): Promise<Skip[]> {
    const { consumer, seeks } = this.#init;
    const owned = seeks.ownedOf(targets);
    const found = await lookUp(consumer, to, owned.map(plain));
    const ends = new Map(found.map((at) => [topicPartitionKey(at), at.offset]));
    return owned.flatMap((ownership) => {
      if (!ownership.isOpen || !ownership.hasPosition) return []; // it went while we asked, or has not begun
      const from = ownership.tracker.committable;
      const end = ends.get(topicPartitionKey(ownership)) ?? 0;
      const topicId = consumer.topicId?.(plain(ownership));
      const range = { ...plain(ownership), from, to: end, ...(topicId !== undefined && { topicId }), done: from };
      return from < end ? [{ ownership, range }] : [];
    });
  }

  /**
   * Never back: while the range was written all of it may have ended, and what is behind it begun.
   * @returns whether something was skipped
   */
  async #skip({ ownership, range }: Skip): Promise<boolean> {
    const { counters, seeks } = this.#init;
    const { tracker } = ownership;
    if (tracker.committable >= range.to) return false;
    let skipped = 0;
    await seeks.seekWithin(ownership, () => {
      skipped = Math.max(0, range.to - tracker.committable);
      return Math.max(range.to, tracker.committable);
    });
    counters.shedOffsets += skipped;
    return skipped > 0;
  }

  #report(skips: readonly Skip[], done: readonly boolean[]): readonly ShedRange[] {
    const { events, logger } = this.#init;
    const ranges = skips.filter((_, i) => done[i]).map(({ range }) => bare(range));
    const left = skips.filter((_, i) => !done[i]).map(({ range }) => range);
    if (left.length > 0)
      logger.warn({ partitions: describePartitions(left) }, 'ranges were recorded and not skipped: they come twice');
    if (ranges.length > 0) {
      logger.warn({ ranges }, 'a backlog was skipped, to be replayed later');
      events.emit('partitions:shed', { ranges });
    }
    return ranges;
  }
}

const RULES = {
  to: custom<'end' | Date>('end', (value) =>
    value === 'end' || (value instanceof Date && value.getTime() >= 0)
      ? undefined
      : `must be 'end' or a Date from 1970 on, got ${describe(value)}`,
  ),
  partitions: custom<ShedOptions['partitions']>(undefined, () => undefined), // as `pause` judges them
};

function checked(options: ShedOptions | undefined): { to: SeekPosition; partitions: ShedOptions['partitions'] } {
  const check = new OptionsCheck('shed');
  const { to, partitions } = check.resolve<{ to: 'end' | Date; partitions: ShedOptions['partitions'] }>(options, RULES);
  check.throwIfAny();
  if (partitions !== undefined) requireTargets('shed', partitions);
  return { to: to === 'end' ? to : { timestamp: to.getTime() }, partitions };
}

const plain = ({ topic, partition }: TopicPartition): TopicPartition => ({ topic, partition });
