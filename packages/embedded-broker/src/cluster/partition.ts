import type { PartitionLog } from '../log/partition-log.js';

/** Of a partition that no live broker can lead. */
const NO_LEADER = -1;

/**
 * One partition of a topic: who leads it, and its log. All brokers live in this process, so there is one log whoever leads;
 * replicas say who may.
 */
export class Partition {
  readonly topic: string;
  readonly index: number;
  /** Node ids; the first is preferred as leader. */
  readonly replicas: readonly number[];
  readonly log: PartitionLog;
  readonly #waiting = new Set<() => void>();
  #leaderId = NO_LEADER;
  /** The first leader has epoch 0. */
  #leaderEpoch = -1;
  #isr: readonly number[];

  constructor(topic: string, index: number, replicas: readonly number[], log: PartitionLog) {
    this.topic = topic;
    this.index = index;
    this.replicas = replicas;
    this.log = log;
    this.#isr = replicas;
  }

  /** Node id; -1 without a leader. */
  get leaderId(): number {
    return this.#leaderId;
  }

  /** Counts the leaders that there were, from 0. */
  get leaderEpoch(): number {
    return this.#leaderEpoch;
  }

  /** The replicas that are live; of those that were last, if none is, the leader. */
  get isr(): readonly number[] {
    return this.#isr;
  }

  /** Brokers came or went: a leader that is live stays, else the first replica that is comes next. */
  elect(isLive: (nodeId: number) => boolean): void {
    const live = this.replicas.filter(isLive);
    if (live.length > 0) this.#isr = live;
    else if (this.#leaderId !== NO_LEADER) this.#isr = [this.#leaderId];
    if (!live.includes(this.#leaderId)) this.lead(live[0] ?? NO_LEADER);
  }

  /** Makes a broker the leader, in a new epoch, also if it is the leader now. */
  lead(nodeId: number): void {
    if (nodeId === NO_LEADER && this.#leaderId === NO_LEADER && this.#leaderEpoch >= 0) return;
    this.#leaderId = nodeId;
    this.#leaderEpoch++;
    if (nodeId !== NO_LEADER) this.log.beginEpoch(this.#leaderEpoch);
    this.tellChange();
  }

  /** Calls `listener` when another broker leads, or the partition is deleted. @returns what ends it */
  onLeaderChange(listener: () => void): () => void {
    this.#waiting.add(listener);
    return () => void this.#waiting.delete(listener);
  }

  /** Has what waits for this partition look again. */
  tellChange(): void {
    for (const listener of [...this.#waiting]) listener();
  }
}
