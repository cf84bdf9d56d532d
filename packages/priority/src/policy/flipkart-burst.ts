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

/**
 * Flipkart's shares, quota for quota and window for window, without its poll: rounds of records that start, not of batches
 * that all must end. In a round each level starts at most its quota, the most urgent level first; one level that used up its
 * quota in most of the last rounds also gets what the others left unused. A round is over when it has started `capacity`
 * records, or when no level that is ready may start any more in it: so no slot waits for it.
 */
class FlipkartBurst implements DispatchPolicy {
  readonly name = 'flipkart-burst';
  readonly #capacity: number;
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
    this.#windows = weights.map((quota) => new PollHistoryWindow({ size, maxedOutThreshold, quota }));
    this.#limits = [...weights];
    this.#counts = weights.map(() => 0);
  }

  next(ready: number): number {
    let level = this.#total < this.#capacity ? this.#mayStart(ready) : -1;
    if (level < 0) {
      this.#nextRound();
      level = this.#mayStart(ready); // every quota is at least 1
    }
    return level;
  }

  started(level: number): void {
    this.#total++;
    this.#counts[level] = (this.#counts[level] ?? 0) + 1;
    this.#chosen = level;
  }

  explain(): string {
    const { priority, capacity } = this.#burst ?? {};
    const limit = `${this.#counts[this.#chosen]} of ${this.#limits[this.#chosen]} in this round`;
    return priority === this.#chosen
      ? `it bursts to ${capacity}: ${limit}`
      : `the levels above are through or idle: ${limit}`;
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
    let level = this.#limits.length - 1;
    while (level >= 0 && !(isLevelReady(ready, level) && (this.#counts[level] ?? 0) < (this.#limits[level] ?? 0)))
      level--;
    return level;
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
