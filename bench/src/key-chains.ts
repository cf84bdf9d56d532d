interface Keyed {
  readonly key: Buffer | null;
}

/** At most `slots` handlers at once over all batches, one per key within a batch. */
export class KeyChains {
  readonly #waiting: (() => void)[] = [];
  #free: number;
  #stopped = false;

  constructor(slots: number) {
    this.#free = slots;
  }

  /** Resolves when the whole batch is handled, or passed over because of {@link stop}. */
  async run<M extends Keyed>(messages: readonly M[], handle: (message: M) => Promise<void>): Promise<void> {
    const tails = new Map<string, Promise<void>>();
    for (const message of messages) {
      const key = message.key?.toString('latin1') ?? '';
      const before = tails.get(key) ?? Promise.resolve();
      tails.set(
        key,
        before.then(() => this.#inSlot(() => handle(message))),
      );
    }
    await Promise.all(tails.values());
  }

  /** What waits for a slot is not handled any more. */
  stop(): void {
    this.#stopped = true;
  }

  async #inSlot(work: () => Promise<void>): Promise<void> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free--;
    try {
      if (!this.#stopped) await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
