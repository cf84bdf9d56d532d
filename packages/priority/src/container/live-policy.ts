import { OptionsCheck } from '@hearken/core/internal';
import type { PriorityDispatcher } from '../dispatch/priority-dispatcher.js';
import { readyLevels, type DispatchPolicyFactory } from '../policy/dispatch-policy.js';
import { carryOut, type PlannedPolicy, type PolicyPlan } from './policy-plan.js';
import type { DispatchExplanation, PolicySnapshot } from './priority-metrics.js';
import { checkMinShares, checkWeights } from './shape-rules.js';

/** What `updatePolicy` changes: what is left out stays. By level, 0 first. */
export interface PolicyUpdate {
  /** Above 0, one for each level. */
  readonly weights?: readonly number[];
  /** From 0 to 1, one for each level, 0.9 together at most. */
  readonly minShares?: readonly number[];
}

/** What a change of the policy changed. */
export interface PolicyChange {
  readonly before: PolicySnapshot;
  readonly after: PolicySnapshot;
}

/**
 * The policy that a dispatcher asks, and its changes. A change makes a new policy, which has no memory: nobody gains or owes
 * by it. It counts from the next dispatch on, or not at all if the new policy cannot be made.
 */
export class LivePolicy {
  readonly #dispatcher: PriorityDispatcher;
  readonly #nameOf: (priority: number) => string;
  #planned: PlannedPolicy;
  /** Starts of each level when the policy was made: shares count from there. */
  #startedBefore: Float64Array;

  constructor(dispatcher: PriorityDispatcher, planned: PlannedPolicy, nameOf: (priority: number) => string) {
    this.#dispatcher = dispatcher;
    this.#planned = planned;
    this.#nameOf = nameOf;
    this.#startedBefore = dispatcher.started.slice();
  }

  get name(): string {
    return this.#planned.policy.name;
  }

  /** @throws KafkaConfigError */
  update(update: PolicyUpdate): PolicyChange {
    const { make, shape } = this.#planned;
    const levels = shape.weights.length;
    const check = new OptionsCheck('updatePolicy');
    const rules = {
      weights: { default: shape.weights, check: (value: unknown) => checkWeights(value, levels) },
      minShares: { default: shape.minShares, check: (value: unknown) => checkMinShares(value, levels) },
    };
    const { weights, minShares } = check.resolve<Required<PolicyUpdate>>(update, rules);
    check.throwIfAny();
    return this.#change({ make, shape: { ...shape, weights: [...weights], minShares: [...minShares] } });
  }

  /** @throws what the factory throws about the shape */
  set(make: DispatchPolicyFactory): PolicyChange {
    return this.#change({ make, shape: this.#planned.shape });
  }

  snapshot(): PolicySnapshot {
    const { policy, shape } = this.#planned;
    const state = policy.snapshot?.();
    const { weights, minShares } = shape;
    return { name: policy.name, weights, minShares, ...(state === undefined ? {} : { state }) };
  }

  /** Why the last record that started was of its level; undefined before the first. */
  explain(): DispatchExplanation | undefined {
    const { last } = this.#dispatcher;
    if (last === undefined) return undefined;
    const { policy } = this.#planned;
    const ready = readyLevels(last.ready);
    const reason = ready.length === 1 ? 'no other level was ready' : (policy.explain?.() ?? 'the policy does not say');
    const name = this.#nameOf(last.level);
    return { priority: last.level, name, policy: policy.name, reason, ready: ready.map(this.#nameOf) };
  }

  /** The level's part of the starts since the policy was made. */
  share(level: number): number | undefined {
    const started = this.#dispatcher.started.map((count, i) => count - (this.#startedBefore[i] ?? 0));
    const total = started.reduce((sum, each) => sum + each, 0);
    return total === 0 ? undefined : (started[level] ?? 0) / total;
  }

  targetShare(level: number): number {
    const { weights } = this.#planned.shape;
    return (weights[level] ?? 0) / weights.reduce((sum, weight) => sum + weight, 0);
  }

  #change(plan: PolicyPlan): PolicyChange {
    const before = this.snapshot();
    this.#planned = carryOut(plan);
    this.#dispatcher.policy = this.#planned.policy;
    this.#startedBefore = this.#dispatcher.started.slice();
    return { before, after: this.snapshot() };
  }
}
