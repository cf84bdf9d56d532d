/** Below as many nothing is said: what the compiler and the heap need at first is most of it. */
const LEAST_SAMPLES = 20;
const MAY_GROW = 0.1;

/** How memory went over a run. */
export interface MemoryTrend {
  /** Medians: of the samples after the first quarter, which is for warming up, the first and the last third. */
  readonly earlyMib: number;
  readonly lateMib: number;
  /** Undefined for too few samples. */
  readonly isFlat: boolean | undefined;
}

export function memoryTrend(samplesMib: readonly number[]): MemoryTrend {
  const warm = samplesMib.slice(Math.floor(samplesMib.length / 4));
  const third = Math.max(1, Math.floor(warm.length / 3));
  const [earlyMib, lateMib] = [median(warm.slice(0, third)), median(warm.slice(-third))];
  const isFlat = samplesMib.length < LEAST_SAMPLES ? undefined : lateMib <= earlyMib * (1 + MAY_GROW);
  return { earlyMib, lateMib, isFlat };
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? NaN;
