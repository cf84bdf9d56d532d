import { integer, OptionsCheck, required } from '@hearken/core/internal';
import type { PriorityDispatcher } from '../dispatch/priority-dispatcher.js';
import type { PriorityLevels } from '../levels.js';
import { readyLevels, type DispatchPolicyFactory } from '../policy/dispatch-policy.js';
import { carryOut, type PlannedPolicy, type PolicyPlan } from './policy-plan.js';
import type { DispatchExplanation, PolicySnapshot } from './priority-metrics.js';
import { checkMinShares, checkSlots, checkWeights } from './shape-rules.js';

/** What `updatePolicy` changes: what is left out stays. By level, 0 first. */
export interface PolicyUpdate {
  /** Above 0, one for each level. */
  readonly weights?: readonly number[];
  /** From 0 to 1, one for each level, 0.9 together at most. The strict policies go by them; others keep them for these. */
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
  readonly #levels: PriorityLevels;
  #planned: PlannedPolicy;
  /** Starts of each level when the policy was made: shares count from there. */
  #startedBefore: Float64Array;
  /** Why the last record of the policy before was next: the new one does not know. */
  #explainedBefore: DispatchExplanation | undefined;

  constructor(dispatcher: PriorityDispatcher, planned: PlannedPolicy, levels: PriorityLevels) {
    this.#dispatcher = dispatcher;
    this.#planned = planned;
    this.#levels = levels;
    this.#startedBefore = dispatcher.started.slice();
  }

  get name(): string {
    return this.#planned.policy.name;
  }

  /** @throws KafkaConfigError; what the policy throws about the shape */
  update(update: PolicyUpdate): PolicyChange {
    const { make, shape, weightsFor } = this.#planned;
    const levels = shape.weights.length;
    const check = new OptionsCheck('updatePolicy');
    const rules = {
      weights: { default: shape.weights, check: (value: unknown) => checkWeights(value, levels) },
      minShares: { default: shape.minShares, check: (value: unknown) => checkMinShares(value, levels) },
    };
    const resolved = check.resolve<Required<PolicyUpdate>>(update, rules);
    check.throwIfAny();
    const [weights, minShares] = [[...resolved.weights], [...resolved.minShares]];
    const given = resolved.weights !== shape.weights; // by hand: no capacity changes them any more
    return this.#change({
      make,
      shape: { ...shape, weights, minShares },
      weightsFor: given ? () => weights : weightsFor,
    });
  }

  /** @throws what the factory throws about the shape */
  set(make: DispatchPolicyFactory): PolicyChange {
    return this.#change({ ...this.#planned, make });
  }

  /**
   * Changes how many slots there are, and the weights as far as they are shares of them.
   * @throws KafkaConfigError; what the distributor, or the policy, throws about the new shape
   */
  resize(capacity: number): PolicyChange {
    const check = new OptionsCheck('capacity');
    check.resolve({ capacity }, { capacity: required(integer(undefined, { min: 1 })) });
    const withoutSlot = check.ok ? checkSlots(capacity, this.#levels.definitions) : undefined;
    if (withoutSlot !== undefined) check.problem('capacity', `is too small: the levels ${withoutSlot}`);
    check.throwIfAny();
    const { shape, weightsFor } = this.#planned;
    const change = this.#change({ ...this.#planned, shape: { ...shape, capacity, weights: weightsFor(capacity) } });
    this.#dispatcher.capacity = capacity;
    return change;
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
    if (last === undefined || this.#startedSince.every((count) => count === 0)) return this.#explainedBefore;
    const { policy } = this.#planned;
    const ready = readyLevels(last.ready);
    const reason = ready.length === 1 ? 'no other level was ready' : (policy.explain?.() ?? 'the policy does not say');
    const nameOf = (level: number): string => this.#levels.nameOf(level);
    return { priority: last.level, name: nameOf(last.level), policy: policy.name, reason, ready: ready.map(nameOf) };
  }

  /** The level's part of the starts since the policy was made. */
  share(level: number): number | undefined {
    const started = this.#startedSince;
    const total = started.reduce((sum, each) => sum + each, 0);
    return total === 0 ? undefined : (started[level] ?? 0) / total;
  }

  targetShare(level: number): number {
    const { weights } = this.#planned.shape;
    return (weights[level] ?? 0) / weights.reduce((sum, weight) => sum + weight, 0);
  }

  get #startedSince(): Float64Array {
    return this.#dispatcher.started.map((count, level) => count - (this.#startedBefore[level] ?? 0));
  }

  #change(plan: PolicyPlan): PolicyChange {
    const planned = carryOut(plan);
    const before = this.snapshot();
    this.#explainedBefore = this.explain();
    this.#planned = planned;
    this.#dispatcher.policy = planned.policy;
    this.#startedBefore = this.#dispatcher.started.slice();
    return { before, after: this.snapshot() };
  }
}
