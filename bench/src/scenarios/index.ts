import type { Scenario } from '../scenario.js';

/**
 * By name, in the order `all` runs them. Each is loaded by itself, as an earlier build that is measured need not have what the
 * others use.
 */
const LOADERS: Readonly<Record<string, () => Promise<Scenario>>> = {
  produce: async () => (await import('./produce.js')).produce,
  'produce-1k': async () => (await import('./produce.js')).produce1k,
  sequential: async () => (await import('./sequential.js')).sequential,
  consume: async () => (await import('./consume.js')).consume,
  retrying: async () => (await import('./retrying.js')).retrying,
  parallel: async () => (await import('./parallel.js')).parallel,
  article: async () => (await import('./article.js')).article,
  cluster: async () => (await import('./cluster.js')).cluster,
  concurrency: async () => (await import('./concurrency.js')).concurrency,
  zipf: async () => (await import('./zipf.js')).zipf,
  'zipf-1k': async () => (await import('./zipf.js')).zipf1k,
  'dispatch-order': async () => (await import('./dispatch-order.js')).dispatchOrder,
  overhead: async () => (await import('./overhead.js')).overhead,
  'dispatch-cost': async () => (await import('./dispatch-cost.js')).dispatchCost,
  straggler: async () => (await import('./straggler.js')).straggler,
  'hot-key': async () => (await import('./hot-key.js')).hotKey,
  latency: async () => (await import('./latency.js')).latency,
  busy: async () => (await import('./busy.js')).busy,
  idle: async () => (await import('./idle.js')).idle,
  memory: async () => (await import('./memory.js')).memory,
  partitions: async () => (await import('./partitions.js')).partitions,
  skew: async () => (await import('./skew.js')).skew,
  embedded: async () => (await import('./embedded.js')).embedded,
  application: async () => (await import('./application.js')).application,
  'priority-cost': async () => (await import('./priority-cost.js')).priorityCost,
  'priority-wait': async () => (await import('./priority-wait.js')).priorityWait,
  'priority-shares': async () => (await import('./priority-shares.js')).priorityShares,
  'priority-slots': async () => (await import('./priority-slots.js')).prioritySlots,
  'priority-busy': async () => (await import('./priority-busy.js')).priorityBusy,
  'priority-starvation': async () => (await import('./priority-starvation.js')).priorityStarvation,
  'priority-faults': async () => (await import('./priority-faults.js')).priorityFaults,
  'priority-big': async () => (await import('./priority-big.js')).priorityBig,
  'priority-idle': async () => (await import('./priority-idle.js')).priorityIdle,
  'priority-memory': async () => (await import('./priority-memory.js')).priorityMemory,
  'priority-policies': async () => (await import('./priority-policies.js')).priorityPolicies,
  'priority-vectors': async () => (await import('./priority-vectors.js')).priorityVectors,
};

/** Undefined if there is none of that name. */
export const loadScenario = async (name: string): Promise<Scenario | undefined> => LOADERS[name]?.();

export async function loadScenarios(): Promise<Readonly<Record<string, Scenario>>> {
  const loaded = Object.entries(LOADERS).map(async ([name, load]) => [name, await load()] as const);
  return Object.fromEntries(await Promise.all(loaded));
}
