import { cpus, totalmem } from 'node:os';
import type { Contest, Figures, Gate } from './scenario.js';
import { median, rounded } from './statistics.js';

/** The figures of all turns, by who took part. */
export type Turns = Readonly<Record<string, readonly Figures[]>>;

export interface Summary {
  readonly medians: Readonly<Record<string, Figures>>;
  /** Of the figures compared: hearken / peer, by peer. */
  readonly ratios: Readonly<Record<string, Figures>>;
  readonly gates: readonly Verdict[];
  /** True without a gate. */
  readonly pass: boolean;
}

/** A gate, and what was reached. */
export interface Verdict extends Gate {
  readonly reached: number;
  readonly pass: boolean;
}

/** The medians of every side's turns, how Hearken's compare, and which gates are passed. */
export function summarise({ peers, compared, gates }: Contest, turns: Turns): Summary {
  const medians = mediansOf(turns);
  const ratios = Object.fromEntries(
    Object.keys(peers)
      .filter((peer) => peer in medians) // one that cannot be run here has none
      .map((peer) => [peer, ratiosOf(medians.hearken, medians[peer], compared)]),
  );
  const isMissing = (peer = ''): boolean => peer in peers && !(peer in medians);
  const verdicts = gates.filter(({ against }) => !isMissing(against)).map((gate) => verdictOn(gate, medians));
  return { medians, ratios, gates: verdicts, pass: verdicts.every(({ pass }) => pass) };
}

/** Two commits of ours. */
export interface Comparison {
  readonly medians: Readonly<Record<'new' | 'old', Figures>>;
  /** new / old, of every figure. */
  readonly ratios: Figures;
}

export function compare(turns: Readonly<Record<'new' | 'old', readonly Figures[]>>): Comparison {
  const medians = mediansOf(turns);
  return { medians, ratios: ratiosOf(medians.new, medians.old, Object.keys(medians.new)) };
}

const mediansOf = <Name extends string>(
  turns: Readonly<Record<Name, readonly Figures[]>>,
): Readonly<Record<Name, Figures>> =>
  Object.fromEntries(
    Object.entries<readonly Figures[]>(turns).map(([name, figures]) => [name, medianOf(figures)]),
  ) as Record<Name, Figures>;

const medianOf = (turns: readonly Figures[]): Figures =>
  Object.fromEntries(Object.keys(turns[0] ?? {}).map((name) => [name, median(turns.map((turn) => turn[name] ?? NaN))]));

const ratiosOf = (ours: Figures = {}, theirs: Figures = {}, names: readonly string[]): Figures =>
  Object.fromEntries(names.map((name) => [name, (ours[name] ?? NaN) / (theirs[name] ?? NaN)]));

function verdictOn(gate: Gate, medians: Readonly<Record<string, Figures>>): Verdict {
  const { figure, against, atLeast = -Infinity, atMost = Infinity } = gate;
  const ours = medians.hearken?.[figure] ?? NaN;
  const reached = against === undefined ? ours : ours / (medians[against]?.[figure] ?? NaN);
  return { ...gate, reached, pass: reached >= atLeast && reached <= atMost };
}

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
