import { integer, OptionsCheck, positive } from '@hearken/core/internal';
import type { GradientRules } from './gradient-limit.js';

/** Named as in Netflix's concurrency-limits, more or less. */
export interface AdaptiveTaskExecutorOptions {
  /** How many tasks may run at once whatever their latency, from 1. @default 1 */
  readonly minLimit?: number;
  /** How many at most, from `minLimit`. @default no bound but the slots of the executor behind, as a limit that is not reached does not grow */
  readonly maxLimit?: number;
  /** Where it begins, from `minLimit` to `maxLimit`. @default 20, or the slots of the executor behind if those are fewer */
  readonly initialLimit?: number;
  /** How much of each step is made, above 0 to 1: less is steadier, and slower. @default 0.3 */
  readonly smoothing?: number;
}

const INITIAL_LIMIT = 20;

const RULES = {
  minLimit: integer(1, { min: 1 }),
  maxLimit: integer(Number.MAX_SAFE_INTEGER, { min: 1 }),
  initialLimit: integer(undefined, { min: 1 }),
  smoothing: positive(0.3, { max: 1 }),
};

/** @throws KafkaConfigError */
export function resolveAdaptiveOptions(options: AdaptiveTaskExecutorOptions | undefined, slots: number): GradientRules {
  const check = new OptionsCheck('AdaptiveTaskExecutor');
  const resolved = check.resolve(options, RULES);
  const { minLimit, maxLimit } = resolved;
  const within = (limit: number): number => Math.max(minLimit, Math.min(maxLimit, limit));
  const { initialLimit = within(Math.min(INITIAL_LIMIT, Math.max(1, slots))) } = resolved;
  if (check.isFine('minLimit', 'maxLimit') && maxLimit < minLimit)
    check.problem('maxLimit', `must be at least minLimit, ${minLimit}`);
  else if (check.isFine('minLimit', 'maxLimit', 'initialLimit') && initialLimit !== within(initialLimit))
    check.problem('initialLimit', `must be from minLimit, ${minLimit}, to maxLimit, ${maxLimit}`);
  check.throwIfAny();
  return { ...resolved, initialLimit };
}
