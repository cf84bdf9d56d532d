interface Gap {
  readonly from: number;
  readonly to: number;
}

/**
 * Offsets that are not there any more, as whoever reads a partition meets them: from below to above, but for seeks. What lies
 * behind a seek back is met again, and counts once.
 */
export class Gaps {
  #met: readonly Gap[] = [];

  /** Nothing is there from `from` on and before `to`. */
  meet(from: number, to: number): void {
    if (to > from) this.#met = [...this.#met, { from, to }];
  }

  /** Reading goes on at this offset. */
  sought(offset: number): void {
    this.#met = below(offset, this.#met);
  }

  /** How many there are before this offset. */
  countBelow(offset: number): number {
    return below(offset, this.#met).reduce((count, { from, to }) => count + to - from, 0);
  }
}

const below = (offset: number, gaps: readonly Gap[]): readonly Gap[] =>
  gaps.filter(({ from }) => from < offset).map(({ from, to }) => ({ from, to: Math.min(to, offset) }));
