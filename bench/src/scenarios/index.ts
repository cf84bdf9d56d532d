import type { Scenario } from '../scenario.js';
import { busy } from './busy.js';
import { consume } from './consume.js';
import { embedded } from './embedded.js';
import { idle } from './idle.js';
import { latency } from './latency.js';
import { memory } from './memory.js';
import { parallel } from './parallel.js';
import { partitions } from './partitions.js';
import { priorityCost } from './priority-cost.js';
import { prioritySlots } from './priority-slots.js';
import { priorityBusy } from './priority-busy.js';
import { priorityStarvation } from './priority-starvation.js';
import { priorityBig } from './priority-big.js';
import { priorityIdle } from './priority-idle.js';
import { priorityMemory } from './priority-memory.js';
import { priorityPolicies } from './priority-policies.js';
import { priorityVectors } from './priority-vectors.js';
import { priorityFaults } from './priority-faults.js';
import { priorityShares } from './priority-shares.js';
import { priorityWait } from './priority-wait.js';
import { produce, produce1k } from './produce.js';
import { sequential } from './sequential.js';
import { skew } from './skew.js';

/** By name, in the order `all` runs them. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  produce,
  'produce-1k': produce1k,
  sequential,
  consume,
  parallel,
  latency,
  busy,
  idle,
  memory,
  partitions,
  skew,
  embedded,
  'priority-cost': priorityCost,
  'priority-wait': priorityWait,
  'priority-shares': priorityShares,
  'priority-slots': prioritySlots,
  'priority-busy': priorityBusy,
  'priority-starvation': priorityStarvation,
  'priority-faults': priorityFaults,
  'priority-big': priorityBig,
  'priority-idle': priorityIdle,
  'priority-memory': priorityMemory,
  'priority-policies': priorityPolicies,
  'priority-vectors': priorityVectors,
};
