/** One of those who share a pool. */
export interface Share {
  /** Slots that are kept for it while it does not use them. */
  readonly guaranteed: number;
  /** How many it may have at once. */
  readonly most: number;
  /** How many it has. */
  running: number;
}

const unused = ({ guaranteed, running }: Share): number => Math.max(0, guaranteed - running);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** All shares of one pool. Slots that are guaranteed to nobody are lent to whoever comes first. */
export class Shares {
  readonly #shares: readonly Share[];

  constructor(shares: readonly Share[]) {
    this.#shares = shares;
  }

  /**
   * How many more tasks may start for a share of a pool that has so many slots free: what is left of its own guarantee, and of
   * the rest what the others' guarantees leave. So however long one keeps what it borrowed, the next task of a share that
   * is within its guarantee finds a slot.
   */
  available(share: Share, free: number): number {
    const own = unused(share);
    const others = sum(this.#shares.map(unused)) - own;
    const lent = Math.max(0, free - own - others);
    return Math.max(0, Math.min(share.most - share.running, Math.min(free, own) + lent));
  }

  /** How many tasks a share may run at once in a pool of so many slots. */
  concurrency(share: Share, slots: number): number {
    const others = sum(this.#shares.map(({ guaranteed }) => guaranteed)) - share.guaranteed;
    return Math.min(share.most, slots, Math.max(share.guaranteed, slots - others));
  }
}
