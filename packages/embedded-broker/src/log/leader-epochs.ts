import { SlidingArray } from './sliding-array.js';

interface EpochStart {
  readonly epoch: number;
  readonly startOffset: number;
}

export interface EpochEnd {
  /** -1 if the log does not know. */
  readonly leaderEpoch: number;
  /** Where the next epoch begins. -1 if the log does not know. */
  readonly endOffset: number;
}

const UNKNOWN: EpochEnd = { leaderEpoch: -1, endOffset: -1 };

/** Where each leader's time began in a log (KIP-101; Kafka's `LeaderEpochFileCache`). */
export class LeaderEpochs {
  readonly #starts = new SlidingArray<EpochStart>();

  get latest(): number {
    return this.#starts.last?.epoch ?? -1;
  }

  /** Of the leader who wrote what the log begins with, or would write it. */
  get earliest(): number {
    return this.#starts.first?.epoch ?? -1;
  }

  /** Nothing if this epoch, or a later one, has begun. A leader before it that appended nothing leaves no trace. */
  begin(epoch: number, startOffset: number): void {
    if (epoch <= this.latest) return;
    this.truncateTo(startOffset);
    this.#starts.push({ epoch, startOffset });
  }

  /** The end of the largest known epoch that is not above the one asked for. */
  endOf(epoch: number, log: { readonly logStartOffset: number; readonly logEndOffset: number }): EpochEnd {
    if (epoch < 0 || epoch > this.latest) return UNKNOWN;
    if (epoch === this.latest) return { leaderEpoch: epoch, endOffset: log.logEndOffset };
    const upTo = this.#starts.countWhile((start) => start.epoch <= epoch);
    const nextStart = this.#starts.at(upTo)?.startOffset ?? log.logEndOffset;
    const leaderEpoch = this.#starts.at(upTo - 1)?.epoch ?? epoch;
    return { leaderEpoch, endOffset: Math.max(nextStart, log.logStartOffset) };
  }

  /** The log now begins here: epochs that ended before it are forgotten. */
  dropBefore(offset: number): void {
    const begun = this.#starts.countWhile(({ startOffset }) => startOffset <= offset);
    if (begun > 1) this.#starts.dropFirst(begun - 1);
  }

  /** The log now ends here. */
  truncateTo(offset: number): void {
    this.#starts.truncate(this.#starts.countWhile(({ startOffset }) => startOffset < offset));
  }
}
