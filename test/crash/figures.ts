import type { CrashReport } from './crash-run.js';
import type { RoundKind } from './rounds.js';

/** A run in a few lines: what happened, and what came of it. */
export function figuresOf(happened: readonly RoundKind[], reports: readonly CrashReport[]): string[] {
  const total = (of: (report: CrashReport) => number): number => reports.reduce((sum, report) => sum + of(report), 0);
  const kinds = [...new Set(happened)].map((kind) => `${happened.filter((each) => each === kind).length} ${kind}`);
  const kills = reports.flatMap((report) => report.kills);
  return [
    `${happened.length} rounds: ${kinds.join(', ')}`,
    `${total(({ records }) => records)} records, ${total(({ duplicates }) => duplicates)} ended more than once, ` +
      `${total(({ strays }) => strays)} started by who had lost them`,
    `${total(({ drainedStops }) => drainedStops)} stops drained, ${total(({ tightStops }) => tightStops)} of them held to none twice; ` +
      `${total(({ spared }) => spared)} records spared, as commits told that they had ended`,
    `per kill: ${spread(kills.map(({ replays }) => replays))} came again, ` +
      `of ${spread(kills.map(({ bound }) => bound))} that had ended and were not committed`,
    `${total(({ promptKills }) => promptKills)} of ${kills.length} kills held to what was to be committed by then`,
    `${total(({ violations }) => violations.length)} violations`,
  ];
}

const spread = (numbers: readonly number[]): string => {
  const mean = numbers.reduce((sum, each) => sum + each, 0) / Math.max(1, numbers.length);
  return `${mean.toFixed(1)} (at most ${Math.max(0, ...numbers)})`;
};
