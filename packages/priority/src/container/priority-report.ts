import type { PriorityDispatcher } from '../dispatch/priority-dispatcher.js';
import { isLevelReady } from '../policy/dispatch-policy.js';
import { waitsOf, type LevelExplanation } from './level-explanation.js';
import type { LevelWatch } from './level-watch.js';
import type { LivePolicy } from './live-policy.js';
import type { PriorityLevel } from './priority-level.js';
import type { PriorityLifecycle } from './priority-lifecycle.js';
import type {
  LevelMetrics,
  LevelSnapshot,
  PriorityHealth,
  PriorityMetrics,
  PrioritySnapshot,
} from './priority-metrics.js';

export interface PriorityReportInit<K, V> {
  readonly levels: readonly PriorityLevel<K, V>[];
  readonly dispatcher: PriorityDispatcher;
  readonly policy: LivePolicy;
  readonly watch: Pick<LevelWatch, 'waitedMs'>;
  readonly lifecycle: Pick<PriorityLifecycle, 'state' | 'failure'>;
}

/** What is said of all levels together, and of each. Looks only. */
export class PriorityReport<K, V> {
  readonly #init: PriorityReportInit<K, V>;

  constructor(init: PriorityReportInit<K, V>) {
    this.#init = init;
  }

  metrics(): PriorityMetrics {
    const { limits, inversions } = this.#init.dispatcher;
    const levels = this.#init.levels.map((level) => this.#metricsOf(level));
    return { capacity: limits.capacity, slots: limits.total, inversions, levels };
  }

  snapshot(): PrioritySnapshot {
    const { lifecycle, policy, levels, dispatcher } = this.#init;
    const { capacity, total: slots } = dispatcher.limits;
    const snapshots = levels.map((level) => this.#snapshotOf(level));
    return { state: lifecycle.state, capacity, slots, policy: policy.snapshot(), levels: snapshots };
  }

  health(): PriorityHealth {
    const { state, failure } = this.#init.lifecycle;
    const levels = this.#init.levels.map(({ priority, name, container }) => ({
      priority,
      name,
      ...container.health(),
    }));
    return { ...verdictOf(state, levels), state, levels, ...failure };
  }

  explain(level: PriorityLevel<K, V>): LevelExplanation {
    const { priority, name, waitsFor } = this.#snapshotOf(level);
    return { priority, name, waitsFor };
  }

  #metricsOf(level: PriorityLevel<K, V>): LevelMetrics {
    const { priority, name, container, isPaused, latencyMs, latencyHistogram } = level;
    const { dispatcher, policy, watch } = this.#init;
    return {
      priority,
      name,
      ...container.metrics(),
      started: dispatcher.started[priority] ?? 0,
      slots: dispatcher.limits.running(priority),
      share: policy.share(priority),
      targetShare: policy.targetShare(priority),
      waitedMs: watch.waitedMs(priority),
      latencyMs,
      latencyHistogram,
      isPaused,
    };
  }

  #snapshotOf(level: PriorityLevel<K, V>): LevelSnapshot {
    const { priority, name, isPaused, isReady } = level;
    const { limits } = this.#init.dispatcher;
    const [slots, available] = [limits.running(priority), limits.available(priority)];
    const container = level.container.snapshot();
    const waitsFor = waitsOf({
      priority,
      name,
      container,
      health: level.container.health(),
      isPaused,
      isReady,
      passedOver: this.#passedOver(priority),
      available,
      maxSlots: limits.most(priority),
      capacity: limits.capacity,
      slots: this.#init.levels.map((other) => ({ ...nameOf(other), slots: limits.running(other.priority) })),
    });
    return { priority, name, isReady, isPaused, slots, available, waitsFor, container };
  }

  #passedOver(priority: number): { by: string; policy: string; reason: string } | undefined {
    const { last } = this.#init.dispatcher;
    if (last === undefined || last.level === priority || !isLevelReady(last.ready, priority)) return undefined;
    const explanation = this.#init.policy.explain();
    if (explanation === undefined) return undefined;
    const { name: by, policy, reason } = explanation;
    return { by, policy, reason };
  }
}

const nameOf = <K, V>({ priority, name }: PriorityLevel<K, V>) => ({ priority, name });

/** What the levels' states amount to: the least of them counts. */
function verdictOf(
  state: PriorityHealth['state'],
  levels: readonly Pick<PriorityHealth, 'live' | 'ready' | 'status'>[],
): Pick<PriorityHealth, 'live' | 'ready' | 'status'> {
  const live = state !== 'failed' && levels.every((level) => level.live);
  const ready = state === 'running' && levels.every((level) => level.ready);
  const isFine = levels.every(({ status }) => status === 'up');
  return { live, ready, status: !ready ? 'down' : isFine ? 'up' : 'degraded' };
}
