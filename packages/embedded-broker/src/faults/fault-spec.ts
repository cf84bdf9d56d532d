import type { FaultEffect } from './fault-effect.js';
import type { RequestMatch } from './request-match.js';
import type { TriggerSpec } from './trigger.js';

/** A rule as the broker holds it: checked, and plain data but for `respond`. */
export interface FaultSpec {
  readonly match: RequestMatch;
  readonly trigger: TriggerSpec;
  readonly effect: FaultEffect;
}
