import { systemClock, type Clock } from '@hearken/core';
import { durationMs, OptionsCheck } from '@hearken/core/internal';

/** How long a test waits. */
export interface WaitOptions {
  /**
   * In milliseconds, from 1. Keep it below the test runner's own limit (mocha's is 2 000 unless told otherwise): the
   * runner's error does not say what came.
   * @default 5000
   */
  readonly timeoutMs?: number;
  /** @default the system's */
  readonly clock?: Clock;
}

/** @throws KafkaConfigError */
export function resolveWait(call: string, { timeoutMs, clock = systemClock }: WaitOptions): Required<WaitOptions> {
  const check = new OptionsCheck(call);
  const resolved = check.resolve({ timeoutMs }, { timeoutMs: durationMs(5_000, { min: 1 }) });
  check.throwIfAny();
  return { ...resolved, clock };
}
