import { integer, OptionsCheck, required } from '@hearken/core/internal';

export interface PollHistoryWindowOptions {
  /** Polls that are remembered, from 1. @default 6 */
  readonly size?: number;
  /** How many of them must have been full, from 1 to `size`. @default 4 */
  readonly maxedOutThreshold?: number;
  /** Records of a full poll: the level's reserved share, from 1. */
  readonly quota: number;
}

interface ResolvedWindow {
  readonly size: number;
  readonly maxedOutThreshold: number;
  readonly quota: number;
}

/**
 * What the last polls of one level returned, and what that says: whether it has more to do than its share, or how much of
 * its share it does not need. Begins as if `size` polls had returned nothing. As in Flipkart's client.
 */
export class PollHistoryWindow {
  readonly #options: ResolvedWindow;
  /** Oldest first. */
  #counts: readonly number[];

  /** @throws KafkaConfigError */
  constructor(options: PollHistoryWindowOptions) {
    this.#options = resolveWindow(options);
    this.#counts = Array.from({ length: this.#options.size }, () => 0);
  }

  get quota(): number {
    return this.#options.quota;
  }

  /** Oldest first. */
  get counts(): readonly number[] {
    return this.#counts;
  }

  /** Whether at least `maxedOutThreshold` polls returned the quota or more: the level may borrow. */
  get isMaxedOut(): boolean {
    const { quota, maxedOutThreshold } = this.#options;
    return this.#counts.filter((count) => count >= quota).length >= maxedOutThreshold;
  }

  /** What may be lent: the quota less the largest poll. */
  get unused(): number {
    return Math.max(0, this.#options.quota - Math.max(...this.#counts));
  }

  /** One more poll; the oldest is forgotten. */
  add(count: number): void {
    this.#counts = [...this.#counts.slice(1), count];
  }

  /** A copy with one more poll. This one stays as it is. */
  with(count: number): PollHistoryWindow {
    const next = new PollHistoryWindow(this.#options);
    next.#counts = this.#counts;
    next.add(count);
    return next;
  }
}

function resolveWindow(options: PollHistoryWindowOptions): ResolvedWindow {
  const check = new OptionsCheck('PollHistoryWindow');
  const resolved = check.resolve<ResolvedWindow>(options, {
    size: integer(6, { min: 1 }),
    maxedOutThreshold: integer(4, { min: 1 }),
    quota: required(integer(undefined, { min: 1 })),
  });
  if (check.isFine('size', 'maxedOutThreshold') && resolved.maxedOutThreshold > resolved.size) {
    const { maxedOutThreshold, size } = resolved;
    check.problem('maxedOutThreshold', `must not be above size, got ${maxedOutThreshold} and ${size}`);
  }
  check.throwIfAny();
  return resolved;
}
