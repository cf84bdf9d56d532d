import assert from 'node:assert/strict';
import type { ConsumerRecord, TopicPartition, TopicPartitionOffset, TopicPartitionOffsets } from '@hearken/core';

/** What commits look at, of one partition from an assignment or seek until it is revoked, lost or sought again. */
export interface CommittedEpoch {
  /** Where reading began. */
  readonly start: number;
  /** Offsets of records that ended in it. */
  readonly ended: ReadonlySet<number>;
  /** The last commit asked for. */
  committed: number;
  /** The last that was written, leaving out those written in part. */
  written: number;
  /** Everything below has ended, if it was looked at. */
  frontier: number;
}

export interface CommitView<Epoch> {
  now(): number;
  assigned(): readonly TopicPartition[];
  recordsOf(partition: number): readonly ConsumerRecord[];
  /** Undefined where the container owns it no more. */
  current(partition: number): Epoch | undefined;
}

/**
 * Of what is ours, one at a time, never back, and never past what has not ended. Looked at when it is sent: a commit belongs to
 * the ownership that sent it, whatever becomes of that before it is answered.
 */
export class CommitLaws<Epoch extends CommittedEpoch> {
  /** Commits that were refused. */
  failures = 0;
  readonly #view: CommitView<Epoch>;
  readonly #timeoutMs: number;
  /** Those that are not answered: when they were sent. */
  #underWay = new Set<{ readonly since: number }>();

  /** @param timeoutMs after which a commit that is not answered is no longer waited for */
  constructor(view: CommitView<Epoch>, timeoutMs = Infinity) {
    this.#view = view;
    this.#timeoutMs = timeoutMs;
  }

  /** Another consumer begins: what the one before had sent is nobody's. */
  connects(): void {
    this.#underWay = new Set();
  }

  /**
   * @param note told what to check
   * @param also what else holds of each
   * @returns what is told how it ended
   */
  sent(
    offsets: TopicPartitionOffsets,
    note: (check: () => void) => void,
    also: (at: TopicPartitionOffset, epoch: Epoch) => void,
  ): (error?: unknown) => void {
    const asked = offsets.map((at) => ({ at, epoch: this.#view.current(at.partition) }));
    const underWay = this.#underWay;
    const commit = { since: this.#view.now() };
    note(() => {
      for (const { since } of underWay) assert.ok(commit.since - since >= this.#timeoutMs, 'two commits at a time');
      for (const { at, epoch } of asked) also(at, this.#check(at, epoch));
    });
    underWay.add(commit);
    return (error) => {
      underWay.delete(commit);
      if (underWay !== this.#underWay) return;
      if (error !== undefined) this.failures++;
      else for (const { at, epoch } of asked) if (epoch !== undefined) epoch.written = at.offset;
    };
  }

  /** Everything below the offset ended in this epoch. */
  checkEnded({ partition, offset }: TopicPartitionOffset, epoch: Epoch): void {
    for (const record of this.#view.recordsOf(partition)) {
      if (record.offset < epoch.frontier) continue;
      if (record.offset >= offset) break;
      assert.ok(epoch.ended.has(record.offset), `${partition}@${offset} is too far: ${record.offset} has not ended`);
      epoch.frontier = record.offset + 1;
    }
  }

  #check({ partition, offset }: TopicPartitionOffset, epoch: Epoch | undefined): Epoch {
    const isOurs = this.#view.assigned().some((at) => at.partition === partition);
    assert.ok(isOurs, `${partition} is committed, and not ours`);
    assert.ok(epoch !== undefined, `${partition} is committed, and was given up`);
    assert.ok(offset >= epoch.committed, `${partition} goes back from ${epoch.committed} to ${offset}`);
    epoch.committed = offset;
    return epoch;
  }
}
