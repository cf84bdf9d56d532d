import { spawnSync } from 'node:child_process';

/** Whether a program is installed and, called so, ends well. */
export const runs = (program: string, args: readonly string[]): boolean => spawnSync(program, args).status === 0;

/**
 * A suite that needs what not every machine has. Without it its tests count as skipped, unless HEARKEN_REQUIRE_KAFKA is 1:
 * then they run, and fail.
 */
export function describeWhere(available: boolean, title: string, suite: (this: Mocha.Suite) => void): void {
  (available || process.env.HEARKEN_REQUIRE_KAFKA === '1' ? describe : describe.skip)(title, suite);
}
