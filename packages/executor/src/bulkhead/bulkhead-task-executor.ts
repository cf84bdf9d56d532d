import type { TaskExecutor } from '@hearken/core';
import { integer, OptionsCheck, required } from '@hearken/core/internal';
import { GatedTaskExecutor } from '../gated-task-executor.js';
import type { Task } from '../task-queue.js';
import { whenOver } from '../when-over.js';
import { Shares, type Share } from './shares.js';

export interface BulkheadShare {
  /** Slots of the pool that are kept for this share, whatever the others do; from 0. */
  readonly guaranteed: number;
  /** How many it may have at once, with what it borrows; from `guaranteed`, and 1. @default all that others are not guaranteed */
  readonly maxConcurrentCalls?: number;
}

const RULES = {
  guaranteed: required(integer(undefined)),
  maxConcurrentCalls: integer(Number.MAX_SAFE_INTEGER, { min: 1 }),
};

/**
 * One named share of a pool, so that a listener that became slow cannot take the slots of the others: each share has slots
 * that are kept for it, and those that are nobody's go to whoever comes first. Where all slots are guaranteed to somebody
 * nothing is lent.
 */
export class BulkheadTaskExecutor extends GatedTaskExecutor {
  readonly #share: Share;
  readonly #shares: Shares;

  private constructor(pool: TaskExecutor, share: Share, shares: Shares) {
    super(pool);
    this.#share = share;
    this.#shares = shares;
  }

  /**
   * Divides a pool. What else runs in it takes from what is lent, and then from the guarantees.
   * @throws KafkaConfigError also when more is guaranteed than the pool has slots
   */
  static divide<Name extends string>(
    pool: TaskExecutor,
    shares: Readonly<Record<Name, BulkheadShare>>,
  ): Readonly<Record<Name, BulkheadTaskExecutor>> {
    const named = Object.entries<Share>(resolveShares(pool, shares));
    const all = new Shares(named.map(([, share]) => share));
    const divided = named.map(([name, share]) => [name, new BulkheadTaskExecutor(pool, share, all)]);
    return Object.freeze(Object.fromEntries(divided)) as Readonly<Record<Name, BulkheadTaskExecutor>>;
  }

  /** Counts tasks, whatever they stand for. */
  get unit(): 'record' | 'run' {
    return this.behind.unit ?? 'record';
  }

  override get concurrency(): number {
    return this.#shares.concurrency(this.#share, super.concurrency);
  }

  protected override get permits(): number {
    return this.#shares.available(this.#share, this.behind.available);
  }

  /**
   * Its end is counted inside the task, before the pool has the slot back: counted after that, the pool would tell the others
   * of a free slot that nobody seems to have a right to, and one of them would take what is kept for this share.
   */
  protected override admit<T>(task: Task<T>): Promise<T> {
    const share = this.#share;
    let isCounted = true;
    const ended = (): void => {
      if (isCounted) share.running--;
      isCounted = false;
    };
    share.running++;
    const executed = this.behind.execute((signal) => whenOver(() => task(signal), ended));
    return executed.catch((error: unknown) => {
      ended(); // the pool may have refused it
      throw error;
    });
  }
}

function resolveShares<Name extends string>(
  pool: TaskExecutor,
  shares: Readonly<Record<Name, BulkheadShare>>,
): Record<string, Share> {
  const check = new OptionsCheck('BulkheadTaskExecutor');
  const resolved: Record<string, Share> = {};
  for (const [name, share] of Object.entries<BulkheadShare>(shares)) {
    const { guaranteed, maxConcurrentCalls: most } = check.resolve(share, RULES, name);
    if (most < guaranteed) check.problem(`${name}.maxConcurrentCalls`, `must be at least guaranteed, ${guaranteed}`);
    resolved[name] = { guaranteed, most, running: 0 };
  }
  const total = Object.values(resolved).reduce((sum, { guaranteed }) => sum + guaranteed, 0);
  if (check.ok && total > pool.concurrency)
    check.problem('guaranteed', `${total} slots are guaranteed in all, and the pool has ${pool.concurrency}`);
  check.throwIfAny();
  return resolved;
}
