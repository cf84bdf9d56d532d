import { KafkaConfigError } from '@hearken/core';
import { integer, OptionsCheck } from '@hearken/core/internal';
import { CapacityBurst, type LevelBurst } from '../flipkart/capacity-burst.js';
import { PollHistoryWindow } from '../flipkart/poll-history-window.js';
import { isLevelReady, type DispatchPolicy, type DispatchPolicyFactory, type PolicyShape } from './dispatch-policy.js';

export interface FlipkartBurstOptions {
  /** Rounds that are remembered, from 1. @default 6 */
  readonly windowSize?: number;
  /** How many of them a level must have used up its quota in before it may borrow, from 1 to `windowSize`. @default 4 */
  readonly maxedOutThreshold?: number;
}

/** Nobody may start for it. */
const NO_BURST: LevelBurst = { priority: 0, capacity: 0 };

/**
 * Flipkart's shares, quota for quota and window for window, without its poll: rounds of records that start, not of batches
 * that all must end. In a round each level starts up to its quota, the most urgent level first; then the one level that used
 * up its quota in most of the last rounds may go on with what the others left unused, until the round has started `capacity`
 * records. So that bound, which Flipkart's poll does not have, comes off the loan and off no quota: windows and limits are
 * those of the poll. A round is also over when no level that is ready may start any more in it: so no slot waits for it.
 *
 * A level that stays ready starts its quota q in every round: at least q·(⌊(n + 1)/capacity⌋ − 1) of n decisions in a row.
 */
class FlipkartBurst implements DispatchPolicy {
  readonly name = 'flipkart-burst';
  readonly #capacity: number;
  readonly #quotas: readonly number[];
  readonly #windows: readonly PollHistoryWindow[];
  readonly #limits: number[];
  readonly #counts: number[];
  #total = 0;
  #burst: LevelBurst | undefined;
  #chosen = 0;

  constructor(
    { weights, capacity }: PolicyShape,
    { windowSize: size, maxedOutThreshold }: Required<FlipkartBurstOptions>,
  ) {
    this.#capacity = capacity;
    this.#quotas = weights;
    this.#windows = weights.map((quota) => new PollHistoryWindow({ size, maxedOutThreshold, quota }));
    this.#limits = [...weights];
    this.#counts = weights.map(() => 0);
  }

  next(ready: number): number {
    let level = this.#total < this.#capacity ? this.#mayStart(ready) : -1;
    if (level < 0) {
      this.#nextRound();
      level = this.#ofQuota(ready); // every quota is at least 1
    }
    return level;
  }

  started(level: number): void {
    this.#total++;
    this.#counts[level] = (this.#counts[level] ?? 0) + 1;
    this.#chosen = level;
  }

  explain(): string {
    const [count, limit] = [this.#counts[this.#chosen] ?? 0, this.#limits[this.#chosen] ?? 0];
    const isLoan = count > (this.#quotas[this.#chosen] ?? 0);
    const why = isLoan
      ? 'no level that is ready has any of its quota left, and it bursts'
      : 'the levels above are through or idle';
    return `${why}: ${count} of ${limit} in this round`;
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return {
      limits: [...this.#limits],
      counts: [...this.#counts],
      burst: this.#burst,
      windows: this.#windows.map(({ counts }) => counts),
    };
  }

  #mayStart(ready: number): number {
    const level = this.#ofQuota(ready);
    return level < 0 ? this.#ofLoan(ready) : level;
  }

  #ofQuota(ready: number): number {
    let level = this.#quotas.length - 1;
    while (level >= 0 && !(isLevelReady(ready, level) && (this.#counts[level] ?? 0) < (this.#quotas[level] ?? 0)))
      level--;
    return level;
  }

  /** After all quotas: who borrowed first would have used up the round before its lenders came, and again in the next. */
  #ofLoan(ready: number): number {
    const { priority, capacity } = this.#burst ?? NO_BURST;
    return isLevelReady(ready, priority) && (this.#counts[priority] ?? 0) < capacity ? priority : -1;
  }

  #nextRound(): void {
    this.#windows.forEach((window, level) => window.add(this.#counts[level] ?? 0));
    this.#counts.fill(0);
    this.#total = 0;
    this.#burst = CapacityBurst.next(this.#windows);
    this.#windows.forEach(({ quota }, level) => {
      this.#limits[level] = level === this.#burst?.priority ? this.#burst.capacity : quota;
    });
  }
}

/**
 * Flipkart's quotas, history windows and bursts, with `capacity` as a hard bound. For those who come from its client; others
 * get the same shares from `weightedPolicy()`, which lends at once and without a history.
 * @throws KafkaConfigError for options there are not; and (when the container is made) unless the weights are quotas: whole
 * numbers that add up to `capacity`
 */
export function flipkartBurst(options: FlipkartBurstOptions = {}): DispatchPolicyFactory {
  const resolved = resolveOptions(options);
  return (shape) => {
    const sum = shape.weights.reduce((total, quota) => total + quota);
    if (sum !== shape.capacity) {
      const message = `'flipkart-burst' needs quotas that add up to the capacity of ${shape.capacity}, got ${sum}: give a quotaDistributor, and no weights`;
      throw new KafkaConfigError('PriorityListenerContainer', [{ path: 'policy', message }]);
    }
    return new FlipkartBurst(shape, resolved);
  };
}

function resolveOptions(options: FlipkartBurstOptions): Required<FlipkartBurstOptions> {
  const check = new OptionsCheck('flipkartBurst');
  const resolved = check.resolve<Required<FlipkartBurstOptions>>(options, {
    windowSize: integer(6, { min: 1 }),
    maxedOutThreshold: integer(4, { min: 1 }),
  });
  const { windowSize, maxedOutThreshold } = resolved;
  if (check.ok && maxedOutThreshold > windowSize)
    check.problem('maxedOutThreshold', `must not be above windowSize, got ${maxedOutThreshold} and ${windowSize}`);
  check.throwIfAny();
  return resolved;
}
