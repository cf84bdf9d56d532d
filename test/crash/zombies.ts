interface Holder {
  /** Another has got the partition since. */
  isSuperseded: boolean;
  /** Where its successors have begun at the latest: the lowest offset that one of them started. */
  begunAt: number;
}

/**
 * Who works on with a partition that another has got meanwhile, and has not been told: the answer that would tell was lost, or
 * waits for its process to thaw. Nobody can keep it from that, Java's client neither. It ends when the partition is lost or
 * given up, or the process does; who still starts records then is no zombie, and has no excuse.
 */
export class Zombies {
  /** By partition: everyone who has got it and not heard of its end, by name. */
  readonly #holders = new Map<number, Map<string, Holder>>();

  owns(who: string, p: number): void {
    const holders = this.#holders.get(p) ?? new Map<string, Holder>();
    this.#holders.set(p, holders);
    for (const holder of holders.values()) holder.isSuperseded = true;
    holders.set(who, { isSuperseded: false, begunAt: Infinity });
  }

  gone(who: string, p: number): void {
    this.#holders.get(p)?.delete(who);
  }

  /** The process is no more. */
  ended(who: string): void {
    for (const holders of this.#holders.values()) holders.delete(who);
  }

  started(who: string, p: number, o: number): void {
    const holders = this.#holders.get(p);
    if (holders?.get(who)?.isSuperseded !== false) return;
    for (const holder of holders.values()) if (holder.isSuperseded) holder.begunAt = Math.min(holder.begunAt, o);
  }

  has(who: string, p: number): boolean {
    return this.#holders.get(p)?.get(who)?.isSuperseded === true;
  }

  /**
   * Where its successor had begun, if a commit of a zombie was taken after that. An answer may come to its log late: what was
   * committed before the successor asked, that began at, or behind it.
   */
  wroteOver(who: string, p: number, o: number): number | undefined {
    const holder = this.#holders.get(p)?.get(who);
    return holder?.isSuperseded === true && holder.begunAt < o ? holder.begunAt : undefined;
  }
}
