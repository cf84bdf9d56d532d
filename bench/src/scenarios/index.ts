import type { Scenario } from '../scenario.js';
import { consume } from './consume.js';
import { latency } from './latency.js';
import { parallel } from './parallel.js';
import { produce, produce1k } from './produce.js';
import { sequential } from './sequential.js';

/** By name, in the order `all` runs them. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  produce,
  'produce-1k': produce1k,
  sequential,
  consume,
  parallel,
  latency,
};
