import type { Scenario } from '../scenario.js';
import { consume } from './consume.js';
import { latency } from './latency.js';
import { parallel } from './parallel.js';
import { produce } from './produce.js';

/** By name, in the order `all` runs them. */
export const scenarios: Readonly<Record<string, Scenario>> = { produce, consume, parallel, latency };
