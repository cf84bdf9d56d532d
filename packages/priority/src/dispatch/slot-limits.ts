/** How many slots a level has for itself, and how many it may have. */
export interface LevelSlots {
  readonly minSlots: number;
  readonly maxSlots: number;
}

/**
 * Who may take a slot. A level that runs less than its `minSlots` finds a slot always; others share what is neither taken nor
 * kept so. Pure counting: as long as nobody has limits of its own, it comes down to one comparison.
 */
export class SlotLimits {
  readonly #levels: readonly LevelSlots[];
  readonly #all: number;
  /** Slots that levels have for themselves. */
  readonly #reserved: number;
  #capacity: number;
  #haveLimits: boolean;
  readonly #running: number[];
  #total = 0;
  #open: number;

  constructor(capacity: number, levels: readonly LevelSlots[]) {
    this.#capacity = capacity;
    this.#levels = levels;
    this.#all = 2 ** levels.length - 1;
    this.#reserved = levels.reduce((sum, { minSlots }) => sum + minSlots, 0);
    this.#haveLimits = this.#limits(capacity);
    this.#running = levels.map(() => 0);
    this.#open = this.#nowOpen();
  }

  /** Slots there are. Where more are taken, because it was larger, nobody takes one until enough came back. */
  get capacity(): number {
    return this.#capacity;
  }

  set capacity(capacity: number) {
    this.#capacity = capacity;
    this.#haveLimits = this.#limits(capacity);
    this.#open = this.#nowOpen();
  }

  /** Slots the level has at most: what it may have, and what is not kept for others. */
  most(level: number): number {
    const { minSlots, maxSlots } = this.#of(level);
    return Math.min(maxSlots, this.#capacity - this.#reserved + minSlots);
  }

  /** Slots taken, by all levels. */
  get total(): number {
    return this.#total;
  }

  /** Slots taken by this level. */
  running(level: number): number {
    return this.#running[level] ?? 0;
  }

  /** The levels that may take a slot now: bit i is level i. */
  get open(): number {
    return this.#open;
  }

  /** The same for when a record of this level has ended: its own slot is one of those then. */
  openWithout(level: number): number {
    if (!this.#haveLimits) return this.#total <= this.#capacity ? this.#all : 0;
    this.released(level);
    const open = this.#open;
    this.taken(level);
    return open;
  }

  /** How many slots the level would find now. */
  available(level: number): number {
    const { minSlots, maxSlots } = this.#of(level);
    const running = this.running(level);
    const own = Math.max(0, minSlots - running);
    const shared = this.#capacity - this.#total - this.#kept();
    return Math.max(0, Math.min(own + Math.max(0, shared), maxSlots - running, this.#capacity - this.#total));
  }

  /** The same, if of what runs only so much did, by level. */
  availableBeside(running: readonly number[], level: number): number {
    const beside = new SlotLimits(this.#capacity, this.#levels);
    running.forEach((count, each) => {
      for (let taken = 0; taken < count; taken++) beside.taken(each);
    });
    return beside.available(level);
  }

  taken(level: number): void {
    this.#running[level] = this.running(level) + 1;
    this.#total++;
    this.#open = this.#nowOpen();
  }

  released(level: number): void {
    this.#running[level] = this.running(level) - 1;
    this.#total--;
    this.#open = this.#nowOpen();
  }

  #limits(capacity: number): boolean {
    return this.#levels.some(({ minSlots, maxSlots }) => minSlots > 0 || maxSlots < capacity);
  }

  #nowOpen(): number {
    if (!this.#haveLimits) return this.#total < this.#capacity ? this.#all : 0;
    const free = this.#capacity - this.#total;
    const shared = free - this.#kept();
    let open = 0;
    for (let level = 0; level < this.#levels.length; level++) {
      const { minSlots, maxSlots } = this.#of(level);
      const running = this.running(level);
      if (free > 0 && running < maxSlots && (running < minSlots || shared > 0)) open |= 1 << level;
    }
    return open;
  }

  /** Free slots that are kept for levels that do not use them. */
  #kept(): number {
    let kept = 0;
    for (let level = 0; level < this.#levels.length; level++) {
      const unused = this.#of(level).minSlots - this.running(level);
      if (unused > 0) kept += unused;
    }
    return kept;
  }

  #of(level: number): LevelSlots {
    return this.#levels[level] ?? NOTHING;
  }
}

const NOTHING: LevelSlots = { minSlots: 0, maxSlots: 0 };
