import { cpus, totalmem } from 'node:os';
import type { Contest, Figures, Gate, Side } from './scenario.js';
import { median, rounded } from './statistics.js';

/** The medians of both sides' turns, how they compare, and whether the gate is passed. */
export interface Summary {
  readonly medians: Readonly<Record<Side, Figures>>;
  /** hearken / kafkajs of the figure compared. */
  readonly ratio: number;
  readonly gate: Gate | null;
  /** True without a gate. */
  readonly pass: boolean;
}

export function summarise(contest: Contest, turns: Readonly<Record<Side, readonly Figures[]>>): Summary {
  const medians = { hearken: mediansOf(turns.hearken), kafkajs: mediansOf(turns.kafkajs) };
  const ratio = (medians.hearken[contest.compared] ?? NaN) / (medians.kafkajs[contest.compared] ?? NaN);
  const { gate } = contest;
  const reached = gate === undefined ? NaN : { ...medians.hearken, ratio }[gate.figure];
  const pass = gate === undefined || (reached ?? NaN) >= gate.atLeast;
  return { medians, ratio, gate: gate ?? null, pass };
}

const mediansOf = (turns: readonly Figures[]): Figures =>
  Object.fromEntries(Object.keys(turns[0] ?? {}).map((name) => [name, median(turns.map((turn) => turn[name] ?? NaN))]));

/** One line of JSON on stdout, numbers rounded. */
export const printLine = (line: object): void => {
  process.stdout.write(
    `${JSON.stringify(line, (_, value: unknown) => (typeof value === 'number' ? rounded(value) : value))}\n`,
  );
};

/** Figures mean nothing without what they were measured on. */
export const machine = (): object => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGib: totalmem() / 2 ** 30,
  platform: `${process.platform} ${process.arch}`,
  node: process.version,
});
