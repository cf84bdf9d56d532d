import type { Clock } from '@hearken/core';
import { deferred } from '@hearken/core/internal';

/** One thing to do when an application starts or stops. */
export interface Step {
  /** As the report names it: `listeners, phase 0`. */
  readonly name: string;
  /** How long it may take, in milliseconds; then it is left behind. */
  readonly timeoutMs: number;
  /** @param signal aborts when it is left behind: what it would still do is of no use */
  readonly run: (signal: AbortSignal) => Promise<unknown>;
}

/** How a step went. */
export interface StepReport {
  readonly step: string;
  readonly timeoutMs: number;
  readonly tookMs: number;
  /** `'timed-out'`: it was left behind, and may still be at work. */
  readonly outcome: 'done' | 'failed' | 'timed-out';
  /** What it failed with. */
  readonly error?: unknown;
}

export interface StepRunner {
  readonly clock: Clock;
  /** A failed step is the last. @default false: what comes after has to be done all the same, as when an application stops */
  readonly untilFailure?: boolean;
  /** Told of each as it ends. */
  readonly onReport?: (report: StepReport) => void;
}

/** Runs steps one after the other, each for its time at most. Never rejects. */
export async function runSteps(
  steps: readonly Step[],
  { clock, untilFailure = false, onReport }: StepRunner,
): Promise<readonly StepReport[]> {
  const reports: StepReport[] = [];
  for (const step of steps) {
    const report = await runStep(step, clock);
    reports.push(report);
    onReport?.(report);
    if (untilFailure && report.outcome !== 'done') break;
  }
  return reports;
}

async function runStep({ name, timeoutMs, run }: Step, clock: Clock): Promise<StepReport> {
  const startedAt = clock.monotonic();
  const late = new AbortController();
  const end = deferred<Pick<StepReport, 'outcome' | 'error'>>();
  const timer = clock.setTimer(() => {
    end.resolve({ outcome: 'timed-out' });
    late.abort(new Error(`${name} took longer than ${timeoutMs} ms`));
  }, timeoutMs);
  // An async function, so that what throws at once is a failed step too. What ends late has been told as such.
  void (async () => run(late.signal))().then(
    () => end.resolve({ outcome: 'done' }),
    (error: unknown) => end.resolve({ outcome: 'failed', error }),
  );
  const ended = await end.promise;
  timer.clear();
  return { step: name, timeoutMs, tookMs: Math.round(clock.monotonic() - startedAt), ...ended };
}
