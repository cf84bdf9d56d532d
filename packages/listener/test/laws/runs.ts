const { HEARKEN_RUNS, HEARKEN_SEED, HEARKEN_PATH } = process.env;

/** How often a law is tried, and with what: HEARKEN_SEED and HEARKEN_PATH take what the report of a failure says. */
export interface Runs {
  readonly numRuns: number;
  readonly seed?: number;
  readonly path?: string;
}

/** @param usual how often `npm test` tries it; HEARKEN_RUNS says otherwise */
export const runs = (usual: number): Runs => ({
  numRuns: Number(HEARKEN_RUNS ?? usual),
  ...(HEARKEN_SEED === undefined ? {} : { seed: Number(HEARKEN_SEED) }),
  ...(HEARKEN_PATH === undefined ? {} : { path: HEARKEN_PATH }),
});
