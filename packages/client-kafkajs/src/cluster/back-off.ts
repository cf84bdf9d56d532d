/**
 * How long to wait before attempt `failures` + 1: doubling from 50 ms to at most 1 s, give or take a fifth, so that clients
 * that lost the same broker do not come back in step.
 * @param failures how many attempts failed in a row, from 1
 * @param random a number in [0, 1)
 */
export function backOffMs(failures: number, random: number): number {
  const even = Math.min(FIRST_MS * 2 ** (failures - 1), LARGEST_MS);
  return Math.round(even * (1 - JITTER + 2 * JITTER * random));
}

const FIRST_MS = 50;
const LARGEST_MS = 1_000;
const JITTER = 0.2;
