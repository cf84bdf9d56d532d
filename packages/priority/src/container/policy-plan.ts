import { KafkaConfigError } from '@hearken/core';
import { atOnce, describe, hasMethods, oneOf, OptionsCheck } from '@hearken/core/internal';
import type { PriorityLevels } from '../levels.js';
import { drrPolicy } from '../policy/drr.js';
import type { DispatchPolicy, DispatchPolicyFactory, PolicyShape } from '../policy/dispatch-policy.js';
import { flipkartBurst } from '../policy/flipkart-burst.js';
import { strictPolicy, strictWithFloorPolicy, type StrictOptions } from '../policy/strict.js';
import { weightedPolicy } from '../policy/weighted.js';
import { ExponentialQuotaDistributor } from '../quota/exponential-quota-distributor.js';
import { validateDistribution, type QuotaDistributor } from '../quota/quota-distributor.js';
import type { PolicyName } from './priority-container-properties.js';

/** What makes the policy, and what for: all that may change while the container runs. */
export interface PolicyPlan {
  readonly make: DispatchPolicyFactory;
  readonly shape: PolicyShape;
  /** The weights at another capacity. */
  readonly weightsFor: (capacity: number) => readonly number[];
}

/** A plan and what came of it. */
export interface PlannedPolicy extends PolicyPlan {
  readonly policy: DispatchPolicy;
}

/** @throws KafkaConfigError if the factory makes no policy; whatever it throws about the shape */
export function carryOut(plan: PolicyPlan): PlannedPolicy {
  const policy = atOnce('the factory of a policy', plan.make(plan.shape));
  if (hasMethods(policy, ['next', 'started']) && typeof policy.name === 'string') return { ...plan, policy };
  throw problemOf(`must make an object with a name and the methods next, started, got ${describe(policy)}`);
}

const problemOf = (message: string): KafkaConfigError =>
  new KafkaConfigError('PriorityListenerContainer', [{ path: 'policy', message }]);

export const POLICY_NAMES = ['weighted', 'strict', 'strict-with-floor', 'drr', 'flipkart-burst'] as const;

/** @throws KafkaConfigError for a name there is not */
export function policyFactory(
  policy: PolicyName | DispatchPolicyFactory,
  options: StrictOptions,
): DispatchPolicyFactory {
  if (typeof policy === 'function') return policy;
  const problem = oneOf(POLICY_NAMES, undefined).check(policy);
  if (problem !== undefined) throw problemOf(problem);
  return {
    weighted: weightedPolicy,
    drr: drrPolicy,
    strict: () => strictPolicy(options),
    'strict-with-floor': strictWithFloorPolicy,
    'flipkart-burst': flipkartBurst,
  }[policy]();
}

/** @throws KafkaConfigError for options there are not, or that the policy has no use for */
export function checkPolicyOptions(policy: unknown, options: StrictOptions): void {
  const check = new OptionsCheck('setPolicy');
  const { starvation } = check.resolve<{ starvation: 'allow' | undefined }>(options, {
    starvation: oneOf(['allow'], undefined),
  });
  if (starvation !== undefined && policy !== 'strict') check.problem('starvation', `needs the policy 'strict'`);
  check.throwIfAny();
}

/**
 * By level: the levels' own weights, or what the distributor makes of the capacity. The default one takes no capacity for too
 * small: in proportion its shares always exist.
 * @throws whatever the distributor throws; InvalidDistributionError
 */
export function weightsOf(
  levels: PriorityLevels,
  capacity: number,
  distributor: QuotaDistributor | undefined,
): readonly number[] {
  if (distributor !== undefined) return validateDistribution(distributor, levels.count, capacity);
  const own = levels.definitions.map(({ weight }) => weight);
  if (own.every((weight) => weight !== undefined)) return own;
  const least = 2 ** levels.count - 1;
  return validateDistribution(new ExponentialQuotaDistributor(), levels.count, Math.max(capacity, least));
}

export const minSharesOf = ({ definitions }: PriorityLevels): readonly number[] =>
  definitions.map(({ minShare = 0 }) => minShare);
